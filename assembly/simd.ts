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

/** Whether `mulAdd` rounds once: 16777218·3 lies between two numbers of f32, and is rounded up before 3 is added if at all. */
export function fused(): bool {
  return f32x4.extract_lane(mulAdd<f32>(f32x4.splat(16777218), f32x4.splat(3), f32x4.splat(3)), 0) == 50331656;
}

/** Two numbers of T at an address, as two of f64. */
@inline
export function loadDoubles<T>(at: usize): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.load_zero<u64>(at)) : v128.load(at);
}

/** The first `count` lanes, the others 0; all of them where there are no more. */
@inline
export function firstLanes<T>(vector: v128, count: i32): v128 {
  const kept = sizeof<T>() == 4
    ? i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3))
    : i64x2.gt_s(i64x2.splat(count), i64x2(0, 1));
  return v128.and(vector, kept);
}
