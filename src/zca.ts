import { EigenvalueDecomposition } from "ml-matrix";
import { firstNonFinite, floats, type NumbersOf, type Precision, type Rows, toRows } from "./data.ts";
import { checkKnown, nonNegativeNumber, oneOf, positiveInteger } from "./options.ts";
import type { Features } from "./results.ts";

// ZCA whitening (Bell & Sejnowski, The "independent components" of natural scenes are edge filters, Vision Research 37, 1997), scaled and
// floored as in MatConvNet's examples/cifar/cnn_cifar.m. Departures: rows are centred (there only each image's own mean is taken off), and
// the covariance is divided by the rows that it is summed over (there by all rows, those for the test included). An entry of its own, not
// part of the core.

/** Options of `zca`. */
export interface ZcaOptions<P extends Precision = Precision> {
  /** Numbers of a row, a positive integer. */
  readonly width: number;
  /**
   * The least deviation, from 0 and in the units of x, that a direction is divided by, so that those that hardly vary do not become noise;
   * default 10, MatConvNet's for pixels from 0 to 255 with normalised contrast.
   */
  readonly floor?: number | undefined;
  /** Of what `apply` returns; default "f32". */
  readonly precision?: P | undefined;
}

/** A fitted whitening. */
export interface Zca<P extends Precision = Precision> {
  /** Of each column. */
  readonly mean: Float64Array;
  /** W, symmetric, row-major [width × width]. */
  readonly matrix: Float64Array;
  /** (x − mean)·W, row by row, computed in f64. @throws TypeError, RangeError for bad input */
  apply(x: Features): NumbersOf<P>;
}

/** Rows that are worked on at a time, so that a matrix is read once for all of them. */
const CHUNK = 4;

/**
 * Fits a whitening to rows: W = V·diag(s/max(√λ, floor))·Vᵀ, where λ and the columns of V are the eigenvalues and eigenvectors of the rows'
 * covariance, and s = √(mean of λ) keeps the size of the numbers about as it was. With a floor of 0 the covariance of the result is s²·I.
 * 3,072 columns take minutes, and block the event loop.
 * @param x rows of features, as `fit` takes them
 * @throws TypeError, RangeError for bad input, for a floor above all deviations, and for a floor of 0 where the rows do not vary in all
 * directions
 * @example
 * const white = zca(x, { width: 3072 });
 * await net.fit(white.apply(x), y, options);
 * // A network that whitens, in WebAssembly, and saves it:
 * const whitening = await Network.create({ inputs: 3072, layers: [dense(3072)], loss: "meanSquaredError" });
 * whitening.setParameters([{ weights: white.matrix, biases: white.apply(new Float64Array(3072)) }]);
 */
export function zca<P extends Precision = "f32">(x: Features, options: ZcaOptions<P>): Zca<P> {
  checkKnown("zca", options, ["width", "floor", "precision"]);
  const width = positiveInteger("zca", "width", options.width);
  const floor = nonNegativeNumber("zca", "floor", options.floor ?? 10);
  const precision = oneOf("zca", "precision", options.precision ?? "f32", ["f32", "f64"]) as P;
  const rows = toRows("zca", x, width, "f64");
  const mean = meanOf(rows);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance(rows, mean), {
    assumeSymmetric: true,
  });
  const factors = factorsOf(realEigenvalues, floor);
  const vectors = Array.from({ length: width }, (_, i) => Float64Array.from(eigenvectorMatrix.getRow(i)));
  const matrix = product(vectors, factors);
  return {
    mean,
    matrix,
    apply: (given) => whiten(toRows("apply", given, width, "f64"), mean, matrix, precision),
  };
}

/** The mean of each column, summed in the order of the rows. @throws RangeError where that overflows */
function meanOf({ data, rows, width }: Rows): Float64Array {
  const mean = new Float64Array(width);
  for (let start = 0; start < data.length; start += width) {
    for (let j = 0; j < width; j++) mean[j]! += data[start + j]!;
  }
  for (let j = 0; j < width; j++) mean[j]! /= rows;
  const j = firstNonFinite(mean);
  if (j === width) return mean;
  throw new RangeError(`zca: x column ${j} is too large: its mean is ${mean[j]}, expected a finite number`);
}

/** Rows `first` … less the mean, as many as a chunk has; zeros behind the last. */
function chunk({ data, rows, width }: Rows, mean: Float64Array, first: number): Float64Array[] {
  return Array.from({ length: CHUNK }, (_, r) => {
    const start = (first + r) * width;
    return first + r < rows ? mean.map((m, j) => data[start + j]! - m) : new Float64Array(width);
  });
}

