import { exp, log1p, sigmoid } from "../math";

/** a ← log(1 + e^z), as max(z, 0) + log(1 + e^−|z|), which no z overflows. `a` may be `z`. */
export function softplusForward<T>(a: usize, z: usize, bytes: usize): void {
  const zero = i32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(z + i);
    const rest = log1p<T>(exp<T>(v128.neg<T>(v128.abs<T>(x))));
    // pmax(x, 0) is x < 0 ? 0 : x, so a NaN comes through.
    v128.store(a + i, v128.add<T>(v128.pmax<T>(x, zero), rest));
  }
}

/** dz ← da ⊙ σ(z). `dz` may be `da`. */
export function softplusBackward<T>(dz: usize, da: usize, z: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), sigmoid<T>(v128.load(z + i))));
  }
}
