import { mulAdd } from "./simd";

// Matrix products. One accumulator per element, starting from what the product is added to, adding in index order:
// no tile, blocking or batch size changes a bit. Widths are whole vectors; strides are in bytes.

/**
 * C ← S + A·B. [m][n], n in vectors. A(i, p) is the number at a + i·aRow + p·aStep, so A may be a transpose;
 * B is [k][n]. S is [m][n] with rows `startRow` bytes apart (0: one row, the bias; C itself: accumulation), or 0 where start is 0.
 */
export function product<T>(
  c: usize, cStride: usize, start: usize, startRow: usize,
  a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32,
): void {
  const width = <usize>n << 4;
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    let j: usize = 0;
    for (; j + 32 <= width; j += 32) tile4x2<T>(c + j, cStride, start ? start + j : 0, startRow, a, aRow, aStep, b + j, bStride, k);
    if (j < width) tile4x1<T>(c + j, cStride, start ? start + j : 0, startRow, a, aRow, aStep, b + j, bStride, k);
    c += cStride << 2;
    a += aRow << 2;
    if (start) start += startRow << 2;
  }
  for (; i < m; i++) {
    let j: usize = 0;
    for (; j + 64 <= width; j += 64) tile1x4<T>(c + j, start ? start + j : 0, a, aStep, b + j, bStride, k);
    for (; j < width; j += 16) tile1x1<T>(c + j, start ? start + j : 0, a, aStep, b + j, bStride, k);
    c += cStride;
    a += aRow;
    if (start) start += startRow;
  }
}

@inline
function first(start: usize): v128 {
  return start ? v128.load(start) : i32x4.splat(0);
}

/** Four rows by two vectors: eight accumulators, as many as every engine keeps in registers. */
function tile4x2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize,
  a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize, k: i32,
): void {
  let s = start;
  let c00 = first(s), c01 = first(s ? s + 16 : 0);
  if (s) s += startRow;
  let c10 = first(s), c11 = first(s ? s + 16 : 0);
  if (s) s += startRow;
  let c20 = first(s), c21 = first(s ? s + 16 : 0);
  if (s) s += startRow;
  let c30 = first(s), c31 = first(s ? s + 16 : 0);
  const a1 = aRow, a2 = aRow << 1, a3 = aRow * 3;
  for (let p = 0; p < k; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.splat<T>(load<T>(a));
    c00 = mulAdd<T>(x, b0, c00);
    c01 = mulAdd<T>(x, b1, c01);
    x = v128.splat<T>(load<T>(a + a1));
    c10 = mulAdd<T>(x, b0, c10);
    c11 = mulAdd<T>(x, b1, c11);
    x = v128.splat<T>(load<T>(a + a2));
    c20 = mulAdd<T>(x, b0, c20);
    c21 = mulAdd<T>(x, b1, c21);
    x = v128.splat<T>(load<T>(a + a3));
    c30 = mulAdd<T>(x, b0, c30);
    c31 = mulAdd<T>(x, b1, c31);
    a += aStep;
    b += bStride;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += cStride;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += cStride;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += cStride;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}

function tile4x1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize,
  a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize, k: i32,
): void {
  let c0 = first(start);
  let c1 = first(start ? start + startRow : 0);
  let c2 = first(start ? start + startRow * 2 : 0);
  let c3 = first(start ? start + startRow * 3 : 0);
  const a1 = aRow, a2 = aRow << 1, a3 = aRow * 3;
  for (let p = 0; p < k; p++) {
    const x = v128.load(b);
    c0 = mulAdd<T>(v128.splat<T>(load<T>(a)), x, c0);
    c1 = mulAdd<T>(v128.splat<T>(load<T>(a + a1)), x, c1);
    c2 = mulAdd<T>(v128.splat<T>(load<T>(a + a2)), x, c2);
    c3 = mulAdd<T>(v128.splat<T>(load<T>(a + a3)), x, c3);
    a += aStep;
    b += bStride;
  }
  v128.store(c, c0);
  v128.store(c + cStride, c1);
  v128.store(c + cStride * 2, c2);
  v128.store(c + cStride * 3, c3);
}

function tile1x4<T>(c: usize, start: usize, a: usize, aStep: usize, b: usize, bStride: usize, k: i32): void {
  let c0 = first(start);
  let c1 = first(start ? start + 16 : 0);
  let c2 = first(start ? start + 32 : 0);
  let c3 = first(start ? start + 48 : 0);
  for (let p = 0; p < k; p++) {
    const x = v128.splat<T>(load<T>(a));
    c0 = mulAdd<T>(x, v128.load(b), c0);
    c1 = mulAdd<T>(x, v128.load(b, 16), c1);
    c2 = mulAdd<T>(x, v128.load(b, 32), c2);
    c3 = mulAdd<T>(x, v128.load(b, 48), c3);
    a += aStep;
    b += bStride;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
}

function tile1x1<T>(c: usize, start: usize, a: usize, aStep: usize, b: usize, bStride: usize, k: i32): void {
  let sum = first(start);
  for (let p = 0; p < k; p++) {
    sum = mulAdd<T>(v128.splat<T>(load<T>(a)), v128.load(b), sum);
    a += aStep;
    b += bStride;
  }
  v128.store(c, sum);
}

/** The arguments of `transpose`. */
@unmanaged
class TransposeRecord {
  t: usize;
  w: usize;
  rows: i32;
  columns: i32;
  /** Of one row of T and of W, in bytes. */
  tStride: usize;
  wStride: usize;
}

/** T ← Wᵀ, W [rows][columns]; the padding of T's rows is written 0. Not in place. */
export function transpose<T>(args: usize): void {
  const r = changetype<TransposeRecord>(args);
  for (let j = 0; j < r.columns; j++) {
    let from = r.w + <usize>j * sizeof<T>();
    let to = r.t + <usize>j * r.tStride;
    const end = to + r.tStride;
    for (let i = 0; i < r.rows; i++) {
      store<T>(to, load<T>(from));
      from += r.wStride;
      to += sizeof<T>();
    }
    for (; to < end; to += sizeof<T>()) store<T>(to, 0);
  }
}
