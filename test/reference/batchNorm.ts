// Batch normalization, plainly: each operation rounded to the precision, in the order of the kernels. Row-major matrices without padding.
import type { Numbers, Precision } from "./precision.ts";

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export interface Parameters {
  readonly gamma: Numbers;
  readonly beta: Numbers;
}

/** Of each column. */
export interface Statistics {
  readonly mean: Numbers;
  readonly variance: Numbers;
}

/** Rows whose sum is taken first. */
export const CHUNK = 64;

/** start + Σ of the terms: those of a chunk from 0 in index order, then the chunks' sums in index order. */
export function chunkSum({ round }: Precision, count: number, term: (i: number) => number, start = 0): number {
  let total = start;
  for (let first = 0; first < count; first += CHUNK) {
    let sum = 0;
    for (let i = first; i < Math.min(first + CHUNK, count); i++) sum = round(sum + term(i));
    total = round(total + sum);
  }
  return total;
}

/** 1/N Σ x and 1/N Σ (x − mean)². */
export function statistics(precision: Precision, x: Numbers, { rows, columns }: Size): Statistics {
  const { array, round } = precision;
  const mean = array(columns);
  const variance = array(columns);
  for (let j = 0; j < columns; j++) {
    mean[j] = chunkSum(precision, rows, (i) => x[i * columns + j]!) / rows;
    const square = (i: number) => round(x[i * columns + j]! - mean[j]!) ** 2;
    variance[j] = chunkSum(precision, rows, (i) => round(square(i))) / rows;
  }
  return { mean, variance };
}

/** 1 / √(variance + ε) */
export const inverse = ({ array, round }: Precision, { variance }: Statistics, epsilon: number): Numbers =>
  array(variance.map((v) => 1 / round(Math.sqrt(round(v + round(epsilon))))));

/** (x − mean)·inverse */
function normalized(precision: Precision, x: Numbers, s: Statistics, epsilon: number): Numbers {
  const { array, round } = precision;
  const inv = inverse(precision, s, epsilon);
  const n = inv.length;
  return array(x).map((value, i) => round(value - s.mean[i % n]!) * inv[i % n]!) as Numbers;
}

/** γ·x̂ + β with the given statistics. */
export function forward(
  precision: Precision,
  x: Numbers,
  { gamma, beta }: Parameters,
  s: Statistics,
  epsilon: number,
): Numbers {
  const n = gamma.length;
  return normalized(precision, x, s, epsilon).map(
    (value, i) => precision.round(gamma[i % n]! * value) + beta[i % n]!,
  ) as Numbers;
}

/** Σ da·x̂ and Σ da over the rows, from `start` on. */
export function parameterGradients(
  precision: Precision,
  da: Numbers,
  x: Numbers,
  s: Statistics,
  epsilon: number,
  { rows, columns }: Size,
  start: Parameters = { gamma: precision.array(columns), beta: precision.array(columns) },
): Parameters {
  const xHat = normalized(precision, x, s, epsilon);
  const product = (i: number) => precision.round(da[i]! * xHat[i]!);
  return {
    gamma: start.gamma.map((from, j) => chunkSum(precision, rows, (i) => product(i * columns + j), from)) as Numbers,
    beta: start.beta.map((from, j) => chunkSum(precision, rows, (i) => da[i * columns + j]!, from)) as Numbers,
  };
}

/** γ·inverse·(da − 1/N Σ da − x̂·1/N Σ da·x̂), the statistics those of x. */
export function inputGradient(
  precision: Precision,
  da: Numbers,
  x: Numbers,
  gamma: Numbers,
  s: Statistics,
  epsilon: number,
  size: Size,
): Numbers {
  const { round } = precision;
  const { rows, columns } = size;
  const xHat = normalized(precision, x, s, epsilon);
  const inv = inverse(precision, s, epsilon);
  const sums = parameterGradients(precision, da, x, s, epsilon, size);
  return da.map((d, i) => {
    const j = i % columns;
    const common = round(xHat[i]! * round(sums.gamma[j]! / rows));
    return round(gamma[j]! * inv[j]!) * round(round(d - round(sums.beta[j]! / rows)) - common);
  }) as Numbers;
}

/** γ·inverse·da: the statistics do not depend on x. */
export function appliedInputGradient(
  precision: Precision,
  da: Numbers,
  gamma: Numbers,
  s: Statistics,
  epsilon: number,
): Numbers {
  const inv = inverse(precision, s, epsilon);
  const n = gamma.length;
  return da.map((d, i) => precision.round(gamma[i % n]! * inv[i % n]!) * d) as Numbers;
}
