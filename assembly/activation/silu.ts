import { sigmoid } from "../math";

/** From ±1024 on, σ(z) is 0 or 1, and ∞·0 would be NaN. */
const FURTHEST: f64 = 1024;

/**
 * a ← z·σ(z). Elfwing et al., "Sigmoid-weighted linear units", 2018; also called swish. Where σ(z) is below the smallest normal
 * number a may be 0. `a` may be `z`.
 */
export function siluForward<T>(a: usize, z: usize, bytes: usize): void {
  const lowest = v128.splat<T>(<T>-FURTHEST);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(z + i);
    // A NaN comes through: pmax(x, c) is x < c ? c : x.
    v128.store(a + i, v128.mul<T>(v128.pmax<T>(x, lowest), sigmoid<T>(x)));
  }
}

/** dz ← da ⊙ s·(1 + z·(1 − s)), s = σ(z). `dz` may be `da`. */
export function siluBackward<T>(dz: usize, da: usize, z: usize, bytes: usize): void {
  const one = v128.splat<T>(1);
  const lowest = v128.splat<T>(<T>-FURTHEST);
  const highest = v128.splat<T>(<T>FURTHEST);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.pmin<T>(v128.pmax<T>(v128.load(z + i), lowest), highest);
    const s = sigmoid<T>(x);
    const slope = v128.mul<T>(s, v128.add<T>(one, v128.mul<T>(x, v128.sub<T>(one, s))));
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), slope));
  }
}
