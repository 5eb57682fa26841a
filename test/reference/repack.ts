// Rows from one spacing to another, plainly. Everything is counted in numbers.

/** Where the samples and their rows stand. */
export interface Spacing {
  readonly row: number;
  readonly sample: number;
}

/** [samples][count][width] at their new places, 0 everywhere else. */
export function repack(
  from: ArrayLike<number>,
  samples: number,
  count: number,
  width: number,
  before: Spacing,
  after: Spacing,
): number[] {
  const out = new Array<number>(samples * after.sample).fill(0);
  for (let n = 0; n < samples; n++) {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < width; j++) {
        out[n * after.sample + i * after.row + j] = from[n * before.sample + i * before.row + j]!;
      }
    }
  }
  return out;
}
