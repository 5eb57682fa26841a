// The words that the kernels are written in. What differs between builds differs here and nowhere else.

/** Numbers of type T in one vector. */
@inline
export function lanes<T>(): i32 {
  return 16 / sizeof<T>();
}

/** c + a·b, two roundings; one in the relaxed build. */
@inline
export function mulAdd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(c, v128.mul<T>(a, b));
}
