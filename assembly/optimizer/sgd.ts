import { Cursor } from "../cursor";

@unmanaged
class SgdRecord {
  w: usize;
  dw: usize;
  /** Of w and of dw, whole vectors, at least one. */
  bytes: usize;
  /** Address of the learning rate, f64. */
  rate: usize;
  cursor: usize;
}

/** w ← w − η·dw over one run of parameters. The cursor's health becomes NaN where a new w is not finite. */
export function sgd<T>(args: usize, rows: i32): void {
  const r = changetype<SgdRecord>(args);
  const rate = v128.splat<T>(<T>load<f64>(r.rate));
  let w = r.w,
    dw = r.dw;
  const end = w + r.bytes;
  // w − w is 0 for a finite w and NaN for any other.
  let health = i32x4.splat(0);
  do {
    const updated = v128.sub<T>(v128.load(w), v128.mul<T>(rate, v128.load(dw)));
    v128.store(w, updated);
    health = v128.add<T>(health, v128.sub<T>(updated, updated));
    w += 16;
    dw += 16;
  } while (w < end);
  if (v128.any_true(v128.ne<T>(health, health))) changetype<Cursor>(r.cursor).health = NaN;
}
