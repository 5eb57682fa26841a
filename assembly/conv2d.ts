import { activate, activateBackward } from "./activation/index";
import { bordered, fullBytes, fullWidth, putImage, takeImage } from "./conv2d/image";
import { putOffsets, putPlaces } from "./conv2d/patches";
import { gatheredProduct } from "./conv2d/product";
import { scatteredProduct } from "./conv2d/scatter";
import { packTransposed, PANEL } from "./matmul/panel";
import { columnSums } from "./matmul/sums";
import { Activation, Gradient } from "./opcodes";
import { lanes } from "./simd";
import { Window } from "./window";

// The convolution A = a(Z), Z[p] = B + patch[p]·W for every position p of a window over the image (no flip, as everywhere else):
// x [rows·height·width][channels], w [kernelHeight·kernelWidth·channels][filters], b [filters], z and a [rows·outHeight·outWidth][filters].
// Places outside the image count as 0, and are multiplied like any other.
//
// Samples are taken block by block. Bytes of the workspace, with up(n) n rounded up to a multiple of 16, out = outHeight·outWidth,
// K = kernelHeight·kernelWidth·channels, full the bytes of a sample with its border (`fullBytes`) and S the samples of a block:
//
//   | offsets up(4·K) | places up(4·S·out) | panels 64·3072/sizeof<T>() | images S·full |                          forward
//   | offsets up(4·K) | places up(4·S·out) | panels 64·3072/sizeof<T>() | images S·full | Wᵀ | image full |        backward
//
// The images are there only if the window is `bordered`. Wᵀ, kernelHeight·kernelWidth·⌈channels·sizeof<T>()/32⌉·32·up(filters·sizeof<T>())/sizeof<T>(),
// and the image behind it only if D_X is wanted.

/** Bytes of the images of a block at most, and positions: half an L2 cache with what is made of them. One sample at least. */
const BLOCK_BYTES: usize = 262144;
const BLOCK_POSITIONS = 2048;

/** Positions that are multiplied by all panels of W before the next. */
const FORWARD_ROWS = 1024;

/** Positions that a weight gradient takes before it is stored and the next begin. */
const BACKWARD_ROWS = 256;

const PANELS_BYTES: usize = 2 * PANEL * 3072;

@inline
function up(bytes: usize): usize {
  return (bytes + 15) & -16;
}

/** Samples of a block. */
function blockSamples(w: Window, pixel: usize, rows: i32): i32 {
  const most = min(<i32>(BLOCK_BYTES / fullBytes(w, pixel)), BLOCK_POSITIONS / (w.outHeight * w.outWidth));
  return max(1, min(rows, most));
}

@unmanaged
class Conv2dForwardRecord extends Window {
  /** Z, and A in its place. */
  a: usize;
  x: usize;
  w: usize;
  /** Or 0: the sums start from 0. */
  b: usize;
  channels: i32;
  /** Bytes from a pixel of X to the next, and from a sample to the next. */
  xPixel: usize;
  xStride: usize;
  /** Of A, and of a row of W: whole vectors. */
  aPixel: usize;
  activation: Activation;
  workspace: usize;
}

