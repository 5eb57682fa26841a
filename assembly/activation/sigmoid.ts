import { sigmoid } from "../math";

/** a ← 1 / (1 + e^−z). */
export function sigmoidForward<T>(a: usize, z: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(a + i, sigmoid<T>(v128.load(z + i)));
}

/** dz ← da ⊙ a(1 − a), a = σ(z). */
export function sigmoidBackward<T>(dz: usize, da: usize, a: usize, bytes: usize): void {
  const one = v128.splat<T>(1);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(a + i);
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), v128.mul<T>(x, v128.sub<T>(one, x))));
  }
}
