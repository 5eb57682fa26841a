import { rowOf } from "./batch";
import { Cursor } from "./cursor";

// Weights of samples. A mean is Σ w·x / Σ w: the kernels of the losses multiply by w row by row, and the cursor's divisor is Σ w.

/** w of the row at place i of the batch, where there are weights: of the order, or of row i itself where there is none. */
@inline
export function weightOf(at: Cursor, i: i32): f64 {
  const row = rowOf(at.order ? changetype<usize>(at) : 0, i);
  return load<f64>(at.weights + (row << 3));
}

/** Σ w over `rows` rows from the first of the batch on, in index order; `rows` where there are no weights. */
@inline
export function weightOfRows(at: Cursor, rows: i32): f64 {
  return at.weights ? sumOfWeights(at, rows) : <f64>rows;
}

function sumOfWeights(at: Cursor, rows: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) sum += weightOf(at, i);
  return sum;
}
