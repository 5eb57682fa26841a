import { Cursor } from "../cursor";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/**
 * Of one sample: 1/m Σ_j h(ŷ_j − y_j), m outputs, h(d) = d²/2 for |d| ≤ p, else p·(|d| − p/2), p > 0 the record's parameter
 * (Huber, 1964, as in PyTorch's HuberLoss). δ_j ← max(−p, min(p, ŷ_j − y_j)) / (m · divisor).
 */
export function huber<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const divisor = <f64>r.outputs * cursor.divisor;
  const weighted = cursor.weights != 0;
  const highest = v128.splat<T>(<T>r.parameter);
  const lowest = v128.neg<T>(highest);
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
      const difference = v128.sub<T>(v128.load(logits + at), v128.load(targets + at));
      v128.store(delta + at, difference);
      sum = addHubers<T>(sum, delta + at, min(lanes<T>(), r.outputs - j), r.parameter);
      // A NaN comes through: pmax(d, c) is d < c ? c : d, and pmin likewise.
      const d = v128.mul<T>(factor, v128.pmin<T>(v128.pmax<T>(difference, lowest), highest));
      v128.store(delta + at, firstLanes<T>(d, r.outputs - j));
    }
    total += weight * (sum / r.outputs);
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}

/** sum + Σ h(x) in index order, in f64. */
@inline
function addHubers<T>(sum: f64, x: usize, count: i32, p: f64): f64 {
  for (const end = x + <usize>count * sizeof<T>(); x < end; x += sizeof<T>()) {
    const value = abs<f64>(<f64>load<T>(x));
    sum += value <= p ? 0.5 * value * value : p * (value - 0.5 * p);
  }
  return sum;
}
