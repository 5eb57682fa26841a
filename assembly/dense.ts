import { activate, activateBackward } from "./activation/index";
import { Cursor } from "./cursor";
import { product, productTransposed, transposedProduct } from "./matmul";
import { rankOneDescent, rowProduct, rowTransposed } from "./matmul/row";
import { columnSums } from "./matmul/sums";
import { descend } from "./matmul/tile";
import { Activation, Gradient } from "./opcodes";

// The dense layer A = a(Z), Z = X·W + B: x [rows][inputs], w [inputs][units], b [units], z and a [rows][units].
// Strides are in bytes and whole vectors.

@unmanaged
class DenseForwardRecord {
  /** Z, and A in its place. */
  a: usize;
  x: usize;
  w: usize;
  b: usize;
  inputs: i32;
  aStride: usize;
  xStride: usize;
  activation: Activation;
  /** Room for a group of panels (`product`). */
  workspace: usize;
}

/** A ← a(B + X·W). */
export function denseForward<T>(args: usize, rows: i32): void {
  const r = changetype<DenseForwardRecord>(args);
  const s = r.aStride;
  if (rows == 1) rowProduct<T>(r.a, r.b, r.x, r.w, s, r.inputs);
  else product<T>(r.a, s, r.b, r.x, r.xStride, r.w, s, rows, r.inputs, <i32>(s >> 4), r.workspace);
  activate<T>(r.activation, r.a, r.a, <usize>rows * s);
}

@unmanaged
class DenseBackwardRecord {
  /** D_A on entry, D_Z afterwards. */
  dz: usize;
  /** A, from which the activation's derivative is taken. */
  a: usize;
  x: usize;
  w: usize;
  /** D_X, or 0 where it is not wanted. */
  dx: usize;
  /** Where the gradients go; W and B themselves for a descent. */
  dw: usize;
  db: usize;
  inputs: i32;
  units: i32;
  zStride: usize;
  xStride: usize;
  activation: Activation;
  gradient: Gradient;
  /** Of a descent: the addresses of the learning rates of W and of B (f64), and the cursor. */
  weightRate: usize;
  biasRate: usize;
  cursor: usize;
  /** A descent, the sums of D_B, and room for `transposedProduct` and `productTransposed`. */
  workspace: usize;
}

/** Bytes of the descent at the start of the workspace. */
const DESCENT: usize = 32;

/**
 * BP2: D_Z ← D_A ⊙ a′(Z); D_X ← D_Z·Wᵀ, its padding 0; D_W ← Xᵀ·D_Z, D_B ← Σ over the rows of D_Z, each from 0, added to what is
 * there, or with W ← W − rate·D_W and B ← B − rate·D_B in place of D_W and D_B, after W was read for D_X; or neither.
 */
export function denseBackward<T>(args: usize, rows: i32): void {
  const r = changetype<DenseBackwardRecord>(args);
  const s = r.zStride;
  const n = <i32>(s >> 4);
  activateBackward<T>(r.activation, r.dz, r.dz, r.a, <usize>rows * s);
  if (r.dx) {
    if (rows == 1) rowTransposed<T>(r.dx, r.dz, r.w, s, r.inputs, r.units);
    else productTransposed<T>(r.dx, r.xStride, r.dz, s, r.w, s, rows, r.inputs, r.units, r.workspace);
  }
  if (r.gradient == Gradient.Descend) descendBatch<T>(r, rows, n);
  else if (r.gradient != Gradient.Skip) storeGradient<T>(r, rows, n);
}

/** W ← W − rate·Xᵀ·D_Z, B ← B − rate·Σ D_Z, each with its rate. */
@inline
function descendBatch<T>(r: DenseBackwardRecord, rows: i32, n: i32): void {
  const s = r.zStride;
  const rate = v128.splat<T>(<T>load<f64>(r.weightRate));
  const biasRate = v128.splat<T>(<T>load<f64>(r.biasRate));
  let health: v128;
  let sums = r.dz;
  if (rows == 1) {
    health = rankOneDescent<T>(r.dw, r.x, r.dz, r.inputs, n, rate);
  } else {
    const descent = r.workspace;
    v128.store(descent, rate);
    v128.store(descent, i32x4.splat(0), 16);
    sums = descent + DESCENT;
    transposedProduct<T>(r.dw, s, false, r.x, r.xStride, r.dz, s, rows, r.inputs, n, descent, sums + s);
    health = v128.load(descent, 16);
    columnSums<T>(sums, r.dz, s, rows, false);
  }
  for (let j: usize = 0; j < s; j += 16) {
    const g = v128.add<T>(i32x4.splat(0), v128.load(sums + j));
    health = v128.add<T>(health, descend<T>(r.db + j, g, biasRate));
  }
  if (v128.any_true(v128.ne<T>(health, health))) changetype<Cursor>(r.cursor).health = NaN;
}

/** D_W ← Xᵀ·D_Z, D_B ← Σ D_Z; or both added to what is there. */
@inline
function storeGradient<T>(r: DenseBackwardRecord, rows: i32, n: i32): void {
  const s = r.zStride;
  const accumulate = r.gradient == Gradient.Accumulate;
  transposedProduct<T>(r.dw, s, accumulate, r.x, r.xStride, r.dz, s, rows, r.inputs, n, 0, r.workspace);
  columnSums<T>(r.db, r.dz, s, rows, accumulate);
}
