import { Cursor } from "../cursor";
import { mulAdd } from "../simd";
import { weightOfRows } from "../weights";
import { all } from "./record";
import { magnitudesOf, squaresOf } from "./sum";

@unmanaged
class PenaltyRecord {
  w: usize;
  dw: usize;
  /** Of both, whole vectors, at least one. */
  bytes: usize;
  cursor: usize;
  l1: f64;
  l2: f64;
}

/**
 * The penalty l1·Σ|w| + l2·Σw² (Keras's L1L2; no ½), before an update: g ← g + (2·l2·w + l1·sign(w))·rows/divisor, sign(0) = 0, and
 * the value, once for each row, is added to the cursor's loss. So a step that takes its rows in several parts has it once. Where rows
 * have weights the sum of these stands for `rows`; rows without any weight have no penalty either.
 * The order of the sums stands in `sum.ts`.
 */
export function penalty<T>(args: usize, rows: i32): void {
  const r = changetype<PenaltyRecord>(args);
  const cursor = changetype<Cursor>(r.cursor);
  const w = r.w, dw = r.dw, bytes = r.bytes;
  let value: f64 = 0;
  if (r.l1 != 0) value += r.l1 * magnitudesOf<T>(w, bytes);
  if (r.l2 != 0) value += r.l2 * squaresOf<T>(w, bytes);
  const weight = weightOfRows(cursor, rows);
  cursor.loss += value * weight;
  const share = weight == 0 ? 0 : weight / cursor.divisor;
  const l1 = all<T>(r.l1 * share), slope = all<T>(2 * r.l2 * share);
  const zero = i32x4.splat(0), signBit = all<T>(-0.0);
  let i: usize = 0;
  do {
    const x = v128.load(w + i);
    // l1 with the sign of w; 0 for 0, and for NaN, which comes through by way of slope·w.
    const signed = v128.and(v128.or(l1, v128.and(x, signBit)), v128.or(v128.lt<T>(x, zero), v128.gt<T>(x, zero)));
    v128.store(dw + i, v128.add<T>(v128.load(dw + i), mulAdd<T>(slope, x, signed)));
    i += 16;
  } while (i < bytes);
}
