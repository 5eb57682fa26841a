import { Cursor } from "../cursor";
import { exp, log1p, sigmoid } from "../math";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/**
 * Of one sample: 1/m Σ_j −[y_j log σ(ŷ_j) + (1 − y_j) log(1 − σ(ŷ_j))], m outputs, y in [0, 1],
 * computed as max(ŷ, 0) − ŷ·y + log(1 + e^−|ŷ|), which no logit overflows. δ_j ← (σ(ŷ_j) − y_j) / (m · divisor).
 */
export function binaryCrossEntropy<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const divisor = <f64>r.outputs * cursor.divisor;
  const weighted = cursor.weights != 0;
  const zero = i32x4.splat(0);
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
      // pmax(z, 0) is z < 0 ? 0 : z, so a NaN comes through.
      const linear = v128.sub<T>(v128.pmax<T>(z, zero), v128.mul<T>(z, y));
      v128.store(delta + at, v128.add<T>(linear, log1p<T>(exp<T>(v128.neg<T>(v128.abs<T>(z))))));
      for (let l = j; l < min(j + lanes<T>(), r.outputs); l++) sum += <f64>load<T>(delta + <usize>l * sizeof<T>());
      v128.store(delta + at, firstLanes<T>(v128.mul<T>(factor, v128.sub<T>(sigmoid<T>(z), y)), r.outputs - j));
    }
    total += weight * (sum / r.outputs);
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}
