/** Where a run stands. It lies in linear memory; the facade reads and writes the same fields (`src/cursor.ts`). */
@unmanaged
export class Cursor {
  /** Steps that the network has taken. */
  step: f64;
  /** Sum of the losses of the samples since it was last cleared. */
  loss: f64;
  /** Samples behind `loss`. */
  samples: f64;
  /** Samples whose labels agree with their targets. */
  correct: f64;
  /** What the sum of the samples' gradients is divided by. */
  divisor: f64;
  /** 0 as long as every updated parameter is finite, NaN from the first that is not. */
  health: f64;
  /** Address of the row numbers (u32) that the steps take in turn. */
  order: usize;
  /** How many row numbers there are. */
  length: u32;
  /** The first row number of the next step. */
  position: u32;
  /** Rows of a whole batch; the last batch of an order may be shorter. */
  batchSize: u32;
}
