import { transposedProduct } from "./matmul";
import { rowProduct } from "./matmul/row";
import { mulAdd } from "./simd";

// Symmetric positive definite systems of n equations in f64, n even: rows are whole vectors. One matrix [n][n] holds both a
// symmetric A, as its upper triangle with the diagonal, and below the diagonal the factor L of A + damping·I, whose own diagonal
// lies apart [n]. So A stays, and can be factored again with another damping.

/** Rows of JᵀJ that are computed from their first diagonal element on: what lies left of it within them is computed for nothing. */
const BAND = 64;

/**
 * A ← A + JᵀJ (upper triangle), b ← b + Jᵀr: a few rows of a Jacobian J [rows][n] and of residuals r [rows]. Each element starts
 * from what is there and adds in index order. Overwrites the squares of BAND rows on the diagonal, below it too. `workspace` has room
 * for min(rows, 256) rows of n + 16 numbers.
 */
export function accumulateNormal(
  matrix: usize, b: usize, jacobian: usize, residuals: usize, rows: i32, n: i32, workspace: usize,
): void {
  const width = <usize>n << 3;
  for (let i = 0; i < n; i += BAND) {
    const column = jacobian + (<usize>i << 3);
    const corner = matrix + width * i + (<usize>i << 3);
    transposedProduct<f64>(
      corner, width, true, column, width, column, width, rows, min(BAND, n - i), (n - i) >> 1, 0, workspace,
    );
  }
  rowProduct<f64>(b, b, residuals, jacobian, width, rows);
}

/**
 * L ← the Cholesky factor of A + damping·I: L_ij = (A_ij − Σ_k L_ik·L_jk) / L_jj for j < i, L_jj = √(A_jj + damping − Σ_k L_jk²),
 * k < j. Up to the last multiple of 4, even k and odd k are summed apart in index order, and the sum of both is subtracted; what is
 * left, up to three k, is subtracted one at a time. Returns 1, or 0 at a pivot (what the root is taken of) that is not positive or not
 * finite, L being of no use then.
 */
export function cholesky(matrix: usize, diagonal: usize, n: i32, damping: f64): i32 {
  const width = <usize>n << 3;
  for (let j = 0; j < n; j += 4) {
    const block = matrix + width * j;
    const roots = diagonal + (<usize>j << 3);
    if (!factorSquare(block, roots, width, j, min(4, n - j), damping)) return 0;
    // Called from two places the function is not inlined: only between calls do engines change over to optimised code.
    for (let i = j + 4; i < n; i += 4) {
      factorRows(matrix + width * i, block, roots, width, i, j);
      if (i + 2 < n) factorRows(matrix + width * (i + 2), block, roots, width, i + 2, j);
    }
  }
  return 1;
}

/** Rows and columns j … j + size − 1. `block`: row j; `roots`: L_jj. */
function factorSquare(block: usize, roots: usize, width: usize, j: i32, size: i32, damping: f64): bool {
  const square = block + (<usize>j << 3);
  for (let c = 0; c < size; c++) {
    const own = block + width * c;
    const a = square + width * c;
    const pivot = remainder(load<f64>(a + (<usize>c << 3)) + damping, own, own, j, c);
    if (!(pivot > 0 && pivot < Infinity)) return false;
    const root = Math.sqrt(pivot);
    store<f64>(roots + (<usize>c << 3), root);
    for (let r = c + 1; r < size; r++) {
      const value = remainder(load<f64>(a + (<usize>r << 3)), block + width * r, own, j, c);
      store<f64>(square + width * r + (<usize>c << 3), value / root);
    }
  }
  return true;
}

/** value − Σ_k x_k·y_k, k < j + c, in `cholesky`'s order. */
function remainder(value: f64, x: usize, y: usize, j: i32, c: i32): f64 {
  value -= sumOfPairs(x, y, j);
  x += <usize>j << 3;
  y += <usize>j << 3;
  for (let k: usize = 0; k < <usize>c << 3; k += 8) value -= load<f64>(x + k) * load<f64>(y + k);
  return value;
}

