import { Window } from "../window";
import { bordered, fullBytes, fullWidth, putImage, up } from "./image";

// Patches, the parts of an image that a window sees, are not copied (Dukhan 2019, "The Indirect Convolution Algorithm", who keeps
// pointers to pixels). Number k of the patch at position p lies at image + places[p] + offsets[k]: two tables of u32, in bytes.

/** Bytes of the images of a block of samples at most, half an L2 cache with what is made of them, and positions; one sample at least. */
const BLOCK_BYTES: usize = 262144;
const BLOCK_POSITIONS = 2048;

/** The patches of a block of samples, in a workspace; behind them are the tables, and the images if the window reaches beyond them. */
@unmanaged
export class Patches {
  offsets: usize;
  places: usize;
  /** The images with their borders, or 0: they are read where they are. */
  images: usize;
  /** From an image to the next. */
  stride: usize;
  /** Numbers of a patch. */
  terms: i32;
  /** Samples of a block. */
  samples: i32;
  /** Positions in each of them. */
  positions: i32;
  /** What lies behind. */
  end: usize;
}

const PATCHES: usize = 32;

/** The patches of `rows` samples, with the borders cleared. */
export function patchesOf<T>(workspace: usize, w: Window, channels: i32, pixel: usize, xStride: usize, rows: i32): Patches {
  const patches = changetype<Patches>(workspace);
  const full = fullBytes(w, pixel);
  const rowBytes = <usize>fullWidth(w) * pixel;
  patches.positions = w.outHeight * w.outWidth;
  patches.terms = w.kernelHeight * w.kernelWidth * channels;
  patches.samples = max(1, min(rows, min(<i32>(BLOCK_BYTES / full), BLOCK_POSITIONS / patches.positions)));
  patches.stride = bordered(w) ? full : xStride;
  patches.offsets = workspace + PATCHES;
  patches.places = patches.offsets + up(<usize>patches.terms << 2);
  patches.end = patches.places + up(<usize>(patches.samples * patches.positions) << 2);
  patches.images = 0;
  if (bordered(w)) {
    const bytes = full * patches.samples;
    patches.images = patches.end;
    memory.fill(patches.images, 0, bytes);
    patches.end += bytes;
  }
  putOffsets<T>(patches.offsets, w, channels, rowBytes, pixel);
  putPlaces(patches, w, rowBytes, pixel);
  return patches;
}

/** Where the images of a block of samples of X are; with their borders, if need be. */
export function imagesOf<T>(patches: Patches, w: Window, x: usize, pixel: usize, xStride: usize, samples: i32): usize {
  if (!patches.images) return x;
  for (let i = 0; i < samples; i++) putImage<T>(patches.images + patches.stride * i, x + xStride * i, w, pixel);
  return patches.images;
}

/** offsets[k], k = (ky·kernelWidth + kx)·channels + c. */
function putOffsets<T>(offsets: usize, w: Window, channels: i32, rowBytes: usize, pixel: usize): void {
  for (let ky = 0; ky < w.kernelHeight; ky++) {
    for (let kx = 0; kx < w.kernelWidth; kx++) {
      let offset = <usize>(ky * w.dilationY) * rowBytes + <usize>(kx * w.dilationX) * pixel;
      for (let c = 0; c < channels; c++) {
        store<u32>(offsets, <u32>offset);
        offset += sizeof<T>();
        offsets += 4;
      }
    }
  }
}

/** places[p], p = (sample·outHeight + oy)·outWidth + ox. */
function putPlaces(patches: Patches, w: Window, rowBytes: usize, pixel: usize): void {
  let places = patches.places;
  for (let s = 0; s < patches.samples; s++) {
    for (let oy = 0; oy < w.outHeight; oy++) {
      let place = patches.stride * s + <usize>(oy * w.strideY) * rowBytes;
      for (let ox = 0; ox < w.outWidth; ox++) {
        store<u32>(places, <u32>place);
        place += pixel * w.strideX;
        places += 4;
      }
    }
  }
}
