// Layer normalization, plainly: each operation rounded to the precision, in the order of the kernels. Row-major matrices without padding.
import { chunkSum, type Parameters, type Size } from "./batchNorm.ts";
import type { Numbers, Precision } from "./precision.ts";

/** Of each row. */
export interface Statistics {
  readonly mean: Numbers;
  readonly inverse: Numbers;
}

/** 1/n Σ of n terms: 2 · lanes partial sums of the terms 2 · lanes apart, in halves from then on. */
function average({ round, array, lanes }: Precision, n: number, term: (j: number) => number): number {
  const sums = array(2 * lanes);
  for (let j = 0; j < n; j++) sums[j % sums.length]! += term(j);
  for (let half = lanes; half >= 1; half /= 2) for (let p = 0; p < half; p++) sums[p]! += sums[p + half]!;
  return round(sums[0]! / n);
}

/** 1/n Σ x and 1 / √(1/n Σ (x − mean)² + ε) */
export function statistics(precision: Precision, x: Numbers, { rows, columns }: Size, epsilon: number): Statistics {
  const { array, round } = precision;
  const [mean, inverse] = [array(rows), array(rows)];
  for (let i = 0; i < rows; i++) {
    const row = x.subarray(i * columns, (i + 1) * columns);
    const m = average(precision, columns, (j) => row[j]!);
    const variance = average(precision, columns, (j) => round(round(row[j]! - m) ** 2));
    mean[i] = m;
    inverse[i] = 1 / round(Math.sqrt(round(variance + round(epsilon))));
  }
  return { mean, inverse };
}

/** (x − mean)·inverse */
function normalized({ array, round }: Precision, x: Numbers, { mean, inverse }: Statistics): Numbers {
  const n = x.length / mean.length;
  const row = (i: number) => Math.floor(i / n);
  return array(x).map((value, i) => round(value - mean[row(i)]!) * inverse[row(i)]!) as Numbers;
}

/** γ·x̂ + β */
export function forward(precision: Precision, x: Numbers, { gamma, beta }: Parameters, s: Statistics): Numbers {
  const n = gamma.length;
  return normalized(precision, x, s).map(
    (value, i) => precision.round(gamma[i % n]! * value) + beta[i % n]!,
  ) as Numbers;
}

/** Σ da·x̂ and Σ da over the rows, from `start` on. */
export function parameterGradients(
  precision: Precision,
  da: Numbers,
  x: Numbers,
  s: Statistics,
  { rows, columns }: Size,
  start: Parameters = { gamma: precision.array(columns), beta: precision.array(columns) },
): Parameters {
  const xHat = normalized(precision, x, s);
  const product = (i: number) => precision.round(da[i]! * xHat[i]!);
  return {
    gamma: start.gamma.map((from, j) => chunkSum(precision, rows, (i) => product(i * columns + j), from)) as Numbers,
    beta: start.beta.map((from, j) => chunkSum(precision, rows, (i) => da[i * columns + j]!, from)) as Numbers,
  };
}

/** inverse·(g − 1/n Σ g − x̂·1/n Σ g·x̂), g = γ·da. */
export function inputGradient(
  precision: Precision,
  da: Numbers,
  x: Numbers,
  gamma: Numbers,
  s: Statistics,
  { rows, columns }: Size,
): Numbers {
  const { array, round } = precision;
  const xHat = normalized(precision, x, s);
  const g = array(da).map((d, i) => gamma[i % columns]! * d) as Numbers;
  const dx = array(g.length);
  for (let i = 0; i < rows; i++) {
    const at = i * columns;
    const delta = average(precision, columns, (j) => g[at + j]!);
    const product = average(precision, columns, (j) => round(g[at + j]! * xHat[at + j]!));
    for (let k = at; k < at + columns; k++) {
      dx[k] = s.inverse[i]! * round(round(g[k]! - delta) - round(xHat[k]! * product));
    }
  }
  return dx;
}