/** Σ(x − mean)ᵀ(x − mean)/rows, by rows. @throws RangeError where a product overflows */
function covariance(x: Rows, mean: Float64Array): Float64Array[] {
  const { rows, width } = x;
  const c = Array.from({ length: width }, () => new Float64Array(width));
  for (let first = 0; first < rows; first += CHUNK) {
    const [p, q, r, s] = chunk(x, mean, first) as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let i = 0; i < width; i++) addProducts(c[i]!, i, p, q, r, s, [p[i]!, q[i]!, r[i]!, s[i]!]);
  }
  for (let i = 0; i < width; i++) {
    for (let j = i; j < width; j++) {
      const value = c[i]![j]! / rows;
      if (!Number.isFinite(value)) {
        throw new RangeError(`zca: x columns ${i} and ${j} are too large: their covariance is ${value}`);
      }
      c[i]![j] = value;
      c[j]![i] = value;
    }
  }
  return c;
}

/** sum[j] += a·p[j] + b·q[j] + c·r[j] + d·s[j] from `first` on. */
function addProducts(
  sum: Float64Array,
  first: number,
  p: Float64Array,
  q: Float64Array,
  r: Float64Array,
  s: Float64Array,
  [a, b, c, d]: readonly [number, number, number, number],
): void {
  for (let j = first; j < sum.length; j++) sum[j]! += a * p[j]! + b * q[j]! + c * r[j]! + d * s[j]!;
}

/** s/max(√λ, floor) of each eigenvalue. */
function factorsOf(eigenvalues: readonly number[], floor: number): Float64Array {
  const width = eigenvalues.length;
  const most = Math.max(...eigenvalues);
  // λ is exact to about as much as this; what lies below may as well be 0.
  const rounding = width * 2 ** -52 * most;
  const rank = eigenvalues.filter((value) => value > rounding).length;
  if (floor === 0 && rank < width) {
    throw new RangeError(
      `zca: floor is 0, and x varies in ${rank} of ${width} directions, expected a positive floor, in the units of x`,
    );
  }
  if (!(Math.sqrt(most) >= floor)) {
    throw new RangeError(
      `zca: floor is ${floor}, and x deviates by at most ${Math.sqrt(Math.max(most, 0))} in any direction, expected a smaller floor`,
    );
  }
  const s = Math.sqrt(eigenvalues.reduce((sum, value) => sum + value, 0) / width);
  return Float64Array.from(eigenvalues, (value) => s / Math.max(Math.sqrt(Math.max(value, 0)), floor));
}

/** V·diag(factors)·Vᵀ, row-major, from the rows of V. */
function product(vectors: readonly Float64Array[], factors: Float64Array): Float64Array {
  const width = factors.length;
  const matrix = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    const scaled = vectors[i]!.map((v, k) => v * factors[k]!);
    for (let j = i; j < width; j++) {
      const other = vectors[j]!;
      let sum = 0;
      for (let k = 0; k < width; k++) sum += scaled[k]! * other[k]!;
      matrix[i * width + j] = sum;
      matrix[j * width + i] = sum;
    }
  }
  return matrix;
}

/** (x − mean)·W; each sum in index order, so that a row has the same bits alone and among others. */
function whiten<P extends Precision>(x: Rows, mean: Float64Array, matrix: Float64Array, precision: P): NumbersOf<P> {
  const { data, rows, width } = x;
  const white = new (floats(precision))(data.length);
  for (let first = 0; first < rows; first += CHUNK) {
    const z = chunk(x, mean, first);
    const sums = z.map(() => new Float64Array(width));
    for (let k = 0; k < width; k++) addRow(sums, z, k, matrix.subarray(k * width, (k + 1) * width));
    for (let r = 0; r < Math.min(CHUNK, rows - first); r++) white.set(sums[r]!, (first + r) * width);
  }
  const i = firstNonFinite(white);
  if (i === white.length) return white as NumbersOf<P>;
  throw new RangeError(
    `apply: x row ${Math.floor(i / width)}, column ${i % width} is ${data[i]}, which becomes ${white[i]}, ` +
      `expected a number in the range of ${precision}`,
  );
}

/** sums[r][j] += z[r][k]·w[j] of all rows r. */
function addRow(sums: readonly Float64Array[], z: readonly Float64Array[], k: number, w: Float64Array): void {
  const [p, q, r, s] = sums as [Float64Array, Float64Array, Float64Array, Float64Array];
  const [a, b, c, d] = z.map((row) => row[k]!) as [number, number, number, number];
  for (let j = 0; j < w.length; j++) {
    p[j]! += a * w[j]!;
    q[j]! += b * w[j]!;
    r[j]! += c * w[j]!;
    s[j]! += d * w[j]!;
  }
}
