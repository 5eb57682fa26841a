import { sigmoid } from "../math";

// The approximation of Hendrycks & Gimpel, 2016: z/2·(1 + tanh(√(2/π)·(z + 0.044715·z³))), taken as z·σ(w) with
// w = z·(LINEAR + CUBIC·z²), twice the argument of tanh.
const LINEAR: f64 = 1.5957691216057308; // 2·√(2/π)
const CUBIC: f64 = 0.07135481627260025; // 0.044715 times that
/** From ±22 on, |w| is above 795 and σ(w) is 0 or 1. */
const FURTHEST: f64 = 22;

/** a ← z·σ(w), the tanh form of gelu. `a` may be `z`. */
export function geluTanhForward<T>(a: usize, z: usize, bytes: usize): void {
  const linear = v128.splat<T>(<T>LINEAR);
  const cubic = v128.splat<T>(<T>CUBIC);
  const lowest = v128.splat<T>(<T>-FURTHEST);
  for (let i: usize = 0; i < bytes; i += 16) {
    // −∞·0 would be NaN. A NaN comes through: pmax(x, c) is x < c ? c : x.
    const x = v128.pmax<T>(v128.load(z + i), lowest);
    const w = v128.mul<T>(x, v128.add<T>(linear, v128.mul<T>(cubic, v128.mul<T>(x, x))));
    v128.store(a + i, v128.mul<T>(x, sigmoid<T>(w)));
  }
}

/** dz ← da ⊙ s·(1 + z·(1 − s)·w′), s = σ(w), w′ = LINEAR + 3·CUBIC·z². `dz` may be `da`. */
export function geluTanhBackward<T>(dz: usize, da: usize, z: usize, bytes: usize): void {
  const one = v128.splat<T>(1);
  const linear = v128.splat<T>(<T>LINEAR);
  const cubic = v128.splat<T>(<T>CUBIC);
  const three = v128.splat<T>(<T>(3 * CUBIC));
  const lowest = v128.splat<T>(<T>-FURTHEST);
  const highest = v128.splat<T>(<T>FURTHEST);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.pmin<T>(v128.pmax<T>(v128.load(z + i), lowest), highest);
    const square = v128.mul<T>(x, x);
    const s = sigmoid<T>(v128.mul<T>(x, v128.add<T>(linear, v128.mul<T>(cubic, square))));
    const rise = v128.mul<T>(v128.mul<T>(x, v128.sub<T>(one, s)), v128.add<T>(linear, v128.mul<T>(three, square)));
    const slope = v128.mul<T>(s, v128.add<T>(one, rise));
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), slope));
  }
}
