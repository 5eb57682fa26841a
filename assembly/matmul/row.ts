import { firstLanes, lanes, mulAdd } from "../simd";
import { descend } from "./tile";

// The products of a batch of one row. Nothing is copied: each number of a matrix is read once.

/** c ← s + a·B for one row: c and s [n], rows of B one after the other, `width` bytes each; a [k]. */
@inline
export function rowProduct<T>(c: usize, start: usize, a: usize, b: usize, width: usize, k: i32): void {
  let j: usize = 0;
  for (; j + 128 <= width; j += 128) tile1x8<T>(c + j, start + j, a, b + j, width, k);
  for (; j < width; j += 16) {
    let sum = v128.load(start + j);
    let from = b + j;
    for (let p: usize = 0; p < <usize>k * sizeof<T>(); p += sizeof<T>()) {
      sum = mulAdd<T>(v128.load_splat<T>(a + p), v128.load(from), sum);
      from += width;
    }
    v128.store(c + j, sum);
  }
}

/** One row by eight vectors: as many accumulators as hide the latency of an addition. */
function tile1x8<T>(c: usize, start: usize, a: usize, b: usize, bStride: usize, k: i32): void {
  let c0 = v128.load(start), c1 = v128.load(start, 16), c2 = v128.load(start, 32), c3 = v128.load(start, 48);
  let c4 = v128.load(start, 64), c5 = v128.load(start, 80), c6 = v128.load(start, 96), c7 = v128.load(start, 112);
  for (const end = b + bStride * k; b != end; b += bStride) {
    const x = v128.load_splat<T>(a);
    c0 = mulAdd<T>(x, v128.load(b), c0);
    c1 = mulAdd<T>(x, v128.load(b, 16), c1);
    c2 = mulAdd<T>(x, v128.load(b, 32), c2);
    c3 = mulAdd<T>(x, v128.load(b, 48), c3);
    c4 = mulAdd<T>(x, v128.load(b, 64), c4);
    c5 = mulAdd<T>(x, v128.load(b, 80), c5);
    c6 = mulAdd<T>(x, v128.load(b, 96), c6);
    c7 = mulAdd<T>(x, v128.load(b, 112), c7);
    a += sizeof<T>();
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
  v128.store(c, c4, 64);
  v128.store(c, c5, 80);
  v128.store(c, c6, 96);
  v128.store(c, c7, 112);
}

/** c ← a·Bᵀ for one row: c [k], its padding 0; a [n]; B [k][n]. */
export function rowTransposed<T>(c: usize, a: usize, b: usize, bStride: usize, k: i32, n: i32): void {
  for (let j = 0; j < k; j += lanes<T>()) {
    const rows = k - j;
    // Where there are fewer rows than lanes, the last one stands in for the others.
    const b1 = b + (rows > 1 ? bStride : 0);
    const b2 = b1 + (rows > 2 ? bStride : 0);
    const b3 = b2 + (rows > 3 ? bStride : 0);
    v128.store(c, firstLanes<T>(rowsTransposed<T>(a, b, b1, b2, b3, n), rows));
    c += 16;
    b += bStride * lanes<T>();
  }
}

/** Σ_p a_p·b[r][p] in lane r, for as many rows as there are lanes, p < n. */
function rowsTransposed<T>(a: usize, b: usize, b1: usize, b2: usize, b3: usize, n: i32): v128 {
  let sum = i32x4.splat(0);
  let p: usize = 0;
  for (let left = n; left > 0; left -= lanes<T>(), p += 16) {
    const r0 = v128.load(b + p), r1 = v128.load(b1 + p);
    if (sizeof<T>() == 8) {
      sum = mulAdd<T>(v128.load64_splat(a + p), v128.shuffle<i64>(r0, r1, 0, 2), sum);
      if (left > 1) sum = mulAdd<T>(v128.load64_splat(a + p, 8), v128.shuffle<i64>(r0, r1, 1, 3), sum);
    } else {
      const r2 = v128.load(b2 + p), r3 = v128.load(b3 + p);
      const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
      sum = mulAdd<T>(v128.load32_splat(a + p), v128.shuffle<i64>(low01, low23, 0, 2), sum);
      if (left > 1) sum = mulAdd<T>(v128.load32_splat(a + p, 4), v128.shuffle<i64>(low01, low23, 1, 3), sum);
      if (left > 2) {
        const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
        sum = mulAdd<T>(v128.load32_splat(a + p, 8), v128.shuffle<i64>(high01, high23, 0, 2), sum);
        if (left > 3) sum = mulAdd<T>(v128.load32_splat(a + p, 12), v128.shuffle<i64>(high01, high23, 1, 3), sum);
      }
    }
  }
  return sum;
}

/**
 * C ← C − rate·(0 + aᵀ·b), of one row a [k] and one row b [n], n in vectors: the transposed product of a batch of one.
 * Returns 0, or NaN where a new element is not finite.
 */
@inline
export function rankOneDescent<T>(c: usize, a: usize, b: usize, k: i32, n: i32, rate: v128): v128 {
  const width = <usize>n << 4;
  const zero = i32x4.splat(0);
  let health = zero;
  for (const end = a + <usize>k * sizeof<T>(); a < end; a += sizeof<T>()) {
    const x = v128.splat<T>(load<T>(a));
    for (let j: usize = 0; j < width; j += 16) {
      health = v128.add<T>(health, descend<T>(c + j, mulAdd<T>(x, v128.load(b + j), zero), rate));
    }
    c += width;
  }
  return health;
}
