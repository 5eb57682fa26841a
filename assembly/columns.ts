import { firstLanes, lanes } from "./simd";

// Sums down the columns of a matrix, in an order that the count of rows alone fixes: the rows of a chunk in index order from 0,
// then the sums of the chunks in index order. All rows are whole vectors.

/** Rows of a chunk. A sum that goes on over batches of whole chunks has the bits of one batch. */
const CHUNK = 64;

/** Rows of a chunk where `repeat` rows stand for one of the batch: those of one image, so that batches are always whole chunks. */
@inline
export function chunkOf(repeat: i32): i32 {
  return repeat > 1 ? repeat : CHUNK;
}

/** row ← 0. */
export function clear(row: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(row + at, i32x4.splat(0));
}

/** sum ← sum + row. */
export function add<T>(sum: usize, row: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(sum + at, v128.add<T>(v128.load(sum + at), v128.load(row + at)));
}

/** out ← x / n. `out` may be `x`. */
export function quotient<T>(out: usize, x: usize, n: i32, bytes: usize): void {
  const divisor = v128.splat<T>(<T>n);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, v128.div<T>(v128.load(x + at), divisor));
}

/** What lies behind the columns in the last vector of a row ← 0. */
@inline
export function clearPadding<T>(row: usize, columns: i32): void {
  const last = (columns - 1) & -lanes<T>();
  const at = row + <usize>last * sizeof<T>();
  v128.store(at, firstLanes<T>(v128.load(at), columns - last));
}
