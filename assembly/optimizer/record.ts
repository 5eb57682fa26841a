import { Cursor } from "../cursor";

/**
 * What every update works on; the records of the optimizers go on with their slots and then their constants. An update may be
 * called several times in a step, for runs of parameters with rates of their own, so it counts no time: `tick` does.
 */
@unmanaged
export class UpdateRecord {
  w: usize;
  /** The gradient. The slots are as long as w and it. */
  dw: usize;
  /** Of each of them, whole vectors, at least one. */
  bytes: usize;
  /** Address of the learning rate η, f64. */
  rate: usize;
  clock: usize;
  cursor: usize;
}

/** A number in all lanes, rounded to T. */
@inline
export function all<T>(value: f64): v128 {
  return v128.splat<T>(<T>value);
}

/** η in all lanes, rounded to T. */
@inline
export function rateOf<T>(r: UpdateRecord): v128 {
  return all<T>(load<f64>(r.rate));
}

/** 0 in the lanes where x is finite, NaN in the others. Sums of it never cancel. */
@inline
export function flaw<T>(x: v128): v128 {
  return v128.sub<T>(x, x);
}

/** Makes the cursor's health NaN if a lane of `health` is NaN. */
@inline
export function report<T>(cursor: usize, health: v128): void {
  if (v128.any_true(v128.ne<T>(health, health))) changetype<Cursor>(cursor).health = NaN;
}
