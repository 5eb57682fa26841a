import type { Samples } from "./samples.ts";

// Precision, recall and F1 of each class, and their means. A quotient by 0 is 0, as scikit-learn's zero_division = 0.

/** Of one class or one output: the weights of the rows that were given it, that have it, and both. */
interface Counts {
  predicted: number;
  support: number;
  both: number;
}

type Score = (counts: Counts) => number;

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

export const precision: Score = ({ both, predicted }) => ratio(both, predicted);
export const recall: Score = ({ both, support }) => ratio(both, support);
export const f1: Score = ({ both, predicted, support }) => ratio(2 * both, predicted + support);

/** Of each of m classes, from one label and one target of each row. */
export function countClasses(
  labels: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: number,
  weight: (row: number) => number,
): Counts[] {
  const counts = Array.from({ length: classes }, () => ({ predicted: 0, support: 0, both: 0 }));
  for (let row = 0; row < labels.length; row++) {
    const w = weight(row);
    const target = counts[targets[row]!]!;
    counts[labels[row]!]!.predicted += w;
    target.support += w;
    if (labels[row] === targets[row]) target.both += w;
  }
  return counts;
}

/** Of the class 1 of each output. */
function countOutputs({ labels, expected, rows, outputs }: Samples, weight: (row: number) => number): Counts[] {
  const counts = Array.from({ length: outputs }, () => ({ predicted: 0, support: 0, both: 0 }));
  for (let row = 0; row < rows; row++) {
    for (const [j, output] of counts.entries()) {
      const w = weight(row);
      const i = row * outputs + j;
      if (labels[i] === 1) output.predicted += w;
      if (expected[i] === 1) output.support += w;
      if (labels[i] === 1 && expected[i] === 1) output.both += w;
    }
  }
  return counts;
}

function count(samples: Samples): Counts[] {
  const weight = (row: number) => samples.weight(row);
  if (samples.each) return countOutputs(samples, weight);
  return countClasses(samples.labels, samples.expected, samples.outputs, weight);
}

/**
 * The mean over classes, without those that no row has and no row was given, as scikit-learn leaves them out; or over all outputs where
 * each has a label: of one output that is the score of its class 1. A class that only rows of weight 0 have counts as one that none has.
 */
export const macro = (score: Score) => (samples: Samples) => {
  const counts = count(samples).filter(({ predicted, support }) => samples.each || predicted + support > 0);
  return ratio(
    counts.reduce((sum, one) => sum + score(one), 0),
    counts.length,
  );
};

/** The score of the sums over classes or outputs; of one of m classes that is the accuracy. */
export const micro = (score: Score) => (samples: Samples) =>
  score(
    count(samples).reduce((sum, { predicted, support, both }) => ({
      predicted: sum.predicted + predicted,
      support: sum.support + support,
      both: sum.both + both,
    })),
  );

/** The mean over classes or outputs, weighted by how many rows have each. */
export const weighted = (score: Score) => (samples: Samples) => {
  const counts = count(samples);
  return ratio(
    counts.reduce((sum, one) => sum + one.support * score(one), 0),
    counts.reduce((sum, { support }) => sum + support, 0),
  );
};
