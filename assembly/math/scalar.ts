import { exp } from "./exp";
import { log } from "./log";

// One number at a time, for the facade's schedules: Math.exp and its kin differ between engines.

/** e^x. */
export function exponential(x: f64): f64 {
  return f64x2.extract_lane(exp<f64>(f64x2.splat(x)), 0);
}

/** ln x. */
export function logarithm(x: f64): f64 {
  return f64x2.extract_lane(log<f64>(f64x2.splat(x)), 0);
}

export { cos as cosine } from "./cos";
