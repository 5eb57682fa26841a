// The ceiling of the machine: twelve independent chains c ← a + m·c in registers, without a load or a store. Twelve, because
// a multiplication and an addition take 6 to 8 cycles and two of each can start in one; with m and a they fit 15 registers.

/** 128-bit vectors multiplied and added in one turn of the loop. */
export const chains = 12;

@inline
function next<T>(c: v128, m: v128, a: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(c, m, a);
  return v128.add<T>(a, v128.mul<T>(c, m));
}

/**
 * Returns a number that depends on every chain. The chains tend to 1 for half = 0.5, which is no constant here: V8 14
 * rebuilds a constant vector in every turn.
 */
@inline
function turns<T>(count: i32, half: T): T {
  const m = v128.splat<T>(half);
  const a = m;
  let c0 = v128.splat<T>(<T>0), c1 = v128.splat<T>(<T>1), c2 = v128.splat<T>(<T>2), c3 = v128.splat<T>(<T>3);
  let c4 = v128.splat<T>(<T>4), c5 = v128.splat<T>(<T>5), c6 = v128.splat<T>(<T>6), c7 = v128.splat<T>(<T>7);
  let c8 = v128.splat<T>(<T>8), c9 = v128.splat<T>(<T>9), c10 = v128.splat<T>(<T>10), c11 = v128.splat<T>(<T>11);
  do {
    c0 = next<T>(c0, m, a);
    c1 = next<T>(c1, m, a);
    c2 = next<T>(c2, m, a);
    c3 = next<T>(c3, m, a);
    c4 = next<T>(c4, m, a);
    c5 = next<T>(c5, m, a);
    c6 = next<T>(c6, m, a);
    c7 = next<T>(c7, m, a);
    c8 = next<T>(c8, m, a);
    c9 = next<T>(c9, m, a);
    c10 = next<T>(c10, m, a);
    c11 = next<T>(c11, m, a);
  } while (--count);
  c0 = v128.add<T>(v128.add<T>(v128.add<T>(c0, c1), v128.add<T>(c2, c3)), v128.add<T>(v128.add<T>(c4, c5), v128.add<T>(c6, c7)));
  c0 = v128.add<T>(c0, v128.add<T>(v128.add<T>(c8, c9), v128.add<T>(c10, c11)));
  return v128.extract_lane<T>(c0, 0);
}

export function turns32(count: i32, half: f32): f32 {
  return turns<f32>(count, half);
}

export function turns64(count: i32, half: f64): f64 {
  return turns<f64>(count, half);
}
