import { BackwardRecord, ForwardRecord } from "./record";

/** a ← max(z, 0); NaN stays NaN. */
export function reluForward<T>(args: usize, rows: i32): void {
  const r = changetype<ForwardRecord>(args);
  const end = <usize>rows * r.stride;
  const zero = i32x4.splat(0);
  // pmax(z, 0) is z < 0 ? 0 : z, so a NaN comes through.
  for (let i: usize = 0; i < end; i += 16) v128.store(r.a + i, v128.pmax<T>(v128.load(r.z + i), zero));
}

/** dz ← a > 0 ? da : 0: the derivative at 0 is taken as 0. Where a is NaN, da comes through. */
export function reluBackward<T>(args: usize, rows: i32): void {
  const r = changetype<BackwardRecord>(args);
  const end = <usize>rows * r.stride;
  const zero = i32x4.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    v128.store(r.dz + i, v128.andnot(v128.load(r.da + i), v128.le<T>(v128.load(r.a + i), zero)));
  }
}
