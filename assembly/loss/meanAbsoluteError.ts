import { Cursor } from "../cursor";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/** Of one sample: 1/m Σ_j |ŷ_j − y_j|, m outputs. δ_j ← sign(ŷ_j − y_j) / (m · divisor), 0 where they are equal. */
export function meanAbsoluteError<T>(args: usize, rows: i32): void {
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
      const difference = v128.sub<T>(v128.load(logits + at), v128.load(targets + at));
      v128.store(delta + at, v128.abs<T>(difference));
      for (let l = j; l < min(j + lanes<T>(), r.outputs); l++) sum += <f64>load<T>(delta + <usize>l * sizeof<T>());
      // A difference that is neither above nor below 0 is 0, or NaN, and stays what it is.
      const above = v128.bitselect(factor, difference, v128.gt<T>(difference, zero));
      const d = v128.bitselect(v128.neg<T>(factor), above, v128.lt<T>(difference, zero));
      v128.store(delta + at, firstLanes<T>(d, r.outputs - j));
    }
    total += weight * (sum / r.outputs);
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}
