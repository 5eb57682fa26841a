import { stepsOf } from "../clock";
import { powInteger } from "../math";
import { mulAdd } from "../simd";
import { all, flaw, report, UpdateRecord } from "./record";

@unmanaged
class AdamRecord extends UpdateRecord {
  /** First and second moments. */
  m: usize;
  v: usize;
  /** The largest second moments, or 0 for plain Adam. */
  most: usize;
  beta1: f64;
  beta2: f64;
  epsilon: f64;
}

/**
 * Kingma & Ba, "Adam", 2015, algorithm 1, ε beside the corrected √v̂ (PyTorch's place):
 * m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η (m/c₁) / (√(v/c₂) + ε), c = 1 − β^t from the integer t.
 * With `most` AMSGrad (Reddi, Kale & Kumar, "On the convergence of Adam and beyond", 2018): most ← max(most, v) in v's place in
 * the root. The largest is taken before the correction, as in PyTorch; the paper corrects nothing.
 */
export function adam<T>(args: usize): void {
  const r = changetype<AdamRecord>(args);
  const t = stepsOf(r.clock);
  const rate = all<T>(load<f64>(r.rate) / (1 - powInteger(r.beta1, t)));
  const correction = all<T>(1 / (1 - powInteger(r.beta2, t)));
  // A loop for each: `amsgrad` is decided when they are compiled.
  report<T>(r.cursor, r.most ? update<T>(r, rate, correction, true) : update<T>(r, rate, correction, false));
}

/** Returns 0, or NaN where a new w or √v̂ is not finite. */
@inline
function update<T>(r: AdamRecord, rate: v128, correction: v128, amsgrad: bool): v128 {
  const w = r.w, dw = r.dw, m = r.m, v = r.v, most = r.most, bytes = r.bytes;
  const beta1 = all<T>(r.beta1), rest1 = all<T>(1 - r.beta1);
  const beta2 = all<T>(r.beta2), rest2 = all<T>(1 - r.beta2), epsilon = all<T>(r.epsilon);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const m1 = mulAdd<T>(rest1, g, v128.mul<T>(beta1, v128.load(m + i)));
    let v1 = mulAdd<T>(rest2, v128.mul<T>(g, g), v128.mul<T>(beta2, v128.load(v + i)));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    if (amsgrad) {
      // `max`, unlike `pmax`, lets a NaN of either through.
      v1 = v128.max<T>(v128.load(most + i), v1);
      v128.store(most + i, v1);
    }
    const root = v128.add<T>(v128.sqrt<T>(v128.mul<T>(v1, correction)), epsilon);
    const updated = v128.sub<T>(v128.load(w + i), v128.div<T>(v128.mul<T>(rate, m1), root));
    v128.store(w + i, updated);
    // An infinite root would let the parameter stand still from here on.
    health = v128.add<T>(health, v128.add<T>(flaw<T>(updated), flaw<T>(root)));
    i += 16;
  } while (i < bytes);
  return health;
}
