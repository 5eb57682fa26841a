// Words that only the elementary functions need: constants, and the bits of floating-point numbers, lane by lane.

/**
 * The constant at `index` of a table of f32 or of one of f64, in all lanes. It costs one load where it stands;
 * a literal vector costs three instructions in every turn of a loop, since V8 does not keep it in a register.
 */
@inline
export function constant<T>(singles: usize, doubles: usize, index: i32): v128 {
  return v128.load_splat<T>(sizeof<T>() == 4 ? singles + 4 * <usize>index : doubles + 8 * <usize>index);
}

/** Bits of the fraction of T: the place of the exponent. */
@inline
export function fractionBits<T>(): i32 {
  return sizeof<T>() == 4 ? 23 : 52;
}

@inline
export function addBits<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 4 ? i32x4.add(a, b) : i64x2.add(a, b);
}

@inline
export function subtractBits<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 4 ? i32x4.sub(a, b) : i64x2.sub(a, b);
}

@inline
export function shiftLeft<T>(a: v128, count: i32): v128 {
  return sizeof<T>() == 4 ? i32x4.shl(a, count) : i64x2.shl(a, count);
}

/** Zeros come in from the left. */
@inline
export function shiftRight<T>(a: v128, count: i32): v128 {
  return sizeof<T>() == 4 ? i32x4.shr_u(a, count) : i64x2.shr_u(a, count);
}
