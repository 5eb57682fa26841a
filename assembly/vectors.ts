import { mulAdd } from "./simd";

// What methods over all rows do with vectors as long as the parameters: `bytes` of them, whole 16-byte vectors, at least one, `size`
// bytes a number.

/** Numbers of a sum that are added up before the next begin: a chunk. */
const CHUNK: usize = 4096;

/**
 * Σ_i a_i·b_i, in f64. Of each chunk of 4,096 numbers there are eight partial sums, the j-th of i ≡ j modulo 8 in index order, added
 * as ((0 + 2) + (4 + 6)) + ((1 + 3) + (5 + 7)); the chunks' sums are added in index order.
 */
export function dot(size: i32, a: usize, b: usize, bytes: usize): f64 {
  const chunk = CHUNK * size;
  let sum: f64 = 0;
  for (let i: usize = 0; i < bytes; i += chunk) {
    const length = min(chunk, bytes - i);
    sum += size == 8 ? dotDoubles(a + i, b + i, length) : dotSingles(a + i, b + i, length);
  }
  return sum;
}

/** The sum of a chunk of doubles. */
function dotDoubles(a: usize, b: usize, bytes: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i: usize = 0;
  for (const whole = bytes & -64; i < whole; i += 64) {
    s0 = mulAdd<f64>(v128.load(a + i), v128.load(b + i), s0);
    s1 = mulAdd<f64>(v128.load(a + i, 16), v128.load(b + i, 16), s1);
    s2 = mulAdd<f64>(v128.load(a + i, 32), v128.load(b + i, 32), s2);
    s3 = mulAdd<f64>(v128.load(a + i, 48), v128.load(b + i, 48), s3);
  }
  if (i < bytes) s0 = mulAdd<f64>(v128.load(a + i), v128.load(b + i), s0);
  if (i + 16 < bytes) s1 = mulAdd<f64>(v128.load(a + i, 16), v128.load(b + i, 16), s1);
  if (i + 32 < bytes) s2 = mulAdd<f64>(v128.load(a + i, 32), v128.load(b + i, 32), s2);
  return tree(s0, s1, s2, s3);
}

/** The sum of a chunk of singles, whose products are exact in f64. */
function dotSingles(a: usize, b: usize, bytes: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let i: usize = 0;
  for (const whole = bytes & -32; i < whole; i += 32) {
    const a0 = v128.load(a + i), a1 = v128.load(a + i, 16);
    const b0 = v128.load(b + i), b1 = v128.load(b + i, 16);
    s0 = mulAdd<f64>(low(a0), low(b0), s0);
    s1 = mulAdd<f64>(high(a0), high(b0), s1);
    s2 = mulAdd<f64>(low(a1), low(b1), s2);
    s3 = mulAdd<f64>(high(a1), high(b1), s3);
  }
  if (i < bytes) {
    s0 = mulAdd<f64>(low(v128.load(a + i)), low(v128.load(b + i)), s0);
    s1 = mulAdd<f64>(high(v128.load(a + i)), high(v128.load(b + i)), s1);
  }
  return tree(s0, s1, s2, s3);
}

@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1));
}

@inline
function tree(s0: v128, s1: v128, s2: v128, s3: v128): f64 {
  const sum = v128.add<f64>(v128.add<f64>(s0, s1), v128.add<f64>(s2, s3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** out ← y + α·x, α rounded to the vectors' precision. `out` may be y or x. */
export function axpy(size: i32, out: usize, y: usize, alpha: f64, x: usize, bytes: usize): void {
  if (size == 8) addScaled<f64>(out, y, f64x2.splat(alpha), x, bytes);
  else addScaled<f32>(out, y, f32x4.splat(<f32>alpha), x, bytes);
}

@inline
function addScaled<T>(out: usize, y: usize, alpha: v128, x: usize, bytes: usize): void {
  let i: usize = 0;
  do {
    v128.store(out + i, mulAdd<T>(alpha, v128.load(x + i), v128.load(y + i)));
    i += 16;
  } while (i < bytes);
}

/** out ← α·x, α rounded to the vectors' precision: a copy where it is 1. `out` may be x. */
export function scale(size: i32, out: usize, alpha: f64, x: usize, bytes: usize): void {
  if (size == 8) multiply<f64>(out, f64x2.splat(alpha), x, bytes);
  else multiply<f32>(out, f32x4.splat(<f32>alpha), x, bytes);
}

@inline
function multiply<T>(out: usize, alpha: v128, x: usize, bytes: usize): void {
  let i: usize = 0;
  do {
    v128.store(out + i, v128.mul<T>(alpha, v128.load(x + i)));
    i += 16;
  } while (i < bytes);
}

/** max_i |x_i|; NaN where there is one. */
export function largest(size: i32, x: usize, bytes: usize): f64 {
  if (size == 8) {
    const m = magnitudes<f64>(x, bytes);
    return max(f64x2.extract_lane(m, 0), f64x2.extract_lane(m, 1));
  }
  const m = magnitudes<f32>(x, bytes);
  return max(
    max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
    max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
  );
}

/** The largest magnitude of each lane. Unlike `pmax`, `max` hands on a NaN from both sides. */
@inline
function magnitudes<T>(x: usize, bytes: usize): v128 {
  let m = i32x4.splat(0);
  let i: usize = 0;
  do {
    m = v128.max<T>(m, v128.abs<T>(v128.load(x + i)));
    i += 16;
  } while (i < bytes);
  return m;
}
