import { mulAdd } from "../simd";

// The tiles of a gathered product, in registers: A(i, p) is the number at a + rows[i] + terms[p]; m is what is left of the rows of C,
// and where it is less than four, the last one stands in for the others, which are not stored. Otherwise as in matmul/tile.ts.

/** Four rows by two vectors. */
export function tile4x2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, rows: usize, m: i32, terms: usize, k: i32,
  b: usize, bStride: usize,
): void {
  const i1 = <usize>min(m - 1, 1), i2 = <usize>min(m - 1, 2), i3 = <usize>min(m - 1, 3);
  let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (start) {
    c00 = v128.load(start);
    c01 = v128.load(start, 16);
    let s = start + startRow * i1;
    c10 = v128.load(s);
    c11 = v128.load(s, 16);
    s = start + startRow * i2;
    c20 = v128.load(s);
    c21 = v128.load(s, 16);
    s = start + startRow * i3;
    c30 = v128.load(s);
    c31 = v128.load(s, 16);
  }
  const a0 = a + load<u32>(rows), a1 = a + load<u32>(rows + (i1 << 2));
  const a2 = a + load<u32>(rows + (i2 << 2)), a3 = a + load<u32>(rows + (i3 << 2));
  const end = terms + (<usize>k << 2);
  do {
    const o = <usize>load<u32>(terms);
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a0 + o);
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
    terms += 4;
    b += bStride;
  } while (terms != end);
  v128.store(c, c00);
  v128.store(c, c01, 16);
  if (m == 1) return;
  c += cStride;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  if (m == 2) return;
  c += cStride;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  if (m == 3) return;
  c += cStride;
  v128.store(c, c30);
  v128.store(c, c31, 16);
}

/** Four rows by one vector. */
export function tile4x1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, rows: usize, m: i32, terms: usize, k: i32,
  b: usize, bStride: usize,
): void {
  const i1 = <usize>min(m - 1, 1), i2 = <usize>min(m - 1, 2), i3 = <usize>min(m - 1, 3);
  let c0 = i32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
  if (start) {
    c0 = v128.load(start);
    c1 = v128.load(start + startRow * i1);
    c2 = v128.load(start + startRow * i2);
    c3 = v128.load(start + startRow * i3);
  }
  const a0 = a + load<u32>(rows), a1 = a + load<u32>(rows + (i1 << 2));
  const a2 = a + load<u32>(rows + (i2 << 2)), a3 = a + load<u32>(rows + (i3 << 2));
  const end = terms + (<usize>k << 2);
  do {
    const o = <usize>load<u32>(terms);
    const x = v128.load(b);
    c0 = mulAdd<T>(v128.load_splat<T>(a0 + o), x, c0);
    c1 = mulAdd<T>(v128.load_splat<T>(a1 + o), x, c1);
    c2 = mulAdd<T>(v128.load_splat<T>(a2 + o), x, c2);
    c3 = mulAdd<T>(v128.load_splat<T>(a3 + o), x, c3);
    terms += 4;
    b += bStride;
  } while (terms != end);
  v128.store(c, c0);
  if (m > 1) v128.store(c + cStride, c1);
  if (m > 2) v128.store(c + 2 * cStride, c2);
  if (m > 3) v128.store(c + 3 * cStride, c3);
}
