import { PANEL } from "../matmul/panel";
import { TILE_ROWS } from "../matmul/tile";
import { mulAdd } from "../simd";

// Products whose rows are added where a table says, in tiles of four rows.

/**
 * C(i) ← C(i) + A·B for rows C(i) at c + rows[i], no two of them the same; each sum from 0 in index order. C(i) [n], `bytes`; A [m][k];
 * B in panels [k][2 vectors], the last of which may be half empty.
 */
export function scatteredProduct<T>(
  c: usize, rows: usize, bytes: usize, a: usize, aStride: usize, m: i32, k: i32, panels: usize, panelBytes: usize,
): void {
  const whole = bytes & -PANEL;
  for (let j: usize = 0; j < whole; j += PANEL) {
    columns2<T>(c + j, rows, a, aStride, m, k, panels);
    panels += panelBytes;
  }
  if (whole < bytes) columns1<T>(c + whole, rows, a, aStride, m, k, panels);
}

function columns2<T>(c: usize, rows: usize, a: usize, aStride: usize, m: i32, k: i32, b: usize): void {
  for (; m > 0; m -= TILE_ROWS) {
    tile4x2<T>(c, rows, a, aStride, m, k, b);
    rows += TILE_ROWS << 2;
    a += aStride << 2;
  }
}

function tile4x2<T>(c: usize, rows: usize, a: usize, aStride: usize, m: i32, k: i32, b: usize): void {
  const a1 = a + aStride * min(m - 1, 1), a2 = a + aStride * min(m - 1, 2), a3 = a + aStride * min(m - 1, 3);
  const zero = i32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  const end = b + PANEL * k;
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
    o += sizeof<T>();
    b += PANEL;
  } while (b != end);
  add2<T>(c + load<u32>(rows), c00, c01);
  if (m == 1) return;
  add2<T>(c + load<u32>(rows, 4), c10, c11);
  if (m == 2) return;
  add2<T>(c + load<u32>(rows, 8), c20, c21);
  if (m == 3) return;
  add2<T>(c + load<u32>(rows, 12), c30, c31);
}

@inline
function add1<T>(c: usize, sum: v128): void {
  v128.store(c, v128.add<T>(v128.load(c), sum));
}

@inline
function add2<T>(c: usize, sum0: v128, sum1: v128): void {
  add1<T>(c, sum0);
  add1<T>(c + 16, sum1);
}

function columns1<T>(c: usize, rows: usize, a: usize, aStride: usize, m: i32, k: i32, b: usize): void {
  for (; m > 0; m -= TILE_ROWS) {
    tile4x1<T>(c, rows, a, aStride, m, k, b);
    rows += TILE_ROWS << 2;
    a += aStride << 2;
  }
}

function tile4x1<T>(c: usize, rows: usize, a: usize, aStride: usize, m: i32, k: i32, b: usize): void {
  const a1 = a + aStride * min(m - 1, 1), a2 = a + aStride * min(m - 1, 2), a3 = a + aStride * min(m - 1, 3);
  let c0 = i32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
  const end = b + PANEL * k;
  let o: usize = 0;
  do {
    const x = v128.load(b);
    c0 = mulAdd<T>(v128.load_splat<T>(a + o), x, c0);
    c1 = mulAdd<T>(v128.load_splat<T>(a1 + o), x, c1);
    c2 = mulAdd<T>(v128.load_splat<T>(a2 + o), x, c2);
    c3 = mulAdd<T>(v128.load_splat<T>(a3 + o), x, c3);
    o += sizeof<T>();
    b += PANEL;
  } while (b != end);
  add1<T>(c + load<u32>(rows), c0);
  if (m > 1) add1<T>(c + load<u32>(rows, 4), c1);
  if (m > 2) add1<T>(c + load<u32>(rows, 8), c2);
  if (m > 3) add1<T>(c + load<u32>(rows, 12), c3);
}
