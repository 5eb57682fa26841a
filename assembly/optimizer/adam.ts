import { Cursor } from "../cursor";
import { powInteger } from "../math";
import { mulAdd } from "../simd";

@unmanaged
class AdamRecord {
  w: usize;
  dw: usize;
  /** First and second moments, as long as w. */
  m: usize;
  v: usize;
  /** Of each of the four, whole vectors, at least one. */
  bytes: usize;
  /** Address of the learning rate, f64. */
  rate: usize;
  /** Address of t, the updates taken before this one (f64), which is counted up. */
  time: usize;
  cursor: usize;
  beta1: f64;
  beta2: f64;
  epsilon: f64;
}

/**
 * Kingma & Ba, "Adam", 2015, algorithm 1, ε beside the corrected √v̂ (PyTorch's place):
 * m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η (m/c₁) / (√(v/c₂) + ε), c = 1 − β^t from the integer t.
 */
export function adam<T>(args: usize): void {
  const r = changetype<AdamRecord>(args);
  const t = load<f64>(r.time) + 1;
  store<f64>(r.time, t);
  const c1 = 1 - powInteger(r.beta1, <i32>min<f64>(t, <f64>i32.MAX_VALUE));
  const c2 = 1 - powInteger(r.beta2, <i32>min<f64>(t, <f64>i32.MAX_VALUE));
  const health = update<T>(
    r.w, r.dw, r.m, r.v, r.bytes,
    v128.splat<T>(<T>r.beta1), v128.splat<T>(<T>(1 - r.beta1)), v128.splat<T>(<T>r.beta2), v128.splat<T>(<T>(1 - r.beta2)),
    v128.splat<T>(<T>(load<f64>(r.rate) / c1)), v128.splat<T>(<T>(1 / c2)), v128.splat<T>(<T>r.epsilon),
  );
  if (v128.any_true(v128.ne<T>(health, health))) changetype<Cursor>(r.cursor).health = NaN;
}

/**
 * The loop, a function of its own so that a first, long call leaves it optimised. Returns 0, or NaN where a new w or √v̂ is not
 * finite.
 */
function update<T>(
  w: usize, dw: usize, m: usize, v: usize, bytes: usize,
  beta1: v128, rest1: v128, beta2: v128, rest2: v128, rate: v128, correction: v128, epsilon: v128,
): v128 {
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const m1 = mulAdd<T>(rest1, g, v128.mul<T>(beta1, v128.load(m + i)));
    const v1 = mulAdd<T>(rest2, v128.mul<T>(g, g), v128.mul<T>(beta2, v128.load(v + i)));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    const root = v128.add<T>(v128.sqrt<T>(v128.mul<T>(v1, correction)), epsilon);
    const updated = v128.sub<T>(v128.load(w + i), v128.div<T>(v128.mul<T>(rate, m1), root));
    v128.store(w + i, updated);
    // An infinite root would let the parameter stand still from here on.
    health = v128.add<T>(health, v128.add<T>(v128.sub<T>(updated, updated), v128.sub<T>(root, root)));
    i += 16;
  } while (i < bytes);
  return health;
}
