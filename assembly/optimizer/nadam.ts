import { Clock, stepsOf } from "../clock";
import { powInteger } from "../math";
import { mulAdd } from "../simd";
import { all, flaw, report, UpdateRecord } from "./record";

// Dozat, "Incorporating Nesterov momentum into Adam", 2016, with the schedule of momenta that PyTorch and Keras take:
// μ_t = β₁(1 − ½·0.96^(tψ)). `base` is 0.96^ψ; PyTorch's ψ is 0.004, Keras's 1.

@unmanaged
class NadamTickRecord {
  clock: usize;
  beta1: f64;
  base: f64;
}

/** Once a step, after `tick` and before the updates: product ← product·μ_t. */
export function nadamTick(args: usize): void {
  const r = changetype<NadamTickRecord>(args);
  changetype<Clock>(r.clock).product *= r.beta1 * (1 - 0.5 * powInteger(r.base, stepsOf(r.clock)));
}

@unmanaged
class NadamRecord extends UpdateRecord {
  /** First and second moments. */
  m: usize;
  v: usize;
  beta1: f64;
  beta2: f64;
  epsilon: f64;
  base: f64;
}

/**
 * Nadam in PyTorch's form, ε beside the corrected root: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
 * w ← w − η ((1 − μ_t) / (1 − Π_{i≤t} μ_i) · g + μ_{t+1} / (1 − Π_{i≤t+1} μ_i) · m) / (√(v/c₂) + ε), c₂ = 1 − β₂^t.
 * PyTorch subtracts the two terms one after the other; here they are added before the one division.
 */
export function nadam<T>(args: usize): void {
  const r = changetype<NadamRecord>(args);
  const t = stepsOf(r.clock);
  const power = powInteger(r.base, t);
  const mu = r.beta1 * (1 - 0.5 * power), next = r.beta1 * (1 - 0.5 * (power * r.base));
  const product = changetype<Clock>(r.clock).product, rate = load<f64>(r.rate);
  const byGradient = all<T>((rate * (1 - mu)) / (1 - product));
  const byMoment = all<T>((rate * next) / (1 - product * next));
  const correction = all<T>(1 / (1 - powInteger(r.beta2, t)));
  const w = r.w, dw = r.dw, m = r.m, v = r.v, bytes = r.bytes;
  const beta1 = all<T>(r.beta1), rest1 = all<T>(1 - r.beta1);
  const beta2 = all<T>(r.beta2), rest2 = all<T>(1 - r.beta2), epsilon = all<T>(r.epsilon);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const m1 = mulAdd<T>(rest1, g, v128.mul<T>(beta1, v128.load(m + i)));
    const v1 = mulAdd<T>(rest2, v128.mul<T>(g, g), v128.mul<T>(beta2, v128.load(v + i)));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    const root = v128.add<T>(v128.sqrt<T>(v128.mul<T>(v1, correction)), epsilon);
    const step = v128.div<T>(mulAdd<T>(byMoment, m1, v128.mul<T>(byGradient, g)), root);
    const updated = v128.sub<T>(v128.load(w + i), step);
    v128.store(w + i, updated);
    // An infinite root would let the parameter stand still from here on.
    health = v128.add<T>(health, v128.add<T>(flaw<T>(updated), flaw<T>(root)));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}
