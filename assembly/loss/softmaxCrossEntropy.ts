import { exponentials } from "../activation/softmax";
import { Cursor } from "../cursor";
import { log1p } from "../math";
import { argmaxOf } from "../metrics";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/**
 * Of one sample: −Σ_j y_j log softmax(ŷ)_j, y ≥ 0 with sum 1. δ_j ← (softmax(ŷ)_j − y_j) / divisor.
 */
export function softmaxCrossEntropy<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const divisor = cursor.divisor;
  const weighted = cursor.weights != 0;
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
    const top = argmaxOf<T>(logits, r.outputs);
    const rest = exponentials<T>(delta, logits, r.outputs, top);
    const logSum = f64x2.extract_lane(log1p<f64>(f64x2.splat(rest)), 0);
    const largest = <f64>load<T>(logits + <usize>top * sizeof<T>());
    for (let j = 0; j < r.outputs; j++) {
      const at = <usize>j * sizeof<T>();
      const y = <f64>load<T>(targets + at);
      if (y != 0) total += weight * (y * (logSum - (<f64>load<T>(logits + at) - largest)));
    }
    const sum = v128.splat<T>(<T>(1 + rest));
    for (let j = 0; j < r.outputs; j += lanes<T>()) {
      const at = <usize>j * sizeof<T>();
      const p = v128.div<T>(v128.load(delta + at), sum);
      const d = v128.mul<T>(factor, v128.sub<T>(p, v128.load(targets + at)));
      v128.store(delta + at, firstLanes<T>(d, r.outputs - j));
    }
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}
