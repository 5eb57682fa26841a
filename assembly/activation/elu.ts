import { expm1 } from "../math";

/**
 * a ← q·z for z > 0, else q·p·(e^z − 1); p, q ≥ 0. Clevert et al., "Exponential linear units", 2016: q = 1; Klambauer et al.,
 * "Self-normalizing neural networks", 2017 (selu): p = 1.67326…, q = 1.05070…. `a` may be `z`.
 */
export function eluForward<T>(a: usize, z: usize, bytes: usize, p: f64, q: f64): void {
  const zero = i32x4.splat(0);
  const above = v128.splat<T>(<T>q);
  const below = v128.splat<T>(<T>(q * p));
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(z + i);
    v128.store(a + i, v128.bitselect(v128.mul<T>(above, x), v128.mul<T>(below, expm1<T>(x)), v128.gt<T>(x, zero)));
  }
}

/** dz ← da·q where a > 0, else da·(a + q·p), which is q·p·e^z: at 0 the derivative from the left. `dz` may be `da`. */
export function eluBackward<T>(dz: usize, da: usize, a: usize, bytes: usize, p: f64, q: f64): void {
  const zero = i32x4.splat(0);
  const above = v128.splat<T>(<T>q);
  const below = v128.splat<T>(<T>(q * p));
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(a + i);
    const slope = v128.bitselect(above, v128.add<T>(x, below), v128.gt<T>(x, zero));
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), slope));
  }
}
