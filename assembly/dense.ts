import { product } from "./matmul";

// The dense layer Z = A·W + B: a [rows][inputs], w [inputs][outputs], b [outputs], z [rows][outputs].
// Strides are in bytes and whole vectors.

@unmanaged
class DenseForwardRecord {
  z: usize;
  a: usize;
  w: usize;
  b: usize;
  inputs: i32;
  zStride: usize;
  aStride: usize;
}

/** Z ← B + A·W. The padding of z is what the zero padding of w and b makes it: 0. */
export function denseForward<T>(args: usize, rows: i32): void {
  const r = changetype<DenseForwardRecord>(args);
  const s = r.zStride;
  product<T>(r.z, s, r.b, 0, r.a, r.aStride, sizeof<T>(), r.w, s, rows, r.inputs, <i32>(s >> 4));
}

@unmanaged
class DenseWeightGradientRecord {
  dw: usize;
  db: usize;
  a: usize;
  dz: usize;
  inputs: i32;
  aStride: usize;
  zStride: usize;
  /** 1: add to what dw and db hold; 0: start from 0. */
  accumulate: i32;
}

/** BP2: D_W ← Aᵀ·D_Z, D_B ← Σ over the rows of D_Z. dw [inputs][outputs], db [outputs]. */
export function denseWeightGradient<T>(args: usize, rows: i32): void {
  const r = changetype<DenseWeightGradientRecord>(args);
  const s = r.zStride;
  const start = r.accumulate ? r.dw : 0;
  product<T>(r.dw, s, start, s, r.a, sizeof<T>(), r.aStride, r.dz, s, r.inputs, rows, <i32>(s >> 4));
  for (let j: usize = 0; j < s; j += 16) {
    let sum = r.accumulate ? v128.load(r.db + j) : i32x4.splat(0);
    let dz = r.dz + j;
    for (let i = 0; i < rows; i++) {
      sum = v128.add<T>(sum, v128.load(dz));
      dz += s;
    }
    v128.store(r.db + j, sum);
  }
}

@unmanaged
class DenseInputGradientRecord {
  da: usize;
  dz: usize;
  /** Wᵀ [outputs][inputs], padding 0. */
  wt: usize;
  outputs: i32;
  aStride: usize;
  zStride: usize;
}

/** BP2: D_A ← D_Z·Wᵀ. da [rows][inputs]; its padding is 0 as that of wt is. */
export function denseInputGradient<T>(args: usize, rows: i32): void {
  const r = changetype<DenseInputGradientRecord>(args);
  const s = r.aStride;
  product<T>(r.da, s, 0, 0, r.dz, r.zStride, sizeof<T>(), r.wt, s, rows, r.outputs, <i32>(s >> 4));
}
