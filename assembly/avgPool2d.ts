import { Window } from "./window";
import { endInside, endSeeing, firstInside, firstSeeing } from "./window/range";

// Means of windows. x and D_X [rows · height · width][channels], a and D_A [rows · outHeight · outWidth][channels], `pixel` bytes from
// position to position: whole vectors. Dilations are 1; no window lies outside the image as a whole.

@unmanaged
class AvgPool2dForwardRecord extends Window {
  a: usize;
  x: usize;
  pixel: usize;
  /**
   * What the sum is divided by. 0: the positions inside the image (MatConvNet, Keras, ONNX's default); 1: those inside the padded
   * image (PyTorch's default).
   */
  countPadding: i32;
  /** Positions of padding below and right of the image; they only count where padding counts. */
  bottom: i32;
  right: i32;
}

/** A ← 1/count Σ x over each window, from 0 in index order. The padding of A holds no meaning. */
export function avgPool2dForward<T>(args: usize, rows: i32): void {
  const r = changetype<AvgPool2dForwardRecord>(args);
  assert(r.dilationY == 1 && r.dilationX == 1);
  const pixel = r.pixel, row = pixel * r.width;
  let a = r.a, x = r.x;
  for (let n = 0; n < rows; n++) {
    for (let oy = 0; oy < r.outHeight; oy++) {
      const y = oy * r.strideY - r.top;
      const ky = firstInside(y, 1);
      const height = endInside(y, 1, r.kernelHeight, r.height) - ky;
      const countY = counted(y, r.kernelHeight, r.height, r.bottom, r.countPadding);
      for (let ox = 0; ox < r.outWidth; ox++) {
        const left = ox * r.strideX - r.left;
        const kx = firstInside(left, 1);
        const width = endInside(left, 1, r.kernelWidth, r.width) - kx;
        assert(height > 0 && width > 0);
        const count = countY * counted(left, r.kernelWidth, r.width, r.right, r.countPadding);
        mean<T>(a, x + <usize>(y + ky) * row + <usize>(left + kx) * pixel, pixel, row, height, width, count);
        a += pixel;
      }
    }
    x += row * r.height;
  }
}

/** Positions along one axis that a window counts, which begins at `begin`: never one before the padding. */
@inline
function counted(begin: i32, kernel: i32, size: i32, after: i32, countPadding: i32): i32 {
  return countPadding ? min(kernel, size + after - begin) : min(kernel, size - begin) - firstInside(begin, 1);
}

/** a ← 1/count Σ over height × width positions from `x` on. */
function mean<T>(a: usize, x: usize, pixel: usize, row: usize, height: i32, width: i32, count: i32): void {
  const divisor = v128.splat<T>(<T>count);
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum = i32x4.splat(0);
    let from = x + c;
    for (let ky = 0; ky < height; ky++) {
      let at = from;
      for (let kx = 0; kx < width; kx++) {
        sum = v128.add<T>(sum, v128.load(at));
        at += pixel;
      }
      from += row;
    }
    v128.store(a + c, v128.div<T>(sum, divisor));
  }
}

@unmanaged
class AvgPool2dBackwardRecord extends Window {
  dx: usize;
  da: usize;
  pixel: usize;
  countPadding: i32;
  bottom: i32;
  right: i32;
}

/** D_X ← Σ D_A / count of the windows that see it, from 0, windows in index order; its padding 0. */
export function avgPool2dBackward<T>(args: usize, rows: i32): void {
  const r = changetype<AvgPool2dBackwardRecord>(args);
  assert(r.dilationY == 1 && r.dilationX == 1);
  const pixel = r.pixel, row = pixel * r.outWidth;
  let dx = r.dx, da = r.da;
  for (let n = 0; n < rows; n++) {
    for (let y = 0; y < r.height; y++) {
      const below = y + r.top;
      const oy = firstSeeing(below, r.kernelHeight, r.strideY);
      const oyEnd = endSeeing(below, r.strideY, r.outHeight);
      for (let x = 0; x < r.width; x++) {
        const right = x + r.left;
        const ox = firstSeeing(right, r.kernelWidth, r.strideX);
        const oxEnd = endSeeing(right, r.strideX, r.outWidth);
        shares<T>(dx, da, r, row, oy, oyEnd, ox, oxEnd);
        dx += pixel;
      }
    }
    da += row * r.outHeight;
  }
}

/** dx ← Σ da / count over the windows from oy and ox up to oyEnd and oxEnd, of a sample's `da`. */
function shares<T>(
  dx: usize, da: usize, r: AvgPool2dBackwardRecord, row: usize, oyFirst: i32, oyEnd: i32, oxFirst: i32, oxEnd: i32,
): void {
  const pixel = r.pixel, strideX = r.strideX, left = r.left, width = r.width, kernelWidth = r.kernelWidth;
  const after = r.right, countPadding = r.countPadding;
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum = i32x4.splat(0);
    for (let oy = oyFirst; oy < oyEnd; oy++) {
      const countY = counted(oy * r.strideY - r.top, r.kernelHeight, r.height, r.bottom, countPadding);
      let at = da + <usize>oy * row + <usize>oxFirst * pixel + c;
      for (let ox = oxFirst; ox < oxEnd; ox++) {
        const count = countY * counted(ox * strideX - left, kernelWidth, width, after, countPadding);
        sum = v128.add<T>(sum, v128.div<T>(v128.load(at), v128.splat<T>(<T>count)));
        at += pixel;
      }
    }
    v128.store(dx + c, sum);
  }
}
