import { clear } from "./columns";
import { Window } from "./window";
import { endInside, endSeen, firstInside, firstSeen, imagePosition } from "./window/segment";

// Largest numbers of windows. x and D_X [rows · height · width][channels], a, D_A and index [rows · outHeight · outWidth][channels],
// `pixel` bytes from position to position: whole vectors. Dilations are 1. What of a window lies outside the image is left out; no
// window lies outside as a whole. `index` holds of each number of A its place in its window, ky·kernelWidth + kx, as an integer of the
// number's width: i32 beside f32, i64 beside f64. Both directions go segment by segment.

@unmanaged
class MaxPool2dForwardRecord extends Window {
  a: usize;
  /** Written for the backward. */
  index: usize;
  x: usize;
  pixel: usize;
}

/** A ← the largest number of each window, the first of equals; where there is NaN, the first NaN. The padding of A holds no meaning. */
export function maxPool2dForward<T>(args: usize, rows: i32): void {
  const r = changetype<MaxPool2dForwardRecord>(args);
  const pixel = r.pixel, outRow = pixel * r.outWidth;
  let a = r.a, index = r.index, x = r.x;
  for (let n = 0; n < rows; n++) {
    for (let oy = 0; oy < r.outHeight; oy++) {
      start<T>(r, oy, a, index, pixel);
      forEachSegment<T>(r, true, oy, a, index, x, pixel);
      a += outRow;
      index += outRow;
    }
    x += pixel * r.width * r.height;
  }
}

/** The positions of an output row ← −∞, in the first place of each window that lies inside the image. */
function start<T>(r: Window, oy: i32, a: usize, index: usize, pixel: usize): void {
  const least = v128.splat<T>(<T>-Infinity);
  const row = firstInside(oy * r.strideY - r.top, 1) * r.kernelWidth;
  for (let ox = 0; ox < r.outWidth; ox++) {
    const place = places<T>(row + firstInside(ox * r.strideX - r.left, 1));
    for (let c: usize = 0; c < pixel; c += 16) {
      v128.store(a + c, least);
      v128.store(index + c, place);
    }
    a += pixel;
    index += pixel;
  }
}

/** a ← x where x is larger, or the first NaN, and index ← `place` there; at `count` positions, those of x `step` bytes apart. */
function compare<T>(a: usize, index: usize, x: usize, step: usize, place: i32, count: i32, pixel: usize): void {
  const here = places<T>(place);
  for (let i = 0; i < count; i++) {
    for (let c: usize = 0; c < pixel; c += 16) {
      const value = v128.load(x + c), best = v128.load(a + c);
      // Neither smaller nor equal, nor is there NaN already.
      const better = v128.andnot(v128.eq<T>(best, best), v128.le<T>(value, best));
      v128.store(a + c, v128.bitselect(value, best, better));
      v128.store(index + c, v128.bitselect(here, v128.load(index + c), better));
    }
    a += pixel;
    index += pixel;
    x += step;
  }
}

/** A place in all lanes. */
@inline
function places<T>(place: i32): v128 {
  return sizeof<T>() == 4 ? i32x4.splat(place) : i64x2.splat(place);
}

@inline
function samePlace<T>(a: v128, b: v128): v128 {
  return sizeof<T>() == 4 ? i32x4.eq(a, b) : i64x2.eq(a, b);
}

@unmanaged
class MaxPool2dBackwardRecord extends Window {
  dx: usize;
  da: usize;
  index: usize;
  pixel: usize;
}

/** D_X ← Σ D_A of the windows whose largest number it is, from 0, windows in index order; its padding 0. */
export function maxPool2dBackward<T>(args: usize, rows: i32): void {
  const r = changetype<MaxPool2dBackwardRecord>(args);
  const pixel = r.pixel, outRow = pixel * r.outWidth, image = pixel * r.width * r.height;
  let dx = r.dx, da = r.da, index = r.index;
  for (let n = 0; n < rows; n++) {
    clear(dx, image);
    for (let oy = 0; oy < r.outHeight; oy++) {
      forEachSegment<T>(r, false, oy, da, index, dx, pixel);
      da += outRow;
      index += outRow;
    }
    dx += image;
  }
}

/** dx ← dx + da where the index is `place`; at `count` positions, those of dx `step` bytes apart. */
function addWon<T>(dx: usize, step: usize, da: usize, index: usize, place: i32, count: i32, pixel: usize): void {
  const here = places<T>(place);
  for (let i = 0; i < count; i++) {
    for (let c: usize = 0; c < pixel; c += 16) {
      const won = v128.and(v128.load(da + c), samePlace<T>(v128.load(index + c), here));
      v128.store(dx + c, v128.add<T>(v128.load(dx + c), won));
    }
    da += pixel;
    index += pixel;
    dx += step;
  }
}

/** Takes an output row, a or da with its index, to its image, x or dx: forward k, backward windows in index order. */
@inline
function forEachSegment<T>(
  r: Window, forward: bool, oy: i32, a: usize, index: usize, x: usize, pixel: usize,
): void {
  assert(r.dilationY == 1 && r.dilationX == 1);
  const along = pixel * r.strideX;
  const y = oy * r.strideY - r.top;
  const kyEnd = endInside(y, 1, r.kernelHeight, r.height);
  for (let ky = firstInside(y, 1); ky < kyEnd; ky++) {
    for (let k = 0; k < r.kernelWidth; k++) {
      // Of windows side by side, those further right see a position in places further left.
      const kx = forward ? k : r.kernelWidth - 1 - k;
      const ox = firstSeen(r, kx), count = endSeen(r, kx) - ox;
      const from = <usize>ox * pixel;
      const at = x + <usize>imagePosition(r, y + ky, kx, ox) * pixel;
      const place = ky * r.kernelWidth + kx;
      if (forward) compare<T>(a + from, index + from, at, along, place, count, pixel);
      else addWon<T>(at, along, a + from, index + from, place, count, pixel);
    }
  }
}
