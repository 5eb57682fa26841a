import { descend } from "../matmul/tile";
import { rateOf, report, UpdateRecord } from "./record";

/** Gradient descent: w ← w − η·g (Gill & Gill, GD3), rounded as where the tiles of a product descend at once. */
export function descent<T>(args: usize): void {
  const r = changetype<UpdateRecord>(args);
  const w = r.w, dw = r.dw, bytes = r.bytes;
  const rate = rateOf<T>(r);
  let health = i32x4.splat(0);
  let i: usize = 0;
  do {
    health = v128.add<T>(health, descend<T>(w + i, v128.load(dw + i), rate));
    i += 16;
  } while (i < bytes);
  report<T>(r.cursor, health);
}
