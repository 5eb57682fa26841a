import { firstLanes, lanes, mulAdd } from "./simd";

// Matrix products. One accumulator per element, starting from what the product is added to, adding in index order:
// no tile, packing or batch size changes a bit. Widths are whole vectors; strides and offsets are in bytes.
//
// C is computed in panels two vectors wide, each in tiles of four rows. Panels of B that many tiles read are first copied side
// by side, [k][2 vectors]: far apart, their rows would fall into the same few sets of the cache.

/** Bytes of a row of a panel. */
export const PANEL: usize = 32;

/** Rows of a tile. */
const TILE_ROWS = 4;

/** Rows of C from which it pays to copy a panel of B: two tiles. */
const PACKED_ROWS = 8;

/** Bytes of a whole B above which its panels are copied for a transposed product: what stays in the L1 cache beside A. */
const PACKED_BYTES: usize = 16384;

/** Columns of A that a transposed product copies at a time; 16, 32 and 64 were measured at 128×784×512 and 512³. */
const BLOCK = 16;

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

/** C ← S + A·B. C [m][n], n in vectors; A [m][k]; B [k][n]; S one row [n]. `panel` has room for k rows of a panel. */
export function product<T>(
  c: usize, cStride: usize, start: usize, a: usize, aStride: usize, b: usize, bStride: usize,
  m: i32, k: i32, n: i32, panel: usize,
): void {
  const width = <usize>n << 4;
  let j: usize = 0;
  if (m >= TILE_ROWS) {
    const packed = m >= PACKED_ROWS && bStride > PANEL;
    for (; j + PANEL <= width; j += PANEL) {
      if (packed) packPanel(panel, b + j, bStride, k);
      columns2<T>(
        c + j, cStride, start + j, 0, a, aStride, sizeof<T>(), packed ? panel : b + j, packed ? PANEL : bStride, m, k, 0,
      );
    }
    if (j < width) columns1<T>(c + j, cStride, start + j, 0, a, aStride, sizeof<T>(), b + j, bStride, m, k, 0);
    return;
  }
  for (let i = 0; i < m; i++) {
    rowProduct<T>(c, start, a, b, bStride, k);
    c += cStride;
    a += aStride;
  }
}

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

/**
 * C ← Aᵀ·B, or C + Aᵀ·B where `accumulate`, or C − rate·(Aᵀ·B) where there is a `descent`. C [k][n], n in vectors;
 * A [m][k]; B [m][n]. `workspace` has room for B and for BLOCK columns of A.
 */
export function transposedProduct<T>(
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
    const panelBytes = <usize>m * PANEL;
    for (; j + PANEL <= width; j += PANEL) packPanel(workspace + j * <usize>m, b + j, bStride, m);
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
  for (let j = 0; j < k; j += wide) {
    packTransposed<T>(panel, b, bStride, min(wide, k - j), n);
    const at = <usize>j * sizeof<T>();
    if (at + PANEL <= cStride) columns2<T>(c + at, cStride, 0, 0, a, aStride, sizeof<T>(), panel, PANEL, m, n, 0);
    else columns1<T>(c + at, cStride, 0, 0, a, aStride, sizeof<T>(), panel, PANEL, m, n, 0);
    b += bStride * wide;
  }
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

/** Copies two vectors of each of k rows side by side. */
function packPanel(panel: usize, b: usize, bStride: usize, k: i32): void {
  for (const end = panel + <usize>k * PANEL; panel < end; panel += PANEL) {
    v128.store(panel, v128.load(b));
    v128.store(panel, v128.load(b, 16), 16);
    b += bStride;
  }
}

/** Copies `columns` numbers of each of m rows, BLOCK of them apart; reads and writes whole vectors. */
function packColumns<T>(block: usize, a: usize, aStride: usize, m: i32, columns: i32): void {
  const width = <usize>columns * sizeof<T>();
  for (let i = 0; i < m; i++) {
    for (let p: usize = 0; p < width; p += 16) v128.store(block + p, v128.load(a + p));
    block += BLOCK * sizeof<T>();
    a += aStride;
  }
}

/** panel[p][r] ← b[r][p] for `rows` rows of n numbers, 0 for the other r of a panel; writes n rounded up to a vector. */
function packTransposed<T>(panel: usize, b: usize, bStride: usize, rows: i32, n: i32): void {
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

/** One panel of C, [m][2 vectors]. A(i, p) is the number at a + i·aRow + p·aStep. */
function columns2<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  m: i32, k: i32, descent: usize,
): void {
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    tile4x2<T>(c, cStride, start, startRow, a, aRow, aStep, b, bStride, k, descent);
    c += cStride << 2;
    a += aRow << 2;
    start += startRow << 2;
  }
  for (; i < m; i++) {
    tile1x2<T>(c, start, a, aStep, b, bStride, k, descent);
    c += cStride;
    a += aRow;
    start += startRow;
  }
}

