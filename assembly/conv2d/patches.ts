import { Window } from "../window";

// Patches, the parts of an image that a window sees, are not copied (Dukhan 2019, "The Indirect Convolution Algorithm", who keeps
// pointers to pixels). Number k of the patch at position p lies at image + places[p] + offsets[k]: two tables of u32, in bytes.

/** offsets[k], k = (ky·kernelWidth + kx)·channels + c. */
export function putOffsets<T>(offsets: usize, w: Window, channels: i32, rowBytes: usize, pixel: usize): void {
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

/** places[p], p = (sample·outHeight + oy)·outWidth + ox, of images `stride` bytes apart. */
export function putPlaces(places: usize, w: Window, samples: i32, stride: usize, rowBytes: usize, pixel: usize): void {
  for (let s = 0; s < samples; s++) {
    for (let oy = 0; oy < w.outHeight; oy++) {
      let place = stride * s + <usize>(oy * w.strideY) * rowBytes;
      for (let ox = 0; ox < w.outWidth; ox++) {
        store<u32>(places, <u32>place);
        place += pixel * w.strideX;
        places += 4;
      }
    }
  }
}
