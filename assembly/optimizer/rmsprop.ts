import { descend } from "../matmul/tile";
import { mulAdd } from "../simd";
import { all, flaw, rateOf, report, UpdateRecord } from "./record";

@unmanaged
class RmsPropRecord extends UpdateRecord {
  /** The running mean of g². */
  square: usize;
  /** That of g, or 0 where the variance is not centred. */
  mean: usize;
  /** The velocity, or 0 without momentum. */
  buffer: usize;
  rho: f64;
  epsilon: f64;
  momentum: f64;
}

/**
 * RMSprop (Tieleman & Hinton, "Neural networks for machine learning", lecture 6.5, 2012), in PyTorch's form, ε beside the root
 * (Keras has it inside): v ← ρv + (1 − ρ)g², w ← w − η·g / (√v + ε).
 * With `mean` centred (Graves, "Generating sequences with recurrent neural networks", 2013): m ← ρm + (1 − ρ)g and √(v − m²).
 * With `buffer` b ← μb + g / (…), w ← w − η·b.
 */
export function rmsProp<T>(args: usize): void {
  const r = changetype<RmsPropRecord>(args);
  const w = r.w, dw = r.dw, square = r.square, mean = r.mean, buffer = r.buffer, bytes = r.bytes;
  const rate = rateOf<T>(r), rho = all<T>(r.rho), rest = all<T>(1 - r.rho);
  const epsilon = all<T>(r.epsilon), mu = all<T>(r.momentum), zero = i32x4.splat(0);
  let health = zero;
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const v = mulAdd<T>(rest, v128.mul<T>(g, g), v128.mul<T>(rho, v128.load(square + i)));
    v128.store(square + i, v);
    let variance = v;
    if (mean) {
      const m = mulAdd<T>(rest, g, v128.mul<T>(rho, v128.load(mean + i)));
      v128.store(mean + i, m);
      variance = v128.sub<T>(v, v128.mul<T>(m, m));
      health = v128.add<T>(health, flaw<T>(variance));
      // Rounded, v − m² may be less than 0. pmax(x, 0) is x < 0 ? 0 : x, so a NaN comes through.
      variance = v128.pmax<T>(variance, zero);
    }
    const root = v128.add<T>(v128.sqrt<T>(variance), epsilon);
    let step = v128.div<T>(g, root);
    if (buffer) {
      step = mulAdd<T>(mu, v128.load(buffer + i), step);
      v128.store(buffer + i, step);
    }
    // An infinite root would let the parameter stand still from here on.
    health = v128.add<T>(health, v128.add<T>(descend<T>(w + i, step, rate), flaw<T>(root)));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}