/** A ← a(B + patches·W). */
export function conv2dForward<T>(args: usize, rows: i32): void {
  const r = changetype<Conv2dForwardRecord>(args);
  const pixel = r.xPixel, s = r.aPixel;
  const terms = r.kernelHeight * r.kernelWidth * r.channels;
  const out = r.outHeight * r.outWidth;
  const most = blockSamples(r, pixel, rows);
  const border = bordered(r);
  const stride = border ? fullBytes(r, pixel) : r.xStride;
  const rowBytes = <usize>fullWidth(r) * pixel;
  const offsets = r.workspace;
  const places = offsets + up(<usize>terms << 2);
  const panels = places + up(<usize>(most * out) << 2);
  const images = panels + PANELS_BYTES / sizeof<T>();
  putOffsets<T>(offsets, r, r.channels, rowBytes, pixel);
  putPlaces(places, r, most, stride, rowBytes, pixel);
  if (border) memory.fill(images, 0, stride * most);
  let a = r.a, x = r.x;
  for (let left = rows; left > 0; left -= most) {
    const samples = min(most, left);
    if (border) {
      for (let i = 0; i < samples; i++) putImage<T>(images + stride * i, x + r.xStride * i, r, pixel);
    }
    const image = border ? images : x;
    for (let p = 0; p < samples * out; p += FORWARD_ROWS) {
      const count = min(FORWARD_ROWS, samples * out - p);
      gatheredProduct<T>(a, s, r.b, 0, image, places + (<usize>p << 2), count, offsets, terms, r.w, s, panels);
      activate<T>(r.activation, a, a, s * count);
      a += s * count;
    }
    x += r.xStride * samples;
  }
}

@unmanaged
class Conv2dBackwardRecord extends Window {
  /** D_A on entry, D_Z afterwards. */
  dz: usize;
  /** A, from which the activation's derivative is taken. */
  a: usize;
  x: usize;
  w: usize;
  /** D_X, or 0 where it is not wanted. X is then not compact. */
  dx: usize;
  dw: usize;
  /** Or 0 where there is no bias. */
  db: usize;
  channels: i32;
  filters: i32;
  xPixel: usize;
  xStride: usize;
  aPixel: usize;
  activation: Activation;
  gradient: Gradient;
  workspace: usize;
}

/**
 * BP2: D_Z ← D_A ⊙ a′(Z); D_W ← patchesᵀ·D_Z and D_B ← Σ D_Z over all positions, each from 0 or added to what is there, or neither;
 * D_X ← 0, then position by position the patch D_Z[p]·Wᵀ is added to what lies below it. The padding of D_X is written 0.
 */
export function conv2dBackward<T>(args: usize, rows: i32): void {
  const r = changetype<Conv2dBackwardRecord>(args);
  const pixel = r.xPixel, s = r.aPixel;
  const terms = r.kernelHeight * r.kernelWidth * r.channels;
  const out = r.outHeight * r.outWidth;
  const most = blockSamples(r, pixel, rows);
  const border = bordered(r);
  const stride = border ? fullBytes(r, pixel) : r.xStride;
  const rowBytes = <usize>fullWidth(r) * pixel;
  const offsets = r.workspace;
  const places = offsets + up(<usize>terms << 2);
  const panels = places + up(<usize>(most * out) << 2);
  const images = panels + PANELS_BYTES / sizeof<T>();
  const transposed = images + (border ? stride * most : 0);
  putOffsets<T>(offsets, r, r.channels, rowBytes, pixel);
  putPlaces(places, r, most, stride, rowBytes, pixel);
  if (border) memory.fill(images, 0, stride * most);
  if (r.dx) packTaps<T>(transposed, r);
  let dz = r.dz, a = r.a, x = r.x, dx = r.dx;
  let accumulate = r.gradient == Gradient.Accumulate;
  for (let left = rows; left > 0; left -= most) {
    const samples = min(most, left);
    const count = samples * out;
    activateBackward<T>(r.activation, dz, dz, a, s * count);
    if (r.gradient != Gradient.Skip) {
      if (border) {
        for (let i = 0; i < samples; i++) putImage<T>(images + stride * i, x + r.xStride * i, r, pixel);
      }
      weightGradient<T>(r, border ? images : x, places, dz, count, accumulate, offsets, terms, panels);
      if (r.db) columnSums<T>(r.db, dz, s, count, accumulate);
      accumulate = true;
    }
    if (dx) {
      inputGradient<T>(r, dx, places, dz, samples, offsets, transposed);
      dx += r.xStride * samples;
    }
    dz += s * count;
    a += s * count;
    x += r.xStride * samples;
  }
}

