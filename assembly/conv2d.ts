import { activate, activateBackward } from "./activation/index";
import { gatheredProduct } from "./conv2d/gather";
import { inputGradient, packTaps } from "./conv2d/inputGradient";
import { imagesOf, Patches, patchesOf } from "./conv2d/patches";
import { PANEL, TERM_BYTES } from "./matmul/panel";
import { columnSums } from "./matmul/sums";
import { Activation, Gradient } from "./opcodes";
import { Window } from "./window";

// The convolution A = a(Z), Z[p] = B + patch[p]·W at every position p of a window over the image: no flip, a cross-correlation.
// x [rows·height·width][channels]; w [kernelHeight·kernelWidth·channels][filters], rows of `aPixel` bytes, their padding 0; b [filters];
// z and a [rows·outHeight·outWidth][filters], `aPixel` bytes apart. Places outside the image count as 0, and are multiplied too.
//
// Samples are taken block by block. With up(n) the next multiple of 16, terms = kernelHeight·kernelWidth·channels,
// out = outHeight·outWidth, fullHeight = max(top + height, (outHeight − 1)·strideY + (kernelHeight − 1)·dilationY + 1), fullWidth likewise,
// full = up(fullHeight·fullWidth·xPixel) and samples = max(1, min(rows, ⌊262144/full⌋, ⌊2048/out⌋)), the workspace is, in bytes,
//
//   | 32 | offsets up(4·terms) | places up(4·samples·out) | images samples·full | panels 196608/sizeof<T>() |
//   | Wᵀ kernelHeight·kernelWidth·⌈channels·sizeof<T>()/32⌉·32·up(filters·sizeof<T>())/sizeof<T>() | image full |
//
// with the images only if fullHeight ≠ height or fullWidth ≠ width, and the second line only if D_X is wanted.

/** Positions that are multiplied by all panels of W before the next, and are then activated. */
const FORWARD_ROWS = 1024;

/** Positions that a weight gradient takes before it is stored and the next begin. */
const BACKWARD_ROWS = 256;

/** Bytes of the room for the panels of a gathered product. */
@inline
function panelsBytes<T>(): usize {
  return 2 * PANEL * TERM_BYTES / sizeof<T>();
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
  /** Bytes from a pixel of X to the next, not always whole vectors, and from a sample to the next. */
  xPixel: usize;
  xStride: usize;
  aPixel: usize;
  activation: Activation;
  workspace: usize;
}

/** A ← a(B + patches·W). */
export function conv2dForward<T>(args: usize, rows: i32): void {
  const r = changetype<Conv2dForwardRecord>(args);
  const s = r.aPixel;
  const patches = patchesOf<T>(r.workspace, r, r.channels, r.xPixel, r.xStride, rows);
  let a = r.a, x = r.x;
  for (let left = rows; left > 0; left -= patches.samples) {
    const samples = min(patches.samples, left);
    const images = imagesOf<T>(patches, r, x, r.xPixel, r.xStride, samples);
    const count = samples * patches.positions;
    for (let p = 0; p < count; p += FORWARD_ROWS) {
      const positions = min(FORWARD_ROWS, count - p);
      const places = patches.places + (<usize>p << 2);
      gatheredProduct<T>(a, s, r.b, 0, images, places, positions, patches.offsets, patches.terms, r.w, s, patches.end);
      activate<T>(r.activation, a, a, s * positions);
      a += s * positions;
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
  /** D_X, like X, whose pixels are then whole vectors; or 0 where it is not wanted. */
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
 * BP2: D_Z ← D_A ⊙ a′(Z); D_W ← patchesᵀ·D_Z and D_B ← Σ D_Z over all positions in index order, each from 0 or added to what is
 * there, or neither; D_X ← the sum of the patches D_Z·Wᵀ, position by position from 0, its padding 0.
 */
export function conv2dBackward<T>(args: usize, rows: i32): void {
  const r = changetype<Conv2dBackwardRecord>(args);
  const s = r.aPixel;
  const patches = patchesOf<T>(r.workspace, r, r.channels, r.xPixel, r.xStride, rows);
  const taps = patches.end + panelsBytes<T>();
  const full = r.dx ? packTaps<T>(taps, r, r.w, s, r.channels, r.filters) : 0;
  let dz = r.dz, a = r.a, x = r.x, dx = r.dx;
  let accumulate = r.gradient == Gradient.Accumulate;
  for (let left = rows; left > 0; left -= patches.samples) {
    const samples = min(patches.samples, left);
    const count = samples * patches.positions;
    activateBackward<T>(r.activation, dz, dz, a, s * count);
    if (r.gradient != Gradient.Skip) {
      const images = imagesOf<T>(patches, r, x, r.xPixel, r.xStride, samples);
      weightGradient<T>(r, patches, images, dz, count, accumulate);
      if (r.db) columnSums<T>(r.db, dz, s, count, accumulate);
      accumulate = true;
      x += r.xStride * samples;
    }
    a += s * count;
    if (!dx) {
      dz += s * count;
      continue;
    }
    for (let i = 0; i < samples; i++) {
      inputGradient<T>(dx, r.xStride, r, patches, r.xPixel, r.channels, dz, s, r.filters, taps, full);
      dx += r.xStride;
      dz += s * patches.positions;
    }
  }
}

/** D_W ← patchesᵀ·D_Z over `count` positions, or D_W + patchesᵀ·D_Z. */
function weightGradient<T>(
  r: Conv2dBackwardRecord, patches: Patches, images: usize, dz: usize, count: i32, accumulate: bool,
): void {
  const s = r.aPixel;
  for (let p = 0; p < count; p += BACKWARD_ROWS) {
    const added = accumulate || p > 0;
    gatheredProduct<T>(
      r.dw, s, added ? r.dw : 0, added ? s : 0, images, patches.offsets, patches.terms,
      patches.places + (<usize>p << 2), min(BACKWARD_ROWS, count - p), dz + s * p, s, patches.end,
    );
  }
}
