import { descend } from "../matmul/tile";
import { mulAdd } from "../simd";
import { all, flaw, rateOf, report, UpdateRecord } from "./record";

@unmanaged
class AdagradRecord extends UpdateRecord {
  /** The sum of g², begun with a number of the facade's. */
  square: usize;
  epsilon: f64;
}

/**
 * AdaGrad (Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011, diagonal),
 * ε beside the root as in PyTorch (Keras has it inside): v ← v + g², w ← w − η·g / (√v + ε). PyTorch's decay of η is the facade's.
 */
export function adagrad<T>(args: usize): void {
  const r = changetype<AdagradRecord>(args);
  const w = r.w, dw = r.dw, square = r.square, bytes = r.bytes;
  const rate = rateOf<T>(r), epsilon = all<T>(r.epsilon);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const v = mulAdd<T>(g, g, v128.load(square + i));
    v128.store(square + i, v);
    const root = v128.add<T>(v128.sqrt<T>(v), epsilon);
    // An infinite root would let the parameter stand still from here on.
    health = v128.add<T>(health, v128.add<T>(descend<T>(w + i, v128.div<T>(g, root), rate), flaw<T>(root)));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}
