import type { Samples } from "./samples.ts";

/** The part of the rows whose label agrees; with a label for each output, all of them must. */
export function accuracy(samples: Samples): number {
  const { labels, expected } = samples;
  const width = samples.each ? samples.outputs : 1;
  return samples.mean((row) => {
    for (let i = row * width; i < (row + 1) * width; i++) if (labels[i] !== expected[i]) return 0;
    return 1;
  });
}

/**
 * The part of the rows whose class is among the k of the largest outputs. Of equal outputs the first counts as the larger, as in
 * `classify` (scikit-learn takes the last); NaN counts as larger than numbers, so that it is no hit.
 */
export function topAccuracy(samples: Samples, k: number): number {
  const { expected, outputs } = samples;
  return samples.mean((row) => {
    const label = expected[row]!;
    const own = samples.prediction(row, label);
    let ahead = 0;
    for (let j = 0; j < outputs; j++) {
      const other = samples.prediction(row, j);
      if (j !== label && !(own > other || (own === other && label < j))) ahead++;
    }
    return Number(ahead < k);
  });
}
