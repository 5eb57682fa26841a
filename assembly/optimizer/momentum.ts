import { descend } from "../matmul/tile";
import { mulAdd } from "../simd";
import { all, rateOf, report, UpdateRecord } from "./record";

@unmanaged
class MomentumRecord extends UpdateRecord {
  velocity: usize;
  /** μ. */
  momentum: f64;
  nesterov: i32;
}

/**
 * Momentum (Polyak, "Some methods of speeding up the convergence of iteration methods", 1964), in PyTorch's form, which keeps η
 * out of the velocity: v ← μv + g, w ← w − η·v. With `nesterov` w ← w − η(g + μv) (Sutskever, Martens, Dahl & Hinton, "On the
 * importance of initialization and momentum in deep learning", 2013, with w at the point looked ahead to). Keras keeps −η·v
 * instead, which is the same as long as η does not change. No dampening.
 */
export function momentum<T>(args: usize): void {
  const r = changetype<MomentumRecord>(args);
  // A loop for each: `nesterov` is decided when they are compiled.
  report<T>(r.cursor, r.nesterov ? update<T>(r, true) : update<T>(r, false));
}

/** Returns 0, or NaN where a new w is not finite. */
@inline
function update<T>(r: MomentumRecord, nesterov: bool): v128 {
  const w = r.w, dw = r.dw, velocity = r.velocity, bytes = r.bytes;
  const rate = rateOf<T>(r), mu = all<T>(r.momentum);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    const v = mulAdd<T>(mu, v128.load(velocity + i), g);
    v128.store(velocity + i, v);
    health = v128.add<T>(health, descend<T>(w + i, nesterov ? mulAdd<T>(mu, v, g) : v, rate));
    i += 16;
  } while (i < bytes);
  return health;
}
