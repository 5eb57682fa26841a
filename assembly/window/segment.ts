import { Window } from "../window";

// Segments: one number of the window takes to the image the positions of an output row from `firstSeen` up to `endSeen`. They lie side
// by side in the output and a stride apart in the image, so that a loop over them asks nothing of each.

/** Of the places begin, begin + step, …: the first that is not below 0. */
@inline
export function firstInside(begin: i32, step: i32): i32 {
  return begin < 0 ? (step - 1 - begin) / step : 0;
}

/** Of the places begin, begin + step, …, `count` of them: the first that is not below `size`. */
@inline
export function endInside(begin: i32, step: i32, count: i32, size: i32): i32 {
  return begin < size ? min(count, (size - begin + step - 1) / step) : 0;
}

/** The first window of a row whose number kx lies inside the image. */
@inline
export function firstSeen(r: Window, kx: i32): i32 {
  return firstInside(kx * r.dilationX - r.left, r.strideX);
}

/** The first window behind those. There are none where it is not beyond the first. */
@inline
export function endSeen(r: Window, kx: i32): i32 {
  return endInside(kx * r.dilationX - r.left, r.strideX, r.outWidth, r.width);
}

/** The position in the image of the number kx of window ox, in the image's row y. */
@inline
export function imagePosition(r: Window, y: i32, kx: i32, ox: i32): i32 {
  return y * r.width + ox * r.strideX - r.left + kx * r.dilationX;
}
