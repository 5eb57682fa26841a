import type { Samples } from "./samples.ts";

// Metrics of values ŷ and y: each the mean over outputs of what it is for one output, as in scikit-learn.

const overOutputs = (samples: Samples, of: (output: number) => number) => {
  let sum = 0;
  for (let j = 0; j < samples.outputs; j++) sum += of(j);
  return sum / samples.outputs;
};

const error = (samples: Samples, row: number, output: number) =>
  samples.prediction(row, output) - samples.target(row, output);

const meanSquare = (samples: Samples, of: (row: number) => number) =>
  samples.mean((row) => {
    const value = of(row);
    return value * value;
  });

/** Mean of |ŷ − y|. */
export const meanAbsoluteError = (samples: Samples) =>
  overOutputs(samples, (j) => samples.mean((row) => Math.abs(error(samples, row, j))));

/** √ of the mean of (ŷ − y)²; the root is taken for each output. */
export const rootMeanSquaredError = (samples: Samples) =>
  overOutputs(samples, (j) => Math.sqrt(meanSquare(samples, (row) => error(samples, row, j))));

/**
 * R² = 1 − Σ (ŷ − y)² / Σ (y − ȳ)². Of an output whose targets are all the same: 1 where the predictions are exact, else 0. NaN for
 * fewer than two rows, as in scikit-learn.
 */
export const r2 = (samples: Samples) => overOutputs(samples, (j) => (samples.rows < 2 ? Number.NaN : r2Of(samples, j)));

function r2Of(samples: Samples, j: number): number {
  // Taken from one of the targets, deviations of equal targets are exactly 0, which those from a rounded mean are not.
  let origin = 0;
  while (origin < samples.rows - 1 && samples.weight(origin) === 0) origin++;
  const deviation = (row: number) => samples.target(row, j) - samples.target(origin, j);
  const center = samples.mean(deviation);
  const spread = meanSquare(samples, (row) => deviation(row) - center);
  const residual = meanSquare(samples, (row) => error(samples, row, j));
  if (spread === 0 && residual >= 0) return Number(residual === 0);
  return 1 - residual / spread;
}