/** Σ_k x_k·y_k, k < n, n even: even k and odd k apart. */
function sumOfPairs(x: usize, y: usize, n: i32): f64 {
  let sum = f64x2.splat(0);
  for (let k: usize = 0; k < <usize>n << 3; k += 16) sum = mulAdd<f64>(v128.load(x + k), v128.load(y + k), sum);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Rows i and i + 1 in columns j … j + 3: eight sums, as many accumulators as every engine keeps in registers. */
function factorRows(rows: usize, block: usize, roots: usize, width: usize, i: i32, j: i32): void {
  const zero = f64x2.splat(0);
  let s00 = zero, s01 = zero, s02 = zero, s03 = zero, s10 = zero, s11 = zero, s12 = zero, s13 = zero;
  const below = rows + width;
  const y1 = block + width, y2 = y1 + width, y3 = y2 + width;
  const end = <usize>j << 3;
  for (let k: usize = 0; k < end; k += 16) {
    const x0 = v128.load(rows + k), x1 = v128.load(below + k);
    let y = v128.load(block + k);
    s00 = mulAdd<f64>(x0, y, s00);
    s10 = mulAdd<f64>(x1, y, s10);
    y = v128.load(y1 + k);
    s01 = mulAdd<f64>(x0, y, s01);
    s11 = mulAdd<f64>(x1, y, s11);
    y = v128.load(y2 + k);
    s02 = mulAdd<f64>(x0, y, s02);
    s12 = mulAdd<f64>(x1, y, s12);
    y = v128.load(y3 + k);
    s03 = mulAdd<f64>(x0, y, s03);
    s13 = mulAdd<f64>(x1, y, s13);
  }
  // From here on a lane for each of the two rows. In A's upper triangle they are two columns.
  const a = <usize>i << 3;
  const v0 = v128.div<f64>(less(block + a, s00, s10), v128.load64_splat(roots));
  let v1 = less(y1 + a, s01, s11);
  v1 = v128.div<f64>(lessProduct(v1, v0, y1 + end), v128.load64_splat(roots, 8));
  let v2 = less(y2 + a, s02, s12);
  v2 = lessProduct(lessProduct(v2, v0, y2 + end), v1, y2 + end + 8);
  v2 = v128.div<f64>(v2, v128.load64_splat(roots, 16));
  let v3 = less(y3 + a, s03, s13);
  v3 = lessProduct(lessProduct(lessProduct(v3, v0, y3 + end), v1, y3 + end + 8), v2, y3 + end + 16);
  v3 = v128.div<f64>(v3, v128.load64_splat(roots, 24));
  v128.store(rows + end, v128.shuffle<i64>(v0, v1, 0, 2));
  v128.store(rows + end, v128.shuffle<i64>(v2, v3, 0, 2), 16);
  v128.store(below + end, v128.shuffle<i64>(v0, v1, 1, 3));
  v128.store(below + end, v128.shuffle<i64>(v2, v3, 1, 3), 16);
}

/** a[r] − (even + odd part of the sum of row r). */
@inline
function less(a: usize, row0: v128, row1: v128): v128 {
  const sum = v128.add<f64>(v128.shuffle<i64>(row0, row1, 0, 2), v128.shuffle<i64>(row0, row1, 1, 3));
  return v128.sub<f64>(v128.load(a), sum);
}

/** v − x·l. */
@inline
function lessProduct(v: v128, x: v128, l: usize): v128 {
  return v128.sub<f64>(v, v128.mul<f64>(x, v128.load64_splat(l)));
}

/** x ← (L·Lᵀ)⁻¹·x, in place, L as `cholesky` leaves it: L·y = x row by row, then Lᵀ·x = y from the last row up. */
export function solveCholesky(x: usize, matrix: usize, diagonal: usize, n: i32): void {
  const width = <usize>n << 3;
  let row = matrix;
  for (let i = 0; i < n; i++) {
    const at = <usize>i << 3;
    let value = load<f64>(x + at) - sumOfPairs(row, x, i & -2);
    if (i & 1) value -= load<f64>(row + at - 8) * load<f64>(x + at - 8);
    store<f64>(x + at, value / load<f64>(diagonal + at));
    row += width;
  }
  for (let i = n - 1; i >= 0; i--) {
    row -= width;
    const at = <usize>i << 3;
    const value = load<f64>(x + at) / load<f64>(diagonal + at);
    store<f64>(x + at, value);
    subtractRow(x, row, value, i);
  }
}

/** x_k ← x_k − value·l_k, k < n. */
function subtractRow(x: usize, l: usize, value: f64, n: i32): void {
  const factor = f64x2.splat(value);
  const end = <usize>n << 3;
  let k: usize = 0;
  for (; k < (end & -16); k += 16) {
    v128.store(x + k, v128.sub<f64>(v128.load(x + k), v128.mul<f64>(factor, v128.load(l + k))));
  }
  if (k < end) store<f64>(x + k, load<f64>(x + k) - value * load<f64>(l + k));
}
