import { BLOCK, blockTerms, packColumns, packPanels, packTransposed, PACKED_ROWS, PANEL } from "./matmul/panel";
import { rowProduct } from "./matmul/row";
import { tile3x2, tile4x1, tile4x2, TILE_ROWS } from "./matmul/tile";
import { lanes } from "./simd";

// Matrix products. One accumulator per element, starting from what the product is added to, adding in index order:
// no tile, packing or batch size changes a bit. Widths are whole vectors; strides and offsets are in bytes.
//
// C is computed in panels two vectors wide, each in tiles of four rows. Panels of B that many tiles read are first copied side
// by side, [k][2 vectors]: far apart, their rows would fall into the same few sets of the cache.

/** Bytes of the rows of A that are multiplied by all panels of a group before the next: half of an L2 cache. Whole tiles of rows. */
const BLOCK_BYTES: usize = 524288;

/**
 * Bytes of a row of a group of panels, 16 of them, copied once for all rows of A; 256 to 2048 and whole rows of B were measured at 512³
 * and 1024³. Copying A as well gained at most 2 % more (1024³, f64) and lost as much (512³, f32).
 */
const GROUP: usize = 512;

/**
 * Rows of A and B that a transposed product takes before C is stored and the next begin: 256 of 16 columns and a panel stay in the L1
 * cache.
 */
const ROWS = 256;

/** Bytes of a whole B above which its panels are copied for a transposed product: what stays in the L1 cache beside A. */
const PACKED_BYTES: usize = 16384;

/** C ← S + A·B. C [m][n], n in vectors; A [m][k]; B [k][n]; S one row [n]. `panels` has room for a group. */
export function product<T>(
  c: usize, cStride: usize, start: usize, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, panels: usize,
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
  const whole = width & -PANEL;
  if (m >= PACKED_ROWS && bStride > PANEL) {
    const most = groupBytes<T>(m, k, 2 * PANEL);
    for (let j: usize = 0; j < whole; j += most) {
      const bytes = min(most, whole - j);
      const to = c + j;
      for (let p = 0; p < k; ) {
        const terms = blockTerms<T>(k - p);
        packPanels(panels, b + j + bStride * p, bStride, terms, bytes);
        const from = a + <usize>p * sizeof<T>();
        group<T>(to, cStride, p ? to : start + j, p ? cStride : 0, from, aStride, panels, bytes, m, terms);
        p += terms;
      }
    }
  } else {
    for (let j: usize = 0; j < whole; j += PANEL) {
      columns2<T>(c + j, cStride, start + j, 0, a, aStride, sizeof<T>(), b + j, bStride, m, k, 0);
    }
  }
  if (whole < width) {
    columns1<T>(c + whole, cStride, start + whole, 0, a, aStride, sizeof<T>(), b + whole, bStride, m, k, 0);
  }
}

/** Bytes of a row of a group: `least`, what is copied at once, where the numbers of A fit one block of rows. */
@inline
function groupBytes<T>(m: i32, k: i32, least: usize): usize {
  return <usize>m * k * sizeof<T>() > BLOCK_BYTES ? GROUP : least;
}

/** C ← S + A·B, or A·B where S is 0, for a group of panels of B one behind the other; rows of S are `startRow` bytes apart. */
function group<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aStride: usize, panels: usize, bytes: usize,
  m: i32, k: i32,
): void {
  const most = <i32>max<usize>(TILE_ROWS, (BLOCK_BYTES / aStride) & -TILE_ROWS);
  for (; m > 0; m -= most) {
    const rows = min(most, m);
    for (let q: usize = 0; q < bytes; q += PANEL) {
      columns2<T>(c + q, cStride, start ? start + q : 0, startRow, a, aStride, sizeof<T>(), panels + q * k, PANEL, rows, k, 0);
    }
    c += cStride * rows;
    start += startRow * rows;
    a += aStride * rows;
  }
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
  const whole = width & -PANEL;
  if (!packed) {
    for (let j: usize = 0; j < whole; j += PANEL) {
      columns2<T>(c + j, cStride, start ? start + j : 0, startRow, a, sizeof<T>(), aStride, b + j, bStride, k, m, descent);
    }
  } else {
    packPanels(workspace, b, bStride, m, whole);
    const block = workspace + whole * <usize>m;
    for (let first = 0; first < k; first += BLOCK) {
      const columns = min(BLOCK, k - first);
      packColumns<T>(block, a + <usize>first * sizeof<T>(), aStride, m, columns);
      const row = c + <usize>first * cStride;
      for (let p: usize = 0; p < whole; p += PANEL) {
        columns2<T>(
          row + p, cStride, start ? row + p : 0, startRow,
          block, sizeof<T>(), BLOCK * sizeof<T>(), workspace + p * <usize>m, PANEL, columns, m, descent,
        );
      }
    }
  }
  if (whole < width) {
    const from = start ? start + whole : 0;
    columns1<T>(c + whole, cStride, from, startRow, a, sizeof<T>(), aStride, b + whole, bStride, k, m, descent);
  }
}

/** C ← A·Bᵀ. C [m][k], its padding 0; A [m][n]; B [k][n]. `panels` has room for a group. */
export function productTransposed<T>(
  c: usize, cStride: usize, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, panels: usize,
): void {
  const wide = lanes<T>() * 2;
  const most = groupBytes<T>(m, n, PANEL);
  for (let j: usize = 0; j < cStride; j += most) {
    const bytes = min(most, cStride - j);
    const whole = bytes & -PANEL;
    const to = c + j;
    const row = <i32>(j / sizeof<T>());
    for (let p = 0; p < n; ) {
      // Whole vectors, so that the next begin at one.
      const terms = p + blockTerms<T>(n - p) < n ? blockTerms<T>(n - p) & -4 : n - p;
      const at = <usize>p * sizeof<T>();
      let from = b + bStride * row + at;
      for (let q: usize = 0; q < bytes; q += PANEL) {
        packTransposed<T>(panels + q * terms, from, bStride, min(wide, k - row - <i32>(q / sizeof<T>())), terms);
        from += bStride * wide;
      }
      const startRow = p ? cStride : 0;
      group<T>(to, cStride, p ? to : 0, startRow, a + at, aStride, panels, whole, m, terms);
      if (whole < bytes) {
        const last = to + whole;
        columns1<T>(
          last, cStride, p ? last : 0, startRow, a + at, aStride, sizeof<T>(), panels + whole * terms, PANEL, m, terms, 0,
        );
      }
      p += terms;
    }
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
