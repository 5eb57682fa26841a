import { Cursor } from "./cursor";
import { augmentBits, bounded } from "./random";

// Augmentation of images in training: random windows of the padded image (as in He et al., Deep residual learning, 2016, section 4.2)
// and random mirroring, of each image by draws of its own.

@unmanaged
class AugmentRecord {
  out: usize;
  x: usize;
  height: i32;
  width: i32;
  channels: i32;
  /** From image to image of `out` and of `x`, in bytes: whole vectors. */
  stride: usize;
  /** Positions that the image is padded by on each side before a window of its own size is cut out; 0: no window. */
  padding: i32;
  /** 1: mirrored left to right with probability ½. */
  flip: i32;
  /** Its step tells the draws apart, and its place in the step those of the batches of one. */
  cursor: usize;
  seedLow: u32;
  seedHigh: u32;
  /** What the padding of the image holds. */
  fill: f64;
}

/** What an image is drawn for, in the order of its draws (`random.ts`). */
const DOWN = 0;
const ACROSS = 1;
const FLIP = 2;

/**
 * out[y][x] ← padded[y + down][(flipped ? width − 1 − x : x) + across] of each image, `down` and `across` from 0…2·padding and `flipped`
 * from no and yes, each equally likely within 2⁻⁶⁴. Images are rows [height · width · channels], the padding behind each ← 0. The draws
 * depend on the seed, the step and the place among the step's rows, whose batches follow each other. `out` shares no memory with `x`.
 */
export function augment<T>(args: usize, rows: i32): void {
  const r = changetype<AugmentRecord>(args);
  assert(r.padding >= 0 && r.out != r.x);
  const cursor = changetype<Cursor>(r.cursor);
  const step = <u64>cursor.step;
  const first = cursor.position - cursor.begin;
  const places = 2 * <u64>r.padding + 1;
  const bytes = <usize>(r.height * r.width * r.channels) * sizeof<T>();
  let out = r.out;
  let x = r.x;
  for (let i = 0; i < rows; i++) {
    const down = bounded(augmentBits(first + i, DOWN, step, r.seedLow, r.seedHigh), places);
    const across = bounded(augmentBits(first + i, ACROSS, step, r.seedLow, r.seedHigh), places);
    const flipped = r.flip != 0 && bounded(augmentBits(first + i, FLIP, step, r.seedLow, r.seedHigh), 2) == 1;
    cutOut<T>(r, out, x, <i32>down - r.padding, <i32>across - r.padding, flipped);
    for (let at = bytes; at < r.stride; at += sizeof<T>()) store<T>(out + at, <T>0);
    out += r.stride;
    x += r.stride;
  }
}

/** The window of one image that begins at its row `top` and column `left`, both of which may lie outside. */
function cutOut<T>(r: AugmentRecord, out: usize, x: usize, top: i32, left: i32, flipped: bool): void {
  const fill = <T>r.fill;
  const pixel = <usize>r.channels * sizeof<T>();
  const line = <usize>r.width * pixel;
  // The columns of the window that lie in the image.
  const begin = min(max(-left, 0), r.width);
  const end = max(min(r.width - left, r.width), 0);
  for (let y = 0; y < r.height; y++, out += line) {
    const inside = y + top >= 0 && y + top < r.height;
    const count = inside ? end - begin : 0;
    const before = flipped ? r.width - end : begin;
    const to = out + <usize>before * pixel;
    fillWith<T>(out, before * r.channels, fill);
    if (count > 0) {
      const from = x + <usize>(y + top) * line + <usize>(begin + left) * pixel;
      if (flipped) mirror<T>(to, from, count, r.channels);
      else memory.copy(to, from, <usize>count * pixel);
    }
    fillWith<T>(to + <usize>count * pixel, (r.width - before - count) * r.channels, fill);
  }
}

/** out ← x with its positions in reverse order: [count][channels]. */
function mirror<T>(out: usize, x: usize, count: i32, channels: i32): void {
  const pixel = <usize>channels * sizeof<T>();
  let from = x + <usize>count * pixel;
  for (let i = 0; i < count; i++, out += pixel) {
    from -= pixel;
    for (let at: usize = 0; at < pixel; at += sizeof<T>()) store<T>(out + at, load<T>(from + at));
  }
}

function fillWith<T>(out: usize, count: i32, value: T): void {
  for (let i = 0; i < count; i++, out += sizeof<T>()) store<T>(out, value);
}
