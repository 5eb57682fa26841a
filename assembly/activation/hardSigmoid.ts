/** a ← max(0, min(1, p·z + q)). NaN stays NaN. `a` may be `z`. */
export function hardSigmoidForward<T>(a: usize, z: usize, bytes: usize, p: f64, q: f64): void {
  const zero = i32x4.splat(0);
  const one = v128.splat<T>(1);
  const slope = v128.splat<T>(<T>p);
  const shift = v128.splat<T>(<T>q);
  for (let i: usize = 0; i < bytes; i += 16) {
    const y = v128.add<T>(v128.mul<T>(slope, v128.load(z + i)), shift);
    // A NaN comes through: pmax(y, c) is y < c ? c : y, and pmin likewise.
    v128.store(a + i, v128.pmin<T>(v128.pmax<T>(y, zero), one));
  }
}

/** dz ← 0 < p·z + q < 1 ? p·da : 0: the derivative at both kinks is taken as 0. Where z is NaN, p·da comes through. `dz` may be `da`. */
export function hardSigmoidBackward<T>(dz: usize, da: usize, z: usize, bytes: usize, p: f64, q: f64): void {
  const zero = i32x4.splat(0);
  const one = v128.splat<T>(1);
  const slope = v128.splat<T>(<T>p);
  const shift = v128.splat<T>(<T>q);
  for (let i: usize = 0; i < bytes; i += 16) {
    const y = v128.add<T>(v128.mul<T>(slope, v128.load(z + i)), shift);
    const flat = v128.or(v128.le<T>(y, zero), v128.ge<T>(y, one));
    v128.store(dz + i, v128.andnot(v128.mul<T>(slope, v128.load(da + i)), flat));
  }
}
