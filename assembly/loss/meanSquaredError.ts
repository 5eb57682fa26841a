import { Cursor } from "../cursor";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/** Of one sample: 1/m Σ_j (ŷ_j − y_j)², m outputs. δ_j ← 2/m · (ŷ_j − y_j) / divisor. */
export function meanSquaredError<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const divisor = <f64>r.outputs * cursor.divisor;
  const weighted = cursor.weights != 0;
  let delta = r.delta,
    logits = r.logits,
    targets = r.targets,
    total = cursor.loss,
    weight: f64 = 1,
    factor = factorOf<T>(2, weight, divisor);
  for (let i = 0; i < rows; i++) {
    if (weighted) {
      weight = weightOf(cursor, i);
      factor = factorOf<T>(2, weight, divisor);
    }
    let sum: f64 = 0;
    for (let j = 0; j < r.outputs; j += lanes<T>()) {
      const at = <usize>j * sizeof<T>();
      const difference = v128.sub<T>(v128.load(logits + at), v128.load(targets + at));
      v128.store(delta + at, difference);
      sum = addSquares<T>(sum, delta + at, min(lanes<T>(), r.outputs - j));
      v128.store(delta + at, firstLanes<T>(v128.mul<T>(factor, difference), r.outputs - j));
    }
    total += weight * (sum / r.outputs);
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}

/** sum + Σ x² in index order, in f64. */
@inline
function addSquares<T>(sum: f64, x: usize, count: i32): f64 {
  for (const end = x + <usize>count * sizeof<T>(); x < end; x += sizeof<T>()) {
    const value = <f64>load<T>(x);
    sum += value * value;
  }
  return sum;
}
