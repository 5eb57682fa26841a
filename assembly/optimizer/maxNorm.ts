import { Cursor } from "../cursor";
import { loadDoubles } from "../simd";

@unmanaged
class MaxNormRecord {
  w: usize;
  rows: i32;
  /** Of a row, in bytes. */
  stride: usize;
  limit: f64;
  /** Room for one f64 for each column, padding included. */
  workspace: usize;
  cursor: usize;
}

/**
 * After an update: each column of W [rows][columns] whose Euclidean norm is above the limit is scaled to it (Srivastava et al.,
 * "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 5.1; Keras's max_norm along axis 0, which
 * adds ε to the norm: this does not). Squares are summed in the order of the rows, in f64. Where that is not finite, since a
 * parameter is not or, in f64, a square overflows, the column and the health become NaN.
 */
export function maxNorm<T>(args: usize): void {
  const r = changetype<MaxNormRecord>(args);
  const stride = r.stride, workspace = r.workspace;
  const columns = stride / sizeof<T>();
  memory.fill(workspace, 0, columns << 3);
  const end = r.w + <usize>r.rows * stride;
  for (let row = r.w; row < end; row += stride) addSquares<T>(workspace, row, columns);
  // The factors take the sums' place, which is as wide or wider.
  for (let j: usize = 0; j < columns; j++) {
    const sum = load<f64>(workspace + (j << 3));
    const norm = sqrt(sum);
    const factor = norm <= r.limit ? 1 : isFinite(sum) ? r.limit / norm : NaN;
    if (isNaN(factor)) changetype<Cursor>(r.cursor).health = NaN;
    store<T>(workspace + j * sizeof<T>(), <T>factor);
  }
  for (let row = r.w; row < end; row += stride) {
    for (let i: usize = 0; i < stride; i += 16) {
      v128.store(row + i, v128.mul<T>(v128.load(row + i), v128.load(workspace + i)));
    }
  }
}

/** sums ← sums + x², column by column, in f64; two roundings in every build. */
function addSquares<T>(sums: usize, x: usize, columns: usize): void {
  for (const end = sums + (columns << 3); sums < end; sums += 16) {
    const pair = loadDoubles<T>(x);
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.mul(pair, pair)));
    x += 2 * sizeof<T>();
  }
}
