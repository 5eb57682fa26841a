import { Cursor } from "../cursor";
import { exp } from "../math";
import { firstLanes, lanes } from "../simd";
import { weightOf } from "../weights";
import { factorOf, LossRecord } from "./record";

/**
 * Of one sample: 1/m Σ_j (e^ŷ_j − y_j·ŷ_j), m outputs, y ≥ 0: −log of Poisson's probability of y at the mean e^ŷ, but for its
 * constant log y! (PyTorch's PoissonNLLLoss with log_input, not full). δ_j ← (e^ŷ_j − y_j) / (m · divisor).
 */
export function poisson<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const divisor = <f64>r.outputs * cursor.divisor;
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
    let sum: f64 = 0;
    for (let j = 0; j < r.outputs; j += lanes<T>()) {
      const at = <usize>j * sizeof<T>();
      const y = v128.load(targets + at);
      const mean = exp<T>(v128.load(logits + at));
      v128.store(delta + at, mean);
      for (let l = j; l < min(j + lanes<T>(), r.outputs); l++) {
        const place = <usize>l * sizeof<T>();
        sum += <f64>load<T>(delta + place) - <f64>load<T>(targets + place) * <f64>load<T>(logits + place);
      }
      v128.store(delta + at, firstLanes<T>(v128.mul<T>(factor, v128.sub<T>(mean, y)), r.outputs - j));
    }
    total += weight * (sum / r.outputs);
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}
