import { all, flaw, report, UpdateRecord } from "./record";

@unmanaged
class RpropRecord extends UpdateRecord {
  /** The gradient of the step before; 0 at first. */
  previous: usize;
  /** Δ, begun by the facade. */
  sizes: usize;
  increase: f64;
  decrease: f64;
  smallest: f64;
  largest: f64;
}

/**
 * iRPROP− (Igel & Hüsken, "Empirical evaluation of the improved Rprop learning algorithms", 2003), which PyTorch's Rprop is:
 * where g·previous > 0: Δ ← min(increase·Δ, largest); where < 0: Δ ← max(decrease·Δ, smallest) and g ← 0;
 * then w ← w − sign(g)·Δ, previous ← g. For gradients of all rows; the learning rate is not read.
 * The sign of g·previous is taken from the two signs: PyTorch's product may vanish, and then Δ stays as it is.
 * A sign hides what is not finite, so the health is NaN where g, previous or Δ is not.
 */
export function rprop<T>(args: usize): void {
  const r = changetype<RpropRecord>(args);
  const w = r.w, dw = r.dw, previous = r.previous, sizes = r.sizes, bytes = r.bytes;
  const increase = all<T>(r.increase), decrease = all<T>(r.decrease);
  const smallest = all<T>(r.smallest), largest = all<T>(r.largest), zero = i32x4.splat(0);
  let health = zero;
  let i: usize = 0;
  do {
    let g = v128.load(dw + i);
    const before = v128.load(previous + i), size = v128.load(sizes + i);
    health = v128.add<T>(health, v128.add<T>(flaw<T>(g), v128.add<T>(flaw<T>(before), flaw<T>(size))));
    const agreement = v128.mul<T>(sign<T>(g), sign<T>(before));
    const turned = v128.lt<T>(agreement, zero);
    const larger = v128.pmin<T>(v128.mul<T>(increase, size), largest);
    const smaller = v128.pmax<T>(v128.mul<T>(decrease, size), smallest);
    const same = v128.bitselect(larger, size, v128.gt<T>(agreement, zero));
    const chosen = v128.bitselect(smaller, same, turned);
    g = v128.andnot(g, turned);
    const updated = v128.sub<T>(v128.load(w + i), v128.mul<T>(sign<T>(g), chosen));
    v128.store(sizes + i, chosen);
    v128.store(previous + i, g);
    v128.store(w + i, updated);
    health = v128.add<T>(health, flaw<T>(updated));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}

/** 1, 0 or −1; 0 for NaN. */
@inline
function sign<T>(x: v128): v128 {
  const zero = i32x4.splat(0);
  const positive = v128.and(v128.gt<T>(x, zero), all<T>(1));
  return v128.or(positive, v128.and(v128.lt<T>(x, zero), all<T>(-1)));
}
