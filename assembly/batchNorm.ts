import { addGradients, inverseOf, normalize, normalized, scaleOf } from "./batchNorm/rows";
import { add, chunkOf, clear, clearPadding, quotient } from "./columns";
import { Gradient } from "./opcodes";

// Batch normalization (Ioffe & Szegedy 2015) of the columns of X: A = γ ⊙ X̂ + β, X̂ = (X − mean) ⊙ inverse,
// inverse = 1 / √(variance + ε). In training mean and variance are those of the batch's N rows, in prediction running ones.
// Matrices are [rows · repeat][columns], `stride` bytes from row to row, γ, β and statistics [columns]; `repeat` is 1, or the
// positions of an image, each of which counts as a row. The padding of γ, β and of running statistics is 0, that of X and A
// holds no meaning.

@unmanaged
class BatchNormForwardRecord {
  a: usize;
  x: usize;
  gamma: usize;
  beta: usize;
  /** Written for the backward and the commit: the batch's mean, biased variance and 1 / √(variance + ε), padding of the first two 0. */
  mean: usize;
  variance: usize;
  inverse: usize;
  columns: i32;
  repeat: i32;
  stride: usize;
  epsilon: f64;
}

/** A ← γ ⊙ X̂ + β, variance = 1/N Σ (x − mean)² by a second pass; sums in the order of `columns.ts`. `a` may be `x`. */
export function batchNormForward<T>(args: usize, rows: i32): void {
  const r = changetype<BatchNormForwardRecord>(args);
  const count = rows * r.repeat;
  const s = r.stride;
  // `inverse` has room for the sums of the chunks until it is written itself.
  const chunk = chunkOf(r.repeat);
  average<T>(r.mean, r.inverse, r.x, 0, count, chunk, s);
  clearPadding<T>(r.mean, r.columns);
  average<T>(r.variance, r.inverse, r.x, r.mean, count, chunk, s);
  clearPadding<T>(r.variance, r.columns);
  inverseOf<T>(r.inverse, r.variance, r.epsilon, s);
  normalize<T>(r.a, r.x, r.mean, r.inverse, r.gamma, r.beta, count, s);
}

/** out ← 1/N Σ x over the rows, or 1/N Σ (x − mean)² where a mean is given, `most` rows a chunk. `chunk`: room for a row. */
function average<T>(out: usize, chunk: usize, x: usize, mean: usize, count: i32, most: i32, stride: usize): void {
  clear(out, stride);
  for (let first = 0; first < count; first += most) {
    clear(chunk, stride);
    for (let i = first; i < min(first + most, count); i++) {
      if (mean) addSquares<T>(chunk, x, mean, stride);
      else add<T>(chunk, x, stride);
      x += stride;
    }
    add<T>(out, chunk, stride);
  }
  quotient<T>(out, out, count, stride);
}

/** sum ← sum + (x − mean)². */
function addSquares<T>(sum: usize, x: usize, mean: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const d = v128.sub<T>(v128.load(x + at), v128.load(mean + at));
    v128.store(sum + at, v128.add<T>(v128.load(sum + at), v128.mul<T>(d, d)));
  }
}

@unmanaged
class BatchNormBackwardRecord {
  /** D_X, or 0 where it is not wanted. */
  dx: usize;
  da: usize;
  x: usize;
  gamma: usize;
  /** As the forward left them. */
  mean: usize;
  inverse: usize;
  dgamma: usize;
  dbeta: usize;
  columns: i32;
  repeat: i32;
  stride: usize;
  /** Store or Accumulate. */
  gradient: Gradient;
  /** Room for four rows. */
  workspace: usize;
}

/**
 * D_γ ← Σ D_A ⊙ X̂, D_β ← Σ D_A, or both added to what is there;
 * D_X ← γ ⊙ inverse ⊙ (D_A − 1/N Σ D_A − X̂ ⊙ 1/N Σ D_A ⊙ X̂), padding 0. `dx` may be `da` or `x`.
 */
export function batchNormBackward<T>(args: usize, rows: i32): void {
  const r = changetype<BatchNormBackwardRecord>(args);
  const count = rows * r.repeat;
  const s = r.stride;
  const products = r.workspace, sums = products + s, chunk = sums + s;
  clear(products, 2 * s);
  addGradients<T>(products, sums, chunk, r.da, r.x, r.mean, r.inverse, r.columns, count, chunkOf(r.repeat), s);
  if (r.gradient == Gradient.Store) {
    clear(r.dgamma, s);
    clear(r.dbeta, s);
  }
  add<T>(r.dgamma, products, s);
  add<T>(r.dbeta, sums, s);
  if (r.dx == 0) return;
  quotient<T>(products, products, count, s);
  quotient<T>(sums, sums, count, s);
  const scale = chunk;
  scaleOf<T>(scale, r.gamma, r.inverse, s);
  let dx = r.dx, da = r.da, x = r.x;
  for (let i = 0; i < count; i++) {
    for (let at: usize = 0; at < s; at += 16) {
      const common = v128.mul<T>(normalized<T>(x, r.mean, r.inverse, at), v128.load(products + at));
      const d = v128.sub<T>(v128.sub<T>(v128.load(da + at), v128.load(sums + at)), common);
      v128.store(dx + at, v128.mul<T>(v128.load(scale + at), d));
    }
    clearPadding<T>(dx, r.columns);
    dx += s;
    da += s;
    x += s;
  }
}
