import { chunkOf, clear } from "../columns";
import { Gradient } from "../opcodes";
import { addGradients, inverseOf, normalize, scaleOf } from "./rows";

@unmanaged
class BatchNormApplyRecord {
  a: usize;
  x: usize;
  gamma: usize;
  beta: usize;
  runningMean: usize;
  runningVariance: usize;
  repeat: i32;
  stride: usize;
  /** Room for one row. */
  workspace: usize;
  epsilon: f64;
}

/** A ← γ ⊙ X̂ + β with the running statistics. `a` may be `x`. */
export function batchNormApply<T>(args: usize, rows: i32): void {
  const r = changetype<BatchNormApplyRecord>(args);
  const inverse = r.workspace;
  inverseOf<T>(inverse, r.runningVariance, r.epsilon, r.stride);
  normalize<T>(r.a, r.x, r.runningMean, inverse, r.gamma, r.beta, rows * r.repeat, r.stride);
}

@unmanaged
class BatchNormApplyBackwardRecord {
  /** D_X, or 0 where it is not wanted. */
  dx: usize;
  da: usize;
  x: usize;
  gamma: usize;
  runningMean: usize;
  runningVariance: usize;
  dgamma: usize;
  dbeta: usize;
  columns: i32;
  repeat: i32;
  stride: usize;
  /** Store or Accumulate. */
  gradient: Gradient;
  /** Room for three rows. */
  workspace: usize;
  epsilon: f64;
}

/**
 * Of the layer with the running statistics, which is affine: D_γ ← Σ D_A ⊙ X̂, D_β ← Σ D_A, or both added to what is there, chunk by
 * chunk; D_X ← γ ⊙ inverse ⊙ D_A. `dx` may be `da` or `x`.
 */
export function batchNormApplyBackward<T>(args: usize, rows: i32): void {
  const r = changetype<BatchNormApplyBackwardRecord>(args);
  const count = rows * r.repeat;
  const s = r.stride;
  const inverse = r.workspace, chunk = inverse + s;
  inverseOf<T>(inverse, r.runningVariance, r.epsilon, s);
  if (r.gradient == Gradient.Store) {
    clear(r.dgamma, s);
    clear(r.dbeta, s);
  }
  const most = chunkOf(r.repeat);
  addGradients<T>(r.dgamma, r.dbeta, chunk, r.da, r.x, r.runningMean, inverse, r.columns, count, most, s);
  if (r.dx == 0) return;
  const scale = chunk;
  scaleOf<T>(scale, r.gamma, inverse, s);
  let dx = r.dx, da = r.da;
  for (let i = 0; i < count; i++) {
    for (let at: usize = 0; at < s; at += 16) {
      v128.store(dx + at, v128.mul<T>(v128.load(scale + at), v128.load(da + at)));
    }
    dx += s;
    da += s;
  }
}
