/** a ← z for z > 0, else p·z; p ≥ 0. NaN stays NaN. `a` may be `z`. */
export function leakyReluForward<T>(a: usize, z: usize, bytes: usize, p: f64): void {
  const zero = i32x4.splat(0);
  const slope = v128.splat<T>(<T>p);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(z + i);
    v128.store(a + i, v128.bitselect(x, v128.mul<T>(slope, x), v128.gt<T>(x, zero)));
  }
}

/** dz ← a > 0 ? da : p·da, p ≥ 0: the derivative at 0 is taken as p. Where a is NaN, da comes through. `dz` may be `da`. */
export function leakyReluBackward<T>(dz: usize, da: usize, a: usize, bytes: usize, p: f64): void {
  const zero = i32x4.splat(0);
  const slope = v128.splat<T>(<T>p);
  for (let i: usize = 0; i < bytes; i += 16) {
    const d = v128.load(da + i);
    v128.store(dz + i, v128.bitselect(v128.mul<T>(slope, d), d, v128.le<T>(v128.load(a + i), zero)));
  }
}
