import { Cursor } from "../cursor";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/**
 * Of one sample: 1/m Σ_j max(0, 1 − t_j·ŷ_j), m outputs, t = 2y − 1, y 0 or 1. δ_j ← −t_j / (m · divisor) where t_j·ŷ_j < 1,
 * else 0. An infinite ŷ makes NaN, on the right side too.
 */
export function hinge<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const divisor = <f64>r.outputs * cursor.divisor;
  const weighted = cursor.weights != 0;
  const zero = i32x4.splat(0);
  const one = v128.splat<T>(1);
  let delta = r.delta,
    logits = r.logits,
    targets = r.targets,
    total = cursor.loss,
    weight: f64 = 1,
    factor = factorOf<T>(1, weight, divisor);
  for (let i = 0; i < rows; i++) {
    if (weighted) {
      weight = weightOf(cursor, i);
      factor = factorOf<T>(1, weight, divisor);
    }
    let sum: f64 = 0;
    for (let j = 0; j < r.outputs; j += lanes<T>()) {
      const at = <usize>j * sizeof<T>();
      const z = v128.load(logits + at);
      const y = v128.load(targets + at);
      const t = v128.sub<T>(v128.add<T>(y, y), one);
      const missing = v128.sub<T>(one, v128.mul<T>(t, z));
      // 0, or NaN where ŷ is not finite: the larger of 0 and −∞ would not show it.
      const health = v128.sub<T>(z, z);
      // pmax(x, 0) is x < 0 ? 0 : x, so a NaN comes through.
      v128.store(delta + at, v128.add<T>(v128.pmax<T>(missing, zero), health));
      for (let l = j; l < min(j + lanes<T>(), r.outputs); l++) sum += <f64>load<T>(delta + <usize>l * sizeof<T>());
      const slope = v128.andnot(v128.mul<T>(v128.neg<T>(factor), t), v128.le<T>(missing, zero));
      v128.store(delta + at, firstLanes<T>(v128.add<T>(slope, health), r.outputs - j));
    }
    total += weight * (sum / r.outputs);
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}
