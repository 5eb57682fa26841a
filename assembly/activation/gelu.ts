import { cumulative, furthest, gaussian, tailRatio } from "../math";

/** a ← z·Φ(z), Φ the standard normal distribution. Hendrycks & Gimpel, "Gaussian error linear units", 2016. `a` may be `z`. */
export function geluForward<T>(a: usize, z: usize, bytes: usize): void {
  // Φ is 0 from there on, and −∞·0 would be NaN.
  const lowest = v128.neg<T>(furthest<T>());
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(z + i);
    // A NaN comes through: pmax(x, c) is x < c ? c : x.
    v128.store(a + i, v128.mul<T>(v128.pmax<T>(x, lowest), cumulative<T>(x)));
  }
}

/** dz ← da ⊙ (Φ(z) + z·φ(z)), φ = Φ′. `dz` may be `da`. */
export function geluBackward<T>(dz: usize, da: usize, z: usize, bytes: usize): void {
  const zero = i32x4.splat(0);
  const one = v128.splat<T>(1);
  const density = v128.splat<T>(<T>0.3989422804014327); // 1 / √(2π)
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(z + i);
    // A NaN comes through: pmin(x, c) is c < x ? c : x.
    const u = v128.pmin<T>(v128.abs<T>(x), furthest<T>());
    // For z = −u the derivative is Φ(−u) − u·φ(u), without cancellation in the tail; for z = u it is 1 minus that.
    const left = v128.mul<T>(gaussian<T>(u), v128.sub<T>(tailRatio<T>(u), v128.mul<T>(density, u)));
    const slope = v128.bitselect(left, v128.sub<T>(one, left), v128.lt<T>(x, zero));
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), slope));
  }
}
