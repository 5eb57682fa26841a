/** The arguments of a loss. All matrices are [rows][outputs], `stride` bytes from row to row. */
@unmanaged
export class LossRecord {
  /** Written: the derivative by the logits, its padding 0. */
  delta: usize;
  logits: usize;
  targets: usize;
  /** The sum of the losses is added to its `loss`; the derivative is divided by its `divisor`. */
  cursor: usize;
  outputs: i32;
  stride: usize;
  /** Of huber: the difference from which on the loss grows along a straight line. The other losses do not read it. */
  parameter: f64;
}
