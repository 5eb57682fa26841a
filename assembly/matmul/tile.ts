import { mulAdd } from "../simd";

// The tiles of a product, in registers. A(i, p) is the number at a + i·aRow + p·aStep; B is [k][n], rows `bStride` bytes apart; the
// sums start from S, whose rows are `startRow` bytes apart (0: one row for all), or from 0 without it.

/** Rows of a tile. */
export const TILE_ROWS = 4;

/**
 * Where a tile's sums go instead of C when it has a descent: w ← w − rate·sum, at once. A descent is 32 bytes of memory: the rate in
 * all lanes, and a health that is 0 until an updated weight is not finite, NaN from then on.
 */
@inline
function rateOf(descent: usize): v128 {
  return v128.load(descent);
}

@inline
function note<T>(descent: usize, health: v128): void {
  v128.store(descent, v128.add<T>(v128.load(descent, 16), health), 16);
}

/** w ← w − rate·g. Returns w − w: 0 for a finite w, NaN for any other. */
@inline
export function descend<T>(w: usize, g: v128, rate: v128): v128 {
  const updated = v128.sub<T>(v128.load(w), v128.mul<T>(rate, g));
  v128.store(w, updated);
  return v128.sub<T>(updated, updated);
}

@inline
function first(start: usize): v128 {
  return start ? v128.load(start) : i32x4.splat(0);
}

/** Four rows by two vectors: eight accumulators, as many as every engine keeps in registers. */
export function tile4x2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  k: i32, descent: usize,
): void {
  let c00 = first(start), c01 = first(start ? start + 16 : 0);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  if (startRow) {
    let s = start + startRow;
    c10 = v128.load(s);
    c11 = v128.load(s, 16);
    s += startRow;
    c20 = v128.load(s);
    c21 = v128.load(s, 16);
    s += startRow;
    c30 = v128.load(s);
    c31 = v128.load(s, 16);
  }
  const a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  const end = b + bStride * k;
  let o: usize = 0;
  do {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a + o);
    c00 = mulAdd<T>(x, b0, c00);
    c01 = mulAdd<T>(x, b1, c01);
    x = v128.load_splat<T>(a1 + o);
    c10 = mulAdd<T>(x, b0, c10);
    c11 = mulAdd<T>(x, b1, c11);
    x = v128.load_splat<T>(a2 + o);
    c20 = mulAdd<T>(x, b0, c20);
    c21 = mulAdd<T>(x, b1, c21);
    x = v128.load_splat<T>(a3 + o);
    c30 = mulAdd<T>(x, b0, c30);
    c31 = mulAdd<T>(x, b1, c31);
    o += aStep;
    b += bStride;
  } while (b != end);
  const r1 = c + cStride, r2 = r1 + cStride, r3 = r2 + cStride;
  if (descent) {
    const rate = rateOf(descent);
    let health = v128.add<T>(descend<T>(c, c00, rate), descend<T>(c + 16, c01, rate));
    health = v128.add<T>(health, v128.add<T>(descend<T>(r1, c10, rate), descend<T>(r1 + 16, c11, rate)));
    health = v128.add<T>(health, v128.add<T>(descend<T>(r2, c20, rate), descend<T>(r2 + 16, c21, rate)));
    health = v128.add<T>(health, v128.add<T>(descend<T>(r3, c30, rate), descend<T>(r3 + 16, c31, rate)));
    note<T>(descent, health);
    return;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
}

/**
 * Up to three rows by two vectors: what is left below the last whole tile. It takes no longer than one row; rows that are not there
 * repeat the last one and are not stored.
 */
export function tile3x2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  k: i32, descent: usize, rows: i32,
): void {
  const second = rows > 1, third = rows > 2;
  const a1 = a + (second ? aRow : 0), a2 = a1 + (third ? aRow : 0);
  const s1 = start + (second ? startRow : 0), s2 = s1 + (third ? startRow : 0);
  let c00 = first(start), c01 = first(start ? start + 16 : 0);
  let c10 = first(s1), c11 = first(s1 ? s1 + 16 : 0), c20 = first(s2), c21 = first(s2 ? s2 + 16 : 0);
  const end = b + bStride * k;
  let o: usize = 0;
  do {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a + o);
    c00 = mulAdd<T>(x, b0, c00);
    c01 = mulAdd<T>(x, b1, c01);
    x = v128.load_splat<T>(a1 + o);
    c10 = mulAdd<T>(x, b0, c10);
    c11 = mulAdd<T>(x, b1, c11);
    x = v128.load_splat<T>(a2 + o);
    c20 = mulAdd<T>(x, b0, c20);
    c21 = mulAdd<T>(x, b1, c21);
    o += aStep;
    b += bStride;
  } while (b != end);
  put2<T>(c, c00, c01, descent);
  if (second) put2<T>(c + cStride, c10, c11, descent);
  if (third) put2<T>(c + 2 * cStride, c20, c21, descent);
}

/** Stores two vectors of sums, or descends along them. */
function put2<T>(c: usize, sum0: v128, sum1: v128, descent: usize): void {
  if (descent) {
    const rate = rateOf(descent);
    note<T>(descent, v128.add<T>(descend<T>(c, sum0, rate), descend<T>(c + 16, sum1, rate)));
    return;
  }
  v128.store(c, sum0);
  v128.store(c, sum1, 16);
}

/** Up to four rows by one vector; as `tile3x2` for rows that are not there. */
export function tile4x1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  k: i32, descent: usize, rows: i32,
): void {
  const second = rows > 1, third = rows > 2, fourth = rows > 3;
  const a1 = a + (second ? aRow : 0), a2 = a1 + (third ? aRow : 0), a3 = a2 + (fourth ? aRow : 0);
  const s1 = start + (second ? startRow : 0), s2 = s1 + (third ? startRow : 0), s3 = s2 + (fourth ? startRow : 0);
  let c0 = first(start), c1 = first(s1), c2 = first(s2), c3 = first(s3);
  const end = b + bStride * k;
  let o: usize = 0;
  do {
    const x = v128.load(b);
    c0 = mulAdd<T>(v128.load_splat<T>(a + o), x, c0);
    c1 = mulAdd<T>(v128.load_splat<T>(a1 + o), x, c1);
    c2 = mulAdd<T>(v128.load_splat<T>(a2 + o), x, c2);
    c3 = mulAdd<T>(v128.load_splat<T>(a3 + o), x, c3);
    o += aStep;
    b += bStride;
  } while (b != end);
  put1<T>(c, c0, descent);
  if (second) put1<T>(c + cStride, c1, descent);
  if (third) put1<T>(c + 2 * cStride, c2, descent);
  if (fourth) put1<T>(c + 3 * cStride, c3, descent);
}

/** Stores one vector of sums, or descends along it. */
function put1<T>(c: usize, sum: v128, descent: usize): void {
  if (descent) note<T>(descent, descend<T>(c, sum, rateOf(descent)));
  else v128.store(c, sum);
}