/** D_W ← patchesᵀ·D_Z of `count` positions, or D_W + patchesᵀ·D_Z. */
function weightGradient<T>(
  r: Conv2dBackwardRecord, image: usize, places: usize, dz: usize, count: i32, accumulate: bool,
  offsets: usize, terms: i32, panels: usize,
): void {
  const s = r.aPixel;
  for (let p = 0; p < count; p += BACKWARD_ROWS) {
    const positions = min(BACKWARD_ROWS, count - p);
    const start = accumulate || p > 0 ? r.dw : 0;
    const from = places + (<usize>p << 2);
    gatheredProduct<T>(r.dw, s, start, start ? s : 0, image, offsets, terms, from, positions, dz + s * p, s, panels);
  }
}

/** Bytes of a panel of Wᵀ, and of the panels of one place of the window. */
@inline
function panelBytes<T>(r: Conv2dBackwardRecord): usize {
  return PANEL * ((r.filters + lanes<T>() - 1) & -lanes<T>());
}

/** Of a pixel of D_X, what has channels in it: whole vectors. */
@inline
function pixelBytes<T>(r: Conv2dBackwardRecord): usize {
  return up(<usize>r.channels * sizeof<T>());
}

@inline
function tapBytes<T>(r: Conv2dBackwardRecord): usize {
  return ((pixelBytes<T>(r) + PANEL - 1) / PANEL) * panelBytes<T>(r);
}

/** Wᵀ in panels of channels, for each place of the window. */
function packTaps<T>(to: usize, r: Conv2dBackwardRecord): void {
  const wide = 2 * lanes<T>();
  let from = r.w;
  for (let tap = r.kernelHeight * r.kernelWidth; tap > 0; tap--) {
    for (let c = 0; c < r.channels; c += wide) {
      packTransposed<T>(to + panelBytes<T>(r) * (c / wide), from + r.aPixel * c, r.aPixel, min(wide, r.channels - c), r.filters);
    }
    to += tapBytes<T>(r);
    from += r.aPixel * r.channels;
  }
}

/**
 * D_X of `samples`. A number of D_X belongs to the patches of positions that see it at different places of the window: the later the
 * position, the earlier the place. So the places are taken from the last to the first, each for all positions.
 */
function inputGradient<T>(
  r: Conv2dBackwardRecord, dx: usize, places: usize, dz: usize, samples: i32, offsets: usize, transposed: usize,
): void {
  const pixel = r.xPixel, s = r.aPixel;
  const border = bordered(r);
  const bytes = border ? fullBytes(r, pixel) : r.xStride;
  const full = transposed + tapBytes<T>(r) * (r.kernelHeight * r.kernelWidth);
  for (let i = 0; i < samples; i++) {
    const to = border ? full : dx;
    memory.fill(to, 0, bytes);
    for (let ky = r.kernelHeight - 1; ky >= 0; ky--) {
      // The rows of positions that see a row of the image here: ky·dilationY ≥ top − oy·strideY, and so at the bottom.
      const above = r.top - ky * r.dilationY;
      const first = above > 0 ? (above + r.strideY - 1) / r.strideY : 0;
      const below = above + r.height;
      const last = below > 0 ? min(r.outHeight, (below + r.strideY - 1) / r.strideY) : 0;
      if (first >= last) continue;
      const p = <usize>(first * r.outWidth);
      for (let kx = r.kernelWidth - 1; kx >= 0; kx--) {
        const tap = <usize>(ky * r.kernelWidth + kx);
        scatteredProduct<T>(
          to + load<u32>(offsets + ((tap * r.channels) << 2)), places + (p << 2), pixelBytes<T>(r), dz + s * p, s,
          (last - first) * r.outWidth, r.filters, transposed + tapBytes<T>(r) * tap, panelBytes<T>(r),
        );
      }
    }
    if (border) takeImage<T>(dx, full, r, pixel);
    dx += r.xStride;
    dz += s * (r.outHeight * r.outWidth);
  }
}
