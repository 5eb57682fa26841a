import { Cursor } from "../cursor";
import { clearPadding, LossRecord } from "./record";

/** Of one sample: 1/m Σ_j (ŷ_j − y_j)², m outputs. δ_j ← 2/m · (ŷ_j − y_j) / divisor. */
export function meanSquaredError<T>(args: usize, rows: i32): void {
  const r = changetype<LossRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const factor = <T>(2 / (<f64>r.outputs * cursor.divisor));
  let delta = r.delta,
    logits = r.logits,
    targets = r.targets,
    total = cursor.loss;
  for (let i = 0; i < rows; i++) {
    let sum: f64 = 0;
    for (let j = 0; j < r.outputs; j++) {
      const at = <usize>j * sizeof<T>();
      const difference = load<T>(logits + at) - load<T>(targets + at);
      sum += <f64>difference * <f64>difference;
      store<T>(delta + at, factor * difference);
    }
    clearPadding<T>(delta, r.outputs, r.stride);
    total += sum / r.outputs;
    delta += r.stride;
    logits += r.stride;
    targets += r.stride;
  }
  cursor.loss = total;
}
