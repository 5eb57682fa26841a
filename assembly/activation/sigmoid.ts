import { sigmoid } from "../math";

/** a ← 1 / (1 + e^−z). */
export function sigmoidForward<T>(a: usize, z: usize, bytes: usize): void {
  // Two vectors at a time share the constants.
  let i: usize = 0;
  for (; i + 32 <= bytes; i += 32) {
    const first = sigmoid<T>(v128.load(z + i)), second = sigmoid<T>(v128.load(z + i, 16));
    v128.store(a + i, first);
    v128.store(a + i, second, 16);
  }
  if (i < bytes) v128.store(a + i, sigmoid<T>(v128.load(z + i)));
}

/** dz ← da ⊙ a(1 − a), a = σ(z). */
export function sigmoidBackward<T>(dz: usize, da: usize, a: usize, bytes: usize): void {
  const one = v128.splat<T>(1);
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(a + i);
    v128.store(dz + i, v128.mul<T>(v128.load(da + i), v128.mul<T>(x, v128.sub<T>(one, x))));
  }
}