/** The last column of an odd number of vectors of C. */
function columns1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  m: i32, k: i32, descent: usize,
): void {
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    tile4x1<T>(c, cStride, start, startRow, a, aRow, aStep, b, bStride, k, descent);
    c += cStride << 2;
    a += aRow << 2;
    start += startRow << 2;
  }
  for (; i < m; i++) {
    tile1x1<T>(c, start, a, aStep, b, bStride, k, descent);
    c += cStride;
    a += aRow;
    start += startRow;
  }
}

@inline
function first(start: usize): v128 {
  return start ? v128.load(start) : i32x4.splat(0);
}

/** Four rows by two vectors: eight accumulators, as many as every engine keeps in registers. */
function tile4x2<T>(
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

function tile4x1<T>(
  c: usize, cStride: usize, start: usize, startRow: usize, a: usize, aRow: usize, aStep: usize, b: usize, bStride: usize,
  k: i32, descent: usize,
): void {
  let c0 = first(start), c1 = c0, c2 = c0, c3 = c0;
  if (startRow) {
    c1 = v128.load(start + startRow);
    c2 = v128.load(start + startRow * 2);
    c3 = v128.load(start + startRow * 3);
  }
  const a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
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
  const r1 = c + cStride, r2 = r1 + cStride, r3 = r2 + cStride;
  if (descent) {
    const rate = rateOf(descent);
    const health = v128.add<T>(descend<T>(c, c0, rate), descend<T>(r1, c1, rate));
    note<T>(descent, v128.add<T>(health, v128.add<T>(descend<T>(r2, c2, rate), descend<T>(r3, c3, rate))));
    return;
  }
  v128.store(c, c0);
  v128.store(r1, c1);
  v128.store(r2, c2);
  v128.store(r3, c3);
}

function tile1x2<T>(c: usize, start: usize, a: usize, aStep: usize, b: usize, bStride: usize, k: i32, descent: usize): void {
  let c0 = first(start), c1 = first(start ? start + 16 : 0);
  for (const end = b + bStride * k; b != end; b += bStride) {
    const x = v128.load_splat<T>(a);
    c0 = mulAdd<T>(x, v128.load(b), c0);
    c1 = mulAdd<T>(x, v128.load(b, 16), c1);
    a += aStep;
  }
  if (descent) {
    const rate = rateOf(descent);
    note<T>(descent, v128.add<T>(descend<T>(c, c0, rate), descend<T>(c + 16, c1, rate)));
    return;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
}

function tile1x1<T>(c: usize, start: usize, a: usize, aStep: usize, b: usize, bStride: usize, k: i32, descent: usize): void {
  let sum = first(start);
  for (const end = b + bStride * k; b != end; b += bStride) {
    sum = mulAdd<T>(v128.load_splat<T>(a), v128.load(b), sum);
    a += aStep;
  }
  if (descent) note<T>(descent, descend<T>(c, sum, rateOf(descent)));
  else v128.store(c, sum);
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
