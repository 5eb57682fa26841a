/**
 * How far an optimizer is: what lasts from step to step beside its slots. It lies in linear memory and is saved with the slots.
 * The core counts `steps` and keeps `product`; the other fields are the facade's.
 */
@unmanaged
export class Clock {
  /** Updates begun with this optimizer, the present one included; `tick` counts them. */
  steps: f64;
  /** Epochs that have ended with it. */
  epochs: f64;
  /** What the learning rate is multiplied by after plateaus. */
  scale: f64;
  /** The best value of what a plateau is told by. */
  best: f64;
  /** Epochs since `best`. */
  waited: f64;
  /** Epochs until waiting begins again. */
  resting: f64;
  /** Π μ_i over the steps of Nadam; 1 before the first. */
  product: f64;
  spare: f64;
}

/** The updates begun, for a power: an integer from 1 to 2³¹ − 1, where it stops. */
export function stepsOf(clock: usize): i32 {
  const steps = changetype<Clock>(clock).steps;
  assert(steps >= 1);
  return <i32>min<f64>(steps, <f64>i32.MAX_VALUE);
}
