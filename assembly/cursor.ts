/** Where a run stands. It lies in linear memory; the facade reads and writes the same fields (`src/cursor.ts`). */
@unmanaged
export class Cursor {
  /** Steps that the network has taken. */
  step: f64;
  /** Sum of the losses of the samples since it was last cleared. */
  loss: f64;
  /** Samples behind `loss`; the sum of their weights where they have any. */
  samples: f64;
  /** Samples whose labels agree with their targets. */
  correct: f64;
  /** What the sum of the samples' gradients is divided by: how many there are, or the sum of their weights. */
  divisor: f64;
  /** 0 as long as every updated parameter is finite, NaN from the first that is not. */
  health: f64;
  /** Address of the row numbers (u32) that the steps take in turn. */
  order: usize;
  /** How many row numbers there are. */
  length: u32;
  /** The first row number of the next batch. */
  position: u32;
  /** Rows of a whole batch; the last batch of a step may be shorter. */
  batchSize: u32;
  /** Rows of a whole step, which takes them batch by batch; the last step of an order may be shorter. */
  stepSize: u32;
  /** The first row number of the step that the batch belongs to. */
  begin: u32;
  /** Address of the weights of the rows (f64), by row number; 0 where all rows count the same. */
  weights: usize;
}
