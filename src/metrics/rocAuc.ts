import type { Samples } from "./samples.ts";

/**
 * The area under the receiver operating characteristic; with several classes the mean of one against the rest, with a label for each
 * output the mean over outputs. NaN where a class has no row or every row, of which scikit-learn throws, and where a prediction is NaN.
 */
export function rocAuc(samples: Samples): number {
  const { expected, each, rows, outputs } = samples;
  let sum = 0;
  for (let j = 0; j < outputs; j++) {
    const scores = Float64Array.from({ length: rows }, (_, row) => samples.prediction(row, j));
    sum += area(
      scores,
      (row) => (each ? expected[row * outputs + j] === 1 : expected[row] === j),
      (row) => samples.weight(row),
    );
  }
  return sum / outputs;
}

/**
 * The part of the pairs (positive row, negative row) in which the positive row has the higher score, ties counted half: the statistic U of
 * Mann & Whitney over its largest value (Hanley & McNeil, "The meaning and use of the area under a ROC curve", 1982). A pair weighs the
 * product of its rows' weights.
 */
function area(scores: Float64Array, isPositive: (row: number) => boolean, weight: (row: number) => number): number {
  if (scores.some(Number.isNaN)) return Number.NaN;
  // Sorting is stable by the standard, so rows of the same score stay in order, and so does the sum.
  const order = Uint32Array.from(scores, (_, row) => row).sort((a, b) =>
    scores[a]! < scores[b]! ? -1 : Number(scores[a]! > scores[b]!),
  );
  let pairs = 0;
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let positive = 0;
    let negative = 0;
    for (; i < order.length && scores[order[i]!] === score; i++) {
      if (isPositive(order[i]!)) positive += weight(order[i]!);
      else negative += weight(order[i]!);
    }
    pairs += positive * (negatives + negative / 2);
    positives += positive;
    negatives += negative;
  }
  return pairs / (positives * negatives);
}
