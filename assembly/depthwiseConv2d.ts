import { activate, activateBackward } from "./activation/index";
import { clear } from "./columns";
import { columnSums } from "./matmul/sums";
import { Activation, Gradient } from "./opcodes";
import { mulAdd } from "./simd";
import { Window } from "./window";
import { endInside, endSeen, firstInside, firstSeen, imagePosition } from "./window/segment";

// Depthwise convolution A = a(Z): each channel has a window of weights of its own. x and D_X [rows · height · width][channels],
// z and a [rows · outHeight · outWidth][channels], w [kernelHeight · kernelWidth][channels], b [channels], `pixel` bytes from row to
// row of each: whole vectors; the padding of w and b is 0. What of a window lies outside the image counts as zero. All three products
// go segment by segment.

@unmanaged
class DepthwiseConv2dForwardRecord extends Window {
  /** Z, and A in its place. */
  a: usize;
  x: usize;
  w: usize;
  /** Or 0 for none. */
  b: usize;
  pixel: usize;
  activation: Activation;
}

/** A ← a(B + Σ_k X·W), k in index order from B, or from 0. */
export function depthwiseConv2dForward<T>(args: usize, rows: i32): void {
  const r = changetype<DepthwiseConv2dForwardRecord>(args);
  const pixel = r.pixel, outRow = pixel * r.outWidth;
  let a = r.a, x = r.x;
  for (let n = 0; n < rows; n++) {
    for (let oy = 0; oy < r.outHeight; oy++) {
      start(a, r.b, outRow, pixel);
      forEachSegment<T>(r, Product.Output, oy, a, x, r.w, pixel);
      a += outRow;
    }
    x += pixel * r.width * r.height;
  }
  activate<T>(r.activation, r.a, r.a, a - r.a);
}

/** The positions of a row ← B, or 0 where there is none. */
function start(a: usize, b: usize, bytes: usize, pixel: usize): void {
  if (b == 0) return clear(a, bytes);
  for (const end = a + bytes; a < end; a += pixel) {
    for (let c: usize = 0; c < pixel; c += 16) v128.store(a + c, v128.load(b + c));
  }
}

@unmanaged
class DepthwiseConv2dBackwardRecord extends Window {
  /** D_A on entry, D_Z afterwards. */
  dz: usize;
  /** A, from which the activation's derivative is taken. */
  a: usize;
  x: usize;
  w: usize;
  /** D_X, or 0 where it is not wanted. */
  dx: usize;
  dw: usize;
  /** D_B, or 0 where there is no B. */
  db: usize;
  pixel: usize;
  activation: Activation;
  /** Store, Accumulate or Skip. */
  gradient: Gradient;
}

/**
 * BP2: D_Z ← D_A ⊙ a′(Z); D_W ← Σ D_Z ⊙ X, D_B ← Σ D_Z over the positions in index order, each from 0 or added to what is there, or
 * neither; D_X ← Σ D_Z ⊙ W from 0, windows in index order. The padding of D_X and D_W is 0.
 */
export function depthwiseConv2dBackward<T>(args: usize, rows: i32): void {
  const r = changetype<DepthwiseConv2dBackwardRecord>(args);
  assert(r.gradient != Gradient.Descend);
  const pixel = r.pixel, outRow = pixel * r.outWidth, image = pixel * r.width * r.height;
  const positions = rows * r.outHeight * r.outWidth;
  activateBackward<T>(r.activation, r.dz, r.dz, r.a, pixel * positions);
  const stored = r.gradient != Gradient.Skip;
  if (r.gradient == Gradient.Store) clear(r.dw, pixel * r.kernelHeight * r.kernelWidth);
  if (stored && r.db) columnSums<T>(r.db, r.dz, pixel, positions, r.gradient == Gradient.Accumulate);
  let dz = r.dz, x = r.x, dx = r.dx;
  for (let n = 0; n < rows; n++) {
    if (r.dx) clear(dx, image);
    for (let oy = 0; oy < r.outHeight; oy++) {
      if (stored) forEachSegment<T>(r, Product.Weights, oy, dz, x, r.dw, pixel);
      if (r.dx) forEachSegment<T>(r, Product.Input, oy, dz, dx, r.w, pixel);
      dz += outRow;
    }
    x += image;
    dx += image;
  }
}

/** Which of the three is added to. */
const enum Product {
  Output,
  Input,
  Weights,
}

