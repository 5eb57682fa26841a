/** The arguments of a loss. All matrices are [rows][outputs], `stride` bytes from row to row. */
@unmanaged
export class LossRecord {
  /** Written: the derivative by the logits, its padding 0. */
  delta: usize;
  logits: usize;
  targets: usize;
  /** The sum of the losses is added to its `loss`; the derivative is divided by its `divisor`. Both are multiplied by its `weights`. */
  cursor: usize;
  outputs: i32;
  stride: usize;
  /** Of huber: the difference from which on the loss grows along a straight line. The other losses do not read it. */
  parameter: f64;
}

/**
 * What a row of weight w is multiplied by in D_ŷ: scale·w / divisor; 0 for a weight of 0 whatever the divisor, for rows that all
 * have a weight of 0 have no mean, and no say. A NaN that it is multiplied by stays one.
 */
@inline
export function factorOf<T>(scale: f64, weight: f64, divisor: f64): v128 {
  return v128.splat<T>(<T>(weight == 0 ? 0 : (scale * weight) / divisor));
}
