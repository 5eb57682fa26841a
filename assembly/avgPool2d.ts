import { add, clear } from "./columns";
import { quotient } from "./columns";
import { Window } from "./window";
import { endInside, endSeen, firstInside, firstSeen, imagePosition } from "./window/segment";

// Means of windows. x and D_X [rows · height · width][channels], a and D_A [rows · outHeight · outWidth][channels], `pixel` bytes from
// position to position: whole vectors. Dilations are 1; no window lies outside the image as a whole. Both directions go segment
// by segment.

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
  const pixel = r.pixel, outRow = pixel * r.outWidth;
  let a = r.a, x = r.x;
  for (let n = 0; n < rows; n++) {
    for (let oy = 0; oy < r.outHeight; oy++) {
      const y = oy * r.strideY - r.top;
      const countY = counted(y, r.kernelHeight, r.height, r.bottom, r.countPadding);
      clear(a, outRow);
      const kyEnd = endInside(y, 1, r.kernelHeight, r.height);
      for (let ky = firstInside(y, 1); ky < kyEnd; ky++) {
        for (let kx = 0; kx < r.kernelWidth; kx++) {
          const ox = firstSeen(r, kx), count = endSeen(r, kx) - ox;
          const at = x + <usize>imagePosition(r, y + ky, kx, ox) * pixel;
          addSegment<T>(a + <usize>ox * pixel, at, pixel * r.strideX, count, pixel);
        }
      }
      for (let ox = 0; ox < r.outWidth; ox++) {
        const countX = counted(ox * r.strideX - r.left, r.kernelWidth, r.width, r.right, r.countPadding);
        quotient<T>(a, a, countY * countX, pixel);
        a += pixel;
      }
    }
    x += pixel * r.width * r.height;
  }
}

/** a ← a + x at `count` positions, those of x `step` bytes apart. */
function addSegment<T>(a: usize, x: usize, step: usize, count: i32, pixel: usize): void {
  for (let i = 0; i < count; i++) {
    add<T>(a, x, pixel);
    a += pixel;
    x += step;
  }
}

/** Positions along one axis that a window counts, which begins at `begin`: never one before the padding. */
@inline
function counted(begin: i32, kernel: i32, size: i32, after: i32, countPadding: i32): i32 {
  return countPadding ? min(kernel, size + after - begin) : min(kernel, size - begin) - firstInside(begin, 1);
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
  const pixel = r.pixel, image = pixel * r.width * r.height;
  let dx = r.dx, da = r.da;
  for (let n = 0; n < rows; n++) {
    clear(dx, image);
    for (let oy = 0; oy < r.outHeight; oy++) {
      const y = oy * r.strideY - r.top;
      const countY = counted(y, r.kernelHeight, r.height, r.bottom, r.countPadding);
      const kyEnd = endInside(y, 1, r.kernelHeight, r.height);
      for (let ky = firstInside(y, 1); ky < kyEnd; ky++) {
        // Of windows side by side, those further right see a position in places further left.
        for (let kx = r.kernelWidth - 1; kx >= 0; kx--) {
          const ox = firstSeen(r, kx);
          const at = dx + <usize>imagePosition(r, y + ky, kx, ox) * pixel;
          addShares<T>(r, at, da + <usize>ox * pixel, countY, ox, endSeen(r, kx), pixel);
        }
      }
      da += pixel * r.outWidth;
    }
    dx += image;
  }
}

/** dx ← dx + da / count, of the windows from `ox` up to `end`. */
function addShares<T>(
  r: AvgPool2dBackwardRecord, dx: usize, da: usize, countY: i32, ox: i32, end: i32, pixel: usize,
): void {
  const step = pixel * r.strideX;
  for (; ox < end; ox++) {
    const countX = counted(ox * r.strideX - r.left, r.kernelWidth, r.width, r.right, r.countPadding);
    const count = v128.splat<T>(<T>(countY * countX));
    for (let c: usize = 0; c < pixel; c += 16) {
      v128.store(dx + c, v128.add<T>(v128.load(dx + c), v128.div<T>(v128.load(da + c), count)));
    }
    dx += step;
    da += pixel;
  }
}
