import { quotient } from "./columns";
import { columnSums } from "./matmul/sums";

// The mean of an image, channel by channel. x and D_X [rows · positions][channels], a and D_A [rows][channels], `pixel` bytes from
// position to position and from row to row: whole vectors.

@unmanaged
class GlobalAvgPoolForwardRecord {
  a: usize;
  x: usize;
  positions: i32;
  pixel: usize;
}

/** A ← 1/positions Σ x, from 0 in index order. The padding of A holds no meaning. */
export function globalAvgPoolForward<T>(args: usize, rows: i32): void {
  const r = changetype<GlobalAvgPoolForwardRecord>(args);
  const pixel = r.pixel;
  let a = r.a, x = r.x;
  for (let n = 0; n < rows; n++) {
    columnSums<T>(a, x, pixel, r.positions, false);
    quotient<T>(a, a, r.positions, pixel);
    a += pixel;
    x += pixel * r.positions;
  }
}

@unmanaged
class GlobalAvgPoolBackwardRecord {
  dx: usize;
  da: usize;
  positions: i32;
  pixel: usize;
}

/** D_X ← D_A / positions at every position; its padding 0. */
export function globalAvgPoolBackward<T>(args: usize, rows: i32): void {
  const r = changetype<GlobalAvgPoolBackwardRecord>(args);
  const pixel = r.pixel;
  let dx = r.dx, da = r.da;
  for (let n = 0; n < rows; n++) {
    for (let p = 0; p < r.positions; p++) {
      quotient<T>(dx, da, r.positions, pixel);
      dx += pixel;
    }
    da += pixel;
  }
}
