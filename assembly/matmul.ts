import { BLOCK, packColumns, packPanels, packTransposed, PANEL } from "./matmul/panel";
import { rowProduct } from "./matmul/row";
import { tile3x2, tile4x1, tile4x2 } from "./matmul/tile";
import { lanes } from "./simd";

// Matrix products. One accumulator per element, starting from what the product is added to, adding in index order:
// no tile, packing or batch size changes a bit. Widths are whole vectors; strides and offsets are in bytes.
//
// C is computed in panels two vectors wide, each in tiles of four rows. Panels of B that many tiles read are first copied side
// by side, [k][2 vectors]: far apart, their rows would fall into the same few sets of the cache.

/** Rows of a tile. */
const TILE_ROWS = 4;

/** Rows of C from which it pays to copy a panel of B: two tiles. */
const PACKED_ROWS = 8;

/** Rows of A and B that a transposed product takes before C is stored and the next begin: 256 of 16 columns and a panel stay in the L1 cache. */
const ROWS = 256;

/** Bytes of a whole B above which its panels are copied for a transposed product: what stays in the L1 cache beside A. */
const PACKED_BYTES: usize = 16384;

/** C ← S + A·B. C [m][n], n in vectors; A [m][k]; B [k][n]; S one row [n]. `panel` has room for k rows of two panels. */
export function product<T>(
  c: usize, cStride: usize, start: usize, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, panel: usize,
): void {
  if (m < TILE_ROWS) {
    for (let i = 0; i < m; i++) {
      rowProduct<T>(c, start, a, b, bStride, k);
      c += cStride;
      a += aStride;
    }
    return;
  }
  const width = <usize>n << 4;
  const packed = m >= PACKED_ROWS && bStride > PANEL;
  const most = blockRows(aStride);
  for (let first = 0; first < m; first += most) {
    const rows = min(most, m - first);
    let j: usize = 0;
    if (!packed) {
      for (; j + PANEL <= width; j += PANEL) {
        columns2<T>(c + j, cStride, start + j, 0, a, aStride, sizeof<T>(), b + j, bStride, rows, k, 0);
      }
    }
    while (j + PANEL <= width) {
      let panels = 0;
      for (let p = 0; p < k; ) {
        const terms = blockTerms<T>(k - p);
        panels = packPanels(panel, b + j + bStride * p, bStride, terms, width - j);
        for (let q: usize = 0; q < <usize>panels * PANEL; q += PANEL) {
          const to = c + j + q;
          columns2<T>(
            to, cStride, p ? to : start + j + q, p ? cStride : 0,
            a + <usize>p * sizeof<T>(), aStride, sizeof<T>(), panel + q * terms, PANEL, rows, terms, 0,
          );
        }
        p += terms;
      }
      j += <usize>panels * PANEL;
    }
    if (j < width) columns1<T>(c + j, cStride, start + j, 0, a, aStride, sizeof<T>(), b + j, bStride, rows, k, 0);
    c += cStride * rows;
    a += aStride * rows;
  }
}

/** Rows of A that are multiplied by all panels before the next: 512 KiB of them, half of an L2 cache. Whole tiles. */
@inline
function blockRows(aStride: usize): i32 {
  return <i32>max<usize>(TILE_ROWS, (524288 / aStride) & -TILE_ROWS);
}

/**
 * Of `left` terms of a sum, how many are added before C is stored and the next begin: so that a panel and four rows of A stay in
 * the L1 cache. A rest of less than as many again is halved.
 */
@inline
function blockTerms<T>(left: i32): i32 {
  const most = 3072 / sizeof<T>();
  if (left <= most) return left;
  return left < 2 * most ? left >> 1 : most;
}

/**
 * C ← Aᵀ·B, or C + Aᵀ·B where `accumulate`, or C − rate·(Aᵀ·B) where there is a `descent`. C [k][n], n in vectors;
 * A [m][k]; B [m][n]. `workspace` has room for B and for BLOCK columns of A.
 */
export function transposedProduct<T>(
  c: usize, cStride: usize, accumulate: bool, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, descent: usize, workspace: usize,
): void {
  // A descent needs the whole sum at once.
  const most = descent ? m : ROWS;
  for (let first = 0; first < m; first += most) {
    const rows = min(most, m - first);
    transposedBlock<T>(c, cStride, accumulate || first > 0, a, aStride, b, bStride, rows, k, n, descent, workspace);
    a += aStride * rows;
    b += bStride * rows;
  }
}

