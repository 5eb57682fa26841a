import { Window } from "../window";

// The image with a border of zeros, as far as a window reaches: where one does, it slides over a copy, and asks nowhere whether a
// place lies outside. A pixel keeps its bytes.

/** The next whole number of vectors, in bytes. */
@inline
export function up(bytes: usize): usize {
  return (bytes + 15) & -16;
}

/** Rows of the image with its border. */
@inline
export function fullHeight(w: Window): i32 {
  return max(w.top + w.height, (w.outHeight - 1) * w.strideY + (w.kernelHeight - 1) * w.dilationY + 1);
}

@inline
export function fullWidth(w: Window): i32 {
  return max(w.left + w.width, (w.outWidth - 1) * w.strideX + (w.kernelWidth - 1) * w.dilationX + 1);
}

/** Whether the window reaches beyond the image. */
@inline
export function bordered(w: Window): bool {
  return fullHeight(w) != w.height || fullWidth(w) != w.width;
}

/** Bytes of an image with its border: whole vectors. */
@inline
export function fullBytes(w: Window, pixel: usize): usize {
  return up(<usize>fullHeight(w) * fullWidth(w) * pixel);
}

/** Copies the image into the midst of its border. */
export function putImage<T>(full: usize, x: usize, w: Window, pixel: usize): void {
  const rowBytes = <usize>fullWidth(w) * pixel;
  const bytes = <usize>w.width * pixel;
  full += <usize>w.top * rowBytes + <usize>w.left * pixel;
  for (let y = 0; y < w.height; y++) {
    copy<T>(full, x, bytes);
    full += rowBytes;
    x += bytes;
  }
}

/** Copies the image out of the midst of its border. */
export function takeImage<T>(x: usize, full: usize, w: Window, pixel: usize): void {
  const rowBytes = <usize>fullWidth(w) * pixel;
  const bytes = <usize>w.width * pixel;
  full += <usize>w.top * rowBytes + <usize>w.left * pixel;
  for (let y = 0; y < w.height; y++) {
    copy<T>(x, full, bytes);
    full += rowBytes;
    x += bytes;
  }
}

/** Rows of an image are too short for `memory.copy`, which leaves the module. */
@inline
function copy<T>(to: usize, from: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += sizeof<T>()) store<T>(to + at, load<T>(from + at));
}
