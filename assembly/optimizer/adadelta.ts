import { descend } from "../matmul/tile";
import { mulAdd } from "../simd";
import { all, flaw, rateOf, report, UpdateRecord } from "./record";

@unmanaged
class AdadeltaRecord extends UpdateRecord {
  /** The running mean of g². */
  square: usize;
  /** That of d². */
  delta: usize;
  rho: f64;
  epsilon: f64;
}

/**
 * ADADELTA (Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1), with PyTorch's and Keras's η, 1 in the paper:
 * v ← ρv + (1 − ρ)g², d = √(u + ε) / √(v + ε) · g, u ← ρu + (1 − ρ)d², w ← w − η·d.
 */
export function adadelta<T>(args: usize): void {
  const r = changetype<AdadeltaRecord>(args);
  const w = r.w, dw = r.dw, square = r.square, delta = r.delta, bytes = r.bytes;
  const rate = rateOf<T>(r), rho = all<T>(r.rho), rest = all<T>(1 - r.rho), epsilon = all<T>(r.epsilon);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const v = mulAdd<T>(rest, v128.mul<T>(g, g), v128.mul<T>(rho, v128.load(square + i)));
    v128.store(square + i, v);
    const u = v128.load(delta + i);
    const root = v128.sqrt<T>(v128.add<T>(v, epsilon));
    const d = v128.mul<T>(v128.div<T>(v128.sqrt<T>(v128.add<T>(u, epsilon)), root), g);
    v128.store(delta + i, mulAdd<T>(rest, v128.mul<T>(d, d), v128.mul<T>(rho, u)));
    // An infinite root would let the parameter stand still from here on.
    health = v128.add<T>(health, v128.add<T>(descend<T>(w + i, d, rate), flaw<T>(root)));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}