/**
 * Adds to one of z, a row of the output, x, its image, and w the products of the other two: to z with k, to x with the windows in index
 * order.
 */
@inline
function forEachSegment<T>(r: Window, product: Product, oy: i32, z: usize, x: usize, w: usize, pixel: usize): void {
  const along = pixel * r.strideX;
  const y = oy * r.strideY - r.top;
  const kyEnd = endInside(y, r.dilationY, r.kernelHeight, r.height);
  for (let ky = firstInside(y, r.dilationY); ky < kyEnd; ky++) {
    for (let k = 0; k < r.kernelWidth; k++) {
      // Of windows side by side, those further right see a position in places further left.
      const kx = product == Product.Input ? r.kernelWidth - 1 - k : k;
      const ox = firstSeen(r, kx), count = endSeen(r, kx) - ox;
      const zAt = z + <usize>ox * pixel;
      const xAt = x + <usize>imagePosition(r, y + ky * r.dilationY, kx, ox) * pixel;
      const wAt = w + <usize>(ky * r.kernelWidth + kx) * pixel;
      if (product == Product.Output) addScaled<T>(zAt, pixel, xAt, along, wAt, count, pixel);
      else if (product == Product.Input) addScaled<T>(xAt, along, zAt, pixel, wAt, count, pixel);
      else addProducts<T>(wAt, xAt, along, zAt, pixel, count, pixel);
    }
  }
}

/** out ← out + from ⊙ w at `count` positions, `outStep` and `fromStep` bytes from one to the next. */
function addScaled<T>(
  out: usize, outStep: usize, from: usize, fromStep: usize, w: usize, count: i32, bytes: usize,
): void {
  const end = w + bytes;
  for (; w + 64 <= end; w += 64) {
    const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
    let o = out, f = from;
    for (let i = 0; i < count; i++) {
      v128.store(o, mulAdd<T>(v128.load(f), w0, v128.load(o)));
      v128.store(o, mulAdd<T>(v128.load(f, 16), w1, v128.load(o, 16)), 16);
      v128.store(o, mulAdd<T>(v128.load(f, 32), w2, v128.load(o, 32)), 32);
      v128.store(o, mulAdd<T>(v128.load(f, 48), w3, v128.load(o, 48)), 48);
      o += outStep;
      f += fromStep;
    }
    out += 64;
    from += 64;
  }
  for (; w < end; w += 16) {
    const w0 = v128.load(w);
    let o = out, f = from;
    for (let i = 0; i < count; i++) {
      v128.store(o, mulAdd<T>(v128.load(f), w0, v128.load(o)));
      o += outStep;
      f += fromStep;
    }
    out += 16;
    from += 16;
  }
}

/** sum ← sum + Σ x ⊙ z over `count` positions in index order, `xStep` and `zStep` bytes from one to the next. */
function addProducts<T>(
  sum: usize, x: usize, xStep: usize, z: usize, zStep: usize, count: i32, bytes: usize,
): void {
  const end = sum + bytes;
  // Four vectors at a time hide the latency of an addition.
  for (; sum + 64 <= end; sum += 64) {
    let s0 = v128.load(sum), s1 = v128.load(sum, 16), s2 = v128.load(sum, 32), s3 = v128.load(sum, 48);
    let xAt = x, zAt = z;
    for (let i = 0; i < count; i++) {
      s0 = mulAdd<T>(v128.load(xAt), v128.load(zAt), s0);
      s1 = mulAdd<T>(v128.load(xAt, 16), v128.load(zAt, 16), s1);
      s2 = mulAdd<T>(v128.load(xAt, 32), v128.load(zAt, 32), s2);
      s3 = mulAdd<T>(v128.load(xAt, 48), v128.load(zAt, 48), s3);
      xAt += xStep;
      zAt += zStep;
    }
    v128.store(sum, s0);
    v128.store(sum, s1, 16);
    v128.store(sum, s2, 32);
    v128.store(sum, s3, 48);
    x += 64;
    z += 64;
  }
  for (; sum < end; sum += 16) {
    let s0 = v128.load(sum);
    let xAt = x, zAt = z;
    for (let i = 0; i < count; i++) {
      s0 = mulAdd<T>(v128.load(xAt), v128.load(zAt), s0);
      xAt += xStep;
      zAt += zStep;
    }
    v128.store(sum, s0);
    x += 16;
    z += 16;
  }
}
