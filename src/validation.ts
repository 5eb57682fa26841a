import type { Rows, Targets } from "./data.ts";
import type { CoreModule } from "./module.ts";
import { words } from "./random.ts";
import type { Scaler } from "./scalers.ts";

/** Rows of features and as many targets. */
export interface Samples {
  readonly x: Rows;
  readonly y: Targets;
  /** One of each sample, where they have any. */
  readonly weights?: Float64Array | undefined;
  /** What y was scaled by. */
  readonly scaler?: Scaler | undefined;
}

/** The pass of a shuffle that no epoch comes to: it tells the split apart. */
const SPLIT = 2 ** 32 - 1;

/** Rows that a part of all rows comes to: ⌊rows · part⌋, at least 1. */
export const splitCount = (rows: number, part: number) => Math.max(1, Math.floor(rows * part));

/**
 * The rows that train and the `count` that validate, which a shuffle from the seed draws. Both keep the order in which they stood.
 */
export function split(
  rows: number,
  count: number,
  seed: number,
  module: CoreModule,
): { training: Uint32Array; validation: Uint32Array } {
  const scratch = Math.ceil((module.heapBase + 4 * rows) / 16) * 16;
  const { core, buffer } = module.instantiate(scratch + 64);
  core.shuffle(module.heapBase, rows, ...words(seed), 0, SPLIT, scratch);
  const order = new Uint32Array(buffer, module.heapBase, rows);
  return { training: order.slice(count).sort(), validation: order.slice(0, count).sort() };
}

/** The samples at the given places. */
export function take({ x, y, weights, scaler }: Samples, places: ArrayLike<number>): Samples {
  return {
    scaler,
    x: { ...x, data: gathered(x.data, places, x.width), rows: places.length },
    y: { ...y, data: gathered(y.data, places, y.data.length / x.rows) } as Targets,
    weights: weights && Float64Array.from(places, (place) => weights[place]!),
  };
}

function gathered<A extends Rows["data"] | Targets["data"]>(data: A, places: ArrayLike<number>, width: number): A {
  const taken = new (data.constructor as new (length: number) => A)(places.length * width);
  gather(taken, data, places, width);
  return taken;
}

/** Below so many numbers a row is copied one by one: views of so short a row cost more. */
const NARROW = 24;

/** out ← the rows of `data` at the given places, one after the other. */
export function gather<A extends Rows["data"] | Targets["data"]>(
  out: A,
  data: A,
  places: ArrayLike<number>,
  width: number,
): void {
  for (let i = 0, to = 0; i < places.length; i++, to += width) {
    const from = places[i]! * width;
    if (width >= NARROW) out.set(data.subarray(from, from + width), to);
    else for (let j = 0; j < width; j++) out[to + j] = data[from + j]!;
  }
}
