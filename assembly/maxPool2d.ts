import { Window } from "./window";
import { endInside, endSeeing, firstInside, firstSeeing } from "./window/range";

// Largest numbers of windows. x and D_X [rows · height · width][channels], a, D_A and index [rows · outHeight · outWidth][channels],
// `pixel` bytes from position to position: whole vectors. Dilations are 1. What of a window lies outside the image is left out; no
// window lies outside as a whole. `index` holds of each number of A its place in its window, ky·kernelWidth + kx, as an integer of the
// number's width: i32 beside f32, i64 beside f64.

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
  assert(r.dilationY == 1 && r.dilationX == 1);
  const pixel = r.pixel, row = pixel * r.width;
  let a = r.a, index = r.index, x = r.x;
  for (let n = 0; n < rows; n++) {
    for (let oy = 0; oy < r.outHeight; oy++) {
      const y = oy * r.strideY - r.top;
      const ky = firstInside(y, 1);
      const height = endInside(y, 1, r.kernelHeight, r.height) - ky;
      for (let ox = 0; ox < r.outWidth; ox++) {
        const left = ox * r.strideX - r.left;
        const kx = firstInside(left, 1);
        const width = endInside(left, 1, r.kernelWidth, r.width) - kx;
        assert(height > 0 && width > 0);
        const from = x + <usize>(y + ky) * row + <usize>(left + kx) * pixel;
        largest<T>(a, index, from, pixel, row, height, width, ky * r.kernelWidth + kx, r.kernelWidth);
        a += pixel;
        index += pixel;
      }
    }
    x += row * r.height;
  }
}

/** a ← the largest of height × width positions from `x` on, the first of which is the window's place `first`; index ← its place. */
function largest<T>(
  a: usize, index: usize, x: usize, pixel: usize, row: usize, height: i32, width: i32, first: i32, kernelWidth: i32,
): void {
  for (let c: usize = 0; c < pixel; c += 16) {
    let best = v128.load(x + c), winner = places<T>(first);
    let from = x + c;
    let place = first;
    for (let ky = 0; ky < height; ky++) {
      let at = from;
      for (let k = place; k < place + width; k++) {
        const value = v128.load(at);
        // Neither smaller nor equal, nor is there NaN already.
        const better = v128.andnot(v128.eq<T>(best, best), v128.le<T>(value, best));
        best = v128.bitselect(value, best, better);
        winner = v128.bitselect(places<T>(k), winner, better);
        at += pixel;
      }
      from += row;
      place += kernelWidth;
    }
    v128.store(a + c, best);
    v128.store(index + c, winner);
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
  assert(r.dilationY == 1 && r.dilationX == 1);
  const pixel = r.pixel, row = pixel * r.outWidth;
  let dx = r.dx, da = r.da, index = r.index;
  for (let n = 0; n < rows; n++) {
    for (let y = 0; y < r.height; y++) {
      const below = y + r.top;
      const oy = firstSeeing(below, r.kernelHeight, r.strideY);
      const height = endSeeing(below, r.strideY, r.outHeight) - oy;
      for (let x = 0; x < r.width; x++) {
        const right = x + r.left;
        const ox = firstSeeing(right, r.kernelWidth, r.strideX);
        const width = endSeeing(right, r.strideX, r.outWidth) - ox;
        const place = (below - oy * r.strideY) * r.kernelWidth + right - ox * r.strideX;
        const from = <usize>oy * row + <usize>ox * pixel;
        won<T>(dx, da + from, index + from, pixel, row, height, width, place, r.strideY * r.kernelWidth, r.strideX);
        dx += pixel;
      }
    }
    da += row * r.outHeight;
    index += row * r.outHeight;
  }
}

/**
 * dx ← Σ da of those of height × width windows whose index is the place of dx in them: `first` in the first window, by `down` less in
 * each one below, by `along` less in each one to the right.
 */
function won<T>(
  dx: usize, da: usize, index: usize, pixel: usize, row: usize, height: i32, width: i32, first: i32, down: i32, along: i32,
): void {
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum = i32x4.splat(0);
    let from = c;
    let place = first;
    for (let oy = 0; oy < height; oy++) {
      let at = from;
      let k = place;
      for (let ox = 0; ox < width; ox++) {
        const mine = samePlace<T>(v128.load(index + at), places<T>(k));
        sum = v128.add<T>(sum, v128.and(v128.load(da + at), mine));
        at += pixel;
        k -= along;
      }
      from += row;
      place -= down;
    }
    v128.store(dx + c, sum);
  }
}
