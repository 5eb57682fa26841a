import { exp } from "../math";
import { argmaxOf } from "../metrics";
import { firstLanes, lanes } from "../simd";

/**
 * Writes e_j = e^(z_j − z_top) to `out` and returns Σ_j e_j − 1, summed in index order without the largest, whose e is 1:
 * so a confident row keeps the small numbers that a sum near 1 would swallow. Padding 0: e^(0 − z_top) may be ∞. `out` may be `z`.
 */
@inline
export function exponentials<T>(out: usize, z: usize, count: i32, top: i32): f64 {
  const shift = v128.splat<T>(load<T>(z + <usize>top * sizeof<T>()));
  for (let j = 0; j < count; j += lanes<T>()) {
    const at = <usize>j * sizeof<T>();
    v128.store(out + at, firstLanes<T>(exp<T>(v128.sub<T>(v128.load(z + at), shift)), count - j));
  }
  let rest: f64 = 0;
  for (let j = 0; j < count; j++) {
    if (j != top) rest += <f64>load<T>(out + <usize>j * sizeof<T>());
  }
  return rest;
}

@unmanaged
class SoftmaxRecord {
  a: usize;
  z: usize;
  /** Of one row, in bytes. */
  stride: usize;
  outputs: i32;
  /** Rows of the matrices for each row of the batch. */
  repeat: i32;
}

/** a_j ← e^z_j / Σ_i e^z_i, row by row; the padding of a is 0. `a` may be `z`. */
export function softmax<T>(args: usize, rows: i32): void {
  const r = changetype<SoftmaxRecord>(args);
  let a = r.a, z = r.z;
  for (let i = 0; i < rows * r.repeat; i++) {
    const rest = exponentials<T>(a, z, r.outputs, argmaxOf<T>(z, r.outputs));
    const sum = v128.splat<T>(<T>(1 + rest));
    for (let at: usize = 0; at < r.stride; at += 16) v128.store(a + at, v128.div<T>(v128.load(a + at), sum));
    a += r.stride;
    z += r.stride;
  }
}

@unmanaged
class SoftmaxBackwardRecord {
  dz: usize;
  da: usize;
  a: usize;
  /** Of one row, in bytes. */
  stride: usize;
  outputs: i32;
  /** Rows of the matrices for each row of the batch. */
  repeat: i32;
}

/** dz_j ← a_j·(da_j − Σ_k da_k·a_k), row by row, the sum in index order in f64; the padding of dz is 0. `dz` may be `da`. */
export function softmaxBackward<T>(args: usize, rows: i32): void {
  const r = changetype<SoftmaxBackwardRecord>(args);
  let dz = r.dz, da = r.da, a = r.a;
  for (let i = 0; i < rows * r.repeat; i++) {
    let sum: f64 = 0;
    for (let j = 0; j < r.outputs; j++) {
      const at = <usize>j * sizeof<T>();
      sum += <f64>load<T>(da + at) * <f64>load<T>(a + at);
    }
    const mean = v128.splat<T>(<T>sum);
    let left = r.outputs;
    for (let at: usize = 0; at < r.stride; at += 16) {
      const d = v128.mul<T>(v128.load(a + at), v128.sub<T>(v128.load(da + at), mean));
      v128.store(dz + at, firstLanes<T>(d, left));
      left -= lanes<T>();
    }
    dz += r.stride;
    da += r.stride;
    a += r.stride;
  }
}
