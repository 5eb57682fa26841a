import { Cursor } from "../cursor";
import { all, flaw, report } from "./record";
import { squaresOf } from "./sum";

// What keeps a gradient small, before an update. What is not finite is never made finite: it makes the health NaN.

@unmanaged
class ClipValueRecord {
  dw: usize;
  bytes: usize;
  cursor: usize;
  limit: f64;
}

/** g ← min(max(g, −limit), limit). */
export function clipValue<T>(args: usize): void {
  const r = changetype<ClipValueRecord>(args);
  const dw = r.dw, bytes = r.bytes;
  const most = all<T>(r.limit), least = v128.neg<T>(most);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    const g = v128.load(dw + i);
    health = v128.add<T>(health, flaw<T>(g));
    // A NaN comes through, as the first operand.
    v128.store(dw + i, v128.pmin<T>(v128.pmax<T>(g, least), most));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}

@unmanaged
class SumSquaresRecord {
  dw: usize;
  bytes: usize;
  /** Address of the sum, f64. */
  sum: usize;
  /** Whether it is added to what is there. */
  accumulate: i32;
}

/** sum ← Σ g², or sum + Σ g², in f64: for f32 it cannot overflow. The order stands in `sum.ts`. */
export function sumSquares<T>(args: usize): void {
  const r = changetype<SumSquaresRecord>(args);
  const squares = squaresOf<T>(r.dw, r.bytes);
  store<f64>(r.sum, r.accumulate ? load<f64>(r.sum) + squares : squares);
}

@unmanaged
class ClipNormRecord {
  dw: usize;
  bytes: usize;
  /** Address of the squared norm, f64, of this run alone or of several. */
  sum: usize;
  cursor: usize;
  limit: f64;
}

/**
 * g ← g·min(1, limit / √sum) (Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", 2013).
 * PyTorch's clip_grad_norm_ adds 1e-6 to the norm; this does not. Where the sum is not finite, since a gradient is not or, in f64,
 * a square overflows, the gradient stays as it is and the health is NaN.
 */
export function clipNorm<T>(args: usize): void {
  const r = changetype<ClipNormRecord>(args);
  const sum = load<f64>(r.sum);
  if (!isFinite(sum)) {
    changetype<Cursor>(r.cursor).health = NaN;
    return;
  }
  const norm = sqrt(sum);
  if (norm <= r.limit) return;
  const dw = r.dw, bytes = r.bytes;
  const factor = all<T>(r.limit / norm);
  let i: usize = 0;
  do {
    v128.store(dw + i, v128.mul<T>(v128.load(dw + i), factor));
    i += 16;
  } while (i < bytes);
}
