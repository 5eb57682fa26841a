import { lanes } from "../simd";

// Copies that lie side by side: panels, two vectors wide, and blocks of columns.

/** Bytes of a row of a panel. */
export const PANEL: usize = 32;

/** Rows of C from which it pays to copy a panel of B: two tiles. */
export const PACKED_ROWS = 8;

/** Bytes of the terms of a sum that are added at most before C is stored and the next begin. */
export const TERM_BYTES = 3072;

/** Columns of A that a transposed product copies at a time; 16, 32 and 64 were measured at 128×784×512 and 512³. */
export const BLOCK = 16;

/**
 * Of `left` terms of a sum, how many are added before C is stored and the next begin: so that a panel and four rows of A stay in
 * the L1 cache. A rest of less than as many again is halved.
 */
@inline
export function blockTerms<T>(left: i32): i32 {
  const most = TERM_BYTES / sizeof<T>();
  if (left <= most) return left;
  return left < 2 * most ? left >> 1 : most;
}

/** Copies k rows of `bytes`, whole panels, panel by panel; two at a time, which lie in one cache line. */
export function packPanels(panel: usize, b: usize, bStride: usize, k: i32, bytes: usize): void {
  const size = <usize>k * PANEL;
  for (; bytes >= 2 * PANEL; bytes -= 2 * PANEL) {
    let from = b;
    for (const end = panel + size; panel < end; panel += PANEL) {
      v128.store(panel, v128.load(from));
      v128.store(panel, v128.load(from, 16), 16);
      v128.store(panel + size, v128.load(from, 32));
      v128.store(panel + size, v128.load(from, 48), 16);
      from += bStride;
    }
    panel += size;
    b += 2 * PANEL;
  }
  if (bytes) {
    for (const end = panel + size; panel < end; panel += PANEL) {
      v128.store(panel, v128.load(b));
      v128.store(panel, v128.load(b, 16), 16);
      b += bStride;
    }
  }
}

/** Copies `columns` numbers of each of m rows, BLOCK of them apart; reads and writes whole vectors. */
export function packColumns<T>(block: usize, a: usize, aStride: usize, m: i32, columns: i32): void {
  const width = <usize>columns * sizeof<T>();
  for (let i = 0; i < m; i++) {
    for (let p: usize = 0; p < width; p += 16) v128.store(block + p, v128.load(a + p));
    block += BLOCK * sizeof<T>();
    a += aStride;
  }
}

/** panel[p][r] ← b[r][p] for `rows` rows of n numbers, 0 for the other r of a panel; writes n rounded up to a vector. */
export function packTransposed<T>(panel: usize, b: usize, bStride: usize, rows: i32, n: i32): void {
  const wide = lanes<T>() * 2;
  if (rows == wide) {
    for (let p = 0; p < n; p += lanes<T>()) {
      transpose<T>(panel, b, bStride);
      transpose<T>(panel + 16, b + bStride * lanes<T>(), bStride);
      panel += PANEL * lanes<T>();
      b += 16;
    }
    return;
  }
  for (let p = 0; p < n; p++) {
    let from = b;
    for (let r = 0; r < wide; r++) {
      store<T>(panel + <usize>r * sizeof<T>(), r < rows ? load<T>(from) : 0);
      from += bStride;
    }
    panel += PANEL;
    b += sizeof<T>();
  }
}

/** Transposes one vector of as many rows as it has lanes into rows PANEL bytes apart. */
@inline
function transpose<T>(to: usize, from: usize, stride: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + stride);
  if (sizeof<T>() == 8) {
    v128.store(to, v128.shuffle<i64>(r0, r1, 0, 2));
    v128.store(to, v128.shuffle<i64>(r0, r1, 1, 3), PANEL);
    return;
  }
  const r2 = v128.load(from + 2 * stride), r3 = v128.load(from + 3 * stride);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), PANEL);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), PANEL * 2);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), PANEL * 3);
}
