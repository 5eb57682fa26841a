import { blockTerms, packPanels, PACKED_ROWS, PANEL } from "../matmul/panel";
import { TILE_ROWS } from "../matmul/tile";
import { tile4x1, tile4x2 } from "./tile";

// Products of a matrix A that is not there as one: A(i, p) is the number at a + rows[i] + terms[p], two tables of u32. With the tables
// of the patches one way it is the patches, the other way their transpose. Otherwise as in matmul.ts: one accumulator per element,
// adding in index order, in tiles of four rows by two vectors.

/**
 * C ← S + A·B, from 0 where S is 0; rows of S are `startRow` bytes apart (0: one row for all). C [m][n]; A [m][k]; B [k][n], rows of
 * whole vectors, `bStride` bytes. `panels` has room for two panels of TERM_BYTES / sizeof<T>() rows.
 */
export function gatheredProduct<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, rows: usize, m: i32, terms: usize, k: i32,
  b: usize, bStride: usize, panels: usize,
): void {
  const whole = bStride & -PANEL;
  const packed = m >= PACKED_ROWS && bStride > PANEL;
  for (let j: usize = 0; j < whole; j += 2 * PANEL) {
    const bytes = min<usize>(2 * PANEL, whole - j);
    for (let p = 0; p < k; ) {
      const count = blockTerms<T>(k - p);
      let from = b + bStride * p + j;
      if (packed) {
        packPanels(panels, from, bStride, count, bytes);
        from = panels;
      }
      const s = p ? c + j : start ? start + j : 0;
      for (let q: usize = 0; q < bytes; q += PANEL) {
        columns2<T>(
          c + j + q, cStride, s ? s + q : 0, p ? cStride : startRow, a, rows, m, terms + (<usize>p << 2), count,
          packed ? from + q * count : from + q, packed ? PANEL : bStride,
        );
      }
      p += count;
    }
  }
  if (whole < bStride) {
    columns1<T>(c + whole, cStride, start ? start + whole : 0, startRow, a, rows, m, terms, k, b + whole, bStride);
  }
}

/** One panel of C, [m][2 vectors]. */
function columns2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, rows: usize, m: i32, terms: usize, k: i32,
  b: usize, bStride: usize,
): void {
  for (; m > 0; m -= TILE_ROWS) {
    tile4x2<T>(c, cStride, start, startRow, a, rows, m, terms, k, b, bStride);
    c += cStride << 2;
    rows += TILE_ROWS << 2;
    start += startRow << 2;
  }
}

/** The last column of an odd number of vectors of C. */
function columns1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, rows: usize, m: i32, terms: usize, k: i32,
  b: usize, bStride: usize,
): void {
  for (; m > 0; m -= TILE_ROWS) {
    tile4x1<T>(c, cStride, start, startRow, a, rows, m, terms, k, b, bStride);
    c += cStride << 2;
    rows += TILE_ROWS << 2;
    start += startRow << 2;
  }
}
