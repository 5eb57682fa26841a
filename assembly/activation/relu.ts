/** a ← max(z, 0); NaN stays NaN. */
export function reluForward<T>(a: usize, z: usize, bytes: usize): void {
  const zero = i32x4.splat(0);
  // pmax(z, 0) is z < 0 ? 0 : z, so a NaN comes through.
  for (let i: usize = 0; i < bytes; i += 16) v128.store(a + i, v128.pmax<T>(v128.load(z + i), zero));
}

/** dz ← a > 0 ? da : 0: the derivative at 0 is taken as 0. Where a is NaN, da comes through. */
export function reluBackward<T>(dz: usize, da: usize, a: usize, bytes: usize): void {
  const zero = i32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(dz + i, v128.andnot(v128.load(da + i), v128.le<T>(v128.load(a + i), zero)));
  }
}