function transposedBlock<T>(
  c: usize, cStride: usize, accumulate: bool, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, descent: usize, workspace: usize,
): void {
  const width = <usize>n << 4;
  const start = accumulate ? c : 0;
  const startRow = accumulate ? cStride : 0;
  const packed = <usize>m * bStride > PACKED_BYTES && n > 1;
  let j: usize = 0;
  if (!packed) {
    for (; j + PANEL <= width; j += PANEL) {
      columns2<T>(c + j, cStride, start ? start + j : 0, startRow, a, sizeof<T>(), aStride, b + j, bStride, k, m, descent);
    }
  } else {
    while (j + PANEL <= width) j += <usize>packPanels(workspace + j * m, b + j, bStride, m, width - j) * PANEL;
    const block = workspace + j * <usize>m;
    for (let first = 0; first < k; first += BLOCK) {
      const columns = min(BLOCK, k - first);
      packColumns<T>(block, a + <usize>first * sizeof<T>(), aStride, m, columns);
      const row = c + <usize>first * cStride;
      for (let p: usize = 0; p < j; p += PANEL) {
        columns2<T>(
          row + p, cStride, start ? row + p : 0, startRow,
          block, sizeof<T>(), BLOCK * sizeof<T>(), workspace + p * <usize>m, PANEL, columns, m, descent,
        );
      }
    }
  }
  if (j < width) {
    columns1<T>(c + j, cStride, start ? start + j : 0, startRow, a, sizeof<T>(), aStride, b + j, bStride, k, m, descent);
  }
}

/** C ← A·Bᵀ. C [m][k], its padding 0; A [m][n]; B [k][n]. `panel` has room for n rows, rounded up to a vector, of a panel. */
export function productTransposed<T>(
  c: usize, cStride: usize, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, panel: usize,
): void {
  const wide = lanes<T>() * 2;
  const most = blockRows(aStride);
  for (let first = 0; first < m; first += most) {
    const rows = min(most, m - first);
    let from = b;
    for (let j = 0; j < k; j += wide) {
      const to = c + <usize>j * sizeof<T>();
      const whole = <usize>j * sizeof<T>() + PANEL <= cStride;
      for (let p = 0; p < n; ) {
        // Whole vectors, so that the next begin at one.
        const terms = p + blockTerms<T>(n - p) < n ? blockTerms<T>(n - p) & -4 : n - p;
        const at = <usize>p * sizeof<T>();
        packTransposed<T>(panel, from + at, bStride, min(wide, k - j), terms);
        const start = p ? to : 0;
        const startRow = p ? cStride : 0;
        if (whole) columns2<T>(to, cStride, start, startRow, a + at, aStride, sizeof<T>(), panel, PANEL, rows, terms, 0);
        else columns1<T>(to, cStride, start, startRow, a + at, aStride, sizeof<T>(), panel, PANEL, rows, terms, 0);
        p += terms;
      }
      from += bStride * wide;
    }
    c += cStride * rows;
    a += aStride * rows;
  }
}

/** One panel of C, [m][2 vectors]. A(i, p) is the number at a + i·aRow + p·aStep. */
function columns2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  m: i32, k: i32, descent: usize,
): void {
  for (; m >= TILE_ROWS; m -= TILE_ROWS) {
    tile4x2<T>(c, cStride, start, startRow, a, aRow, aStep, b, bStride, k, descent);
    c += cStride << 2;
    a += aRow << 2;
    start += startRow << 2;
  }
  if (m) tile3x2<T>(c, cStride, start, startRow, a, aRow, aStep, b, bStride, k, descent, m);
}

/** The last column of an odd number of vectors of C. */
function columns1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  m: i32, k: i32, descent: usize,
): void {
  for (; m > 0; m -= TILE_ROWS) {
    tile4x1<T>(c, cStride, start, startRow, a, aRow, aStep, b, bStride, k, descent, m);
    c += cStride << 2;
    a += aRow << 2;
    start += startRow << 2;
  }
}
