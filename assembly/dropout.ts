import { Cursor } from "./cursor";
import { SCRATCH, sixteenWords } from "./random";
import { firstLanes, lanes } from "./simd";

// Dropout (Srivastava et al., Journal of Machine Learning Research 15, 2014), inverted: what is kept is scaled up in training,
// so that prediction leaves everything as it is. The mask is [rows · repeat][columns], and A and X are [rows · repeat · shared][columns],
// `stride` bytes from row to row, `shared` rows after each other having one row of the mask. One of both is 1, the other the positions of
// an image: the numbers of an image are dropped one by one, or its channels whole.

@unmanaged
class DropoutForwardRecord {
  a: usize;
  x: usize;
  /** Written for the backward: 0 or 1 / (1 − rate), padding 0. */
  mask: usize;
  columns: i32;
  repeat: i32;
  shared: i32;
  stride: usize;
  /** Its step tells the masks of a layer apart, and its place in the step those of the batches of one. */
  cursor: usize;
  seedLow: u32;
  seedHigh: u32;
  layer: u32;
  /** Room for 96 bytes: the last four draws of the sixteen before, sixteen draws, and as many as a vector may read past them. */
  workspace: usize;
  /** The part that is dropped, in [0, 1). */
  rate: f64;
}

/**
 * A ← X ⊙ M, M 0 with probability ⌈rate·2³²⌉ / 2³² (a rate nearer to 1 than 2⁻³²: 1 − 2⁻³²), else 1 / (1 − rate) rounded to T.
 * Number i·columns + j of the step, whose batches follow each other, is kept where its 32 random bits are that count or more
 * (`random.ts`). NaN and ±∞ times 0 are NaN. `a` may be `x`; the padding of `a` holds no meaning.
 */
export function dropoutForward<T>(args: usize, rows: i32): void {
  const r = changetype<DropoutForwardRecord>(args);
  assert(r.rate >= 0 && r.rate < 1);
  const cursor = changetype<Cursor>(r.cursor);
  const step = <u64>cursor.step;
  const threshold = i32x4.splat(<u32>min<f64>(ceil(r.rate * 4294967296), 4294967295));
  const scale = v128.splat<T>(<T>(1 / (1 - r.rate)));
  const columns = r.columns;
  const count = rows * r.repeat;
  const done = <u64>(cursor.position - cursor.begin) * r.repeat * columns;
  const end = r.workspace + 16 + SCRATCH;
  // The batch begins among the sixteen numbers of the step from `base` on, with the one at `first`.
  const base = done & ~15;
  let first = <i32>(done & 15);
  // How many numbers from `base` on there are draws for: those of the last lie before `end`.
  let drawn = 0;
  if (first > 0) {
    sixteenWords(r.workspace + 16, r.layer, step, base, r.seedLow, r.seedHigh);
    drawn = 16;
  }
  // Of the row of the mask, and how much further that of X is.
  let offset: usize = 0, others: usize = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < columns; j += lanes<T>()) {
      if (first + min(j + lanes<T>(), columns) > drawn) {
        v128.store(r.workspace, v128.load(end - 16));
        sixteenWords(r.workspace + 16, r.layer, step, base + drawn, r.seedLow, r.seedHigh);
        drawn += 16;
      }
      const at = offset + <usize>j * sizeof<T>();
      const kept = atLeast<T>(end - (<usize>(drawn - first - j) << 2), threshold);
      const m = firstLanes<T>(v128.and(scale, kept), columns - j);
      v128.store(r.mask + at, m);
      multiply<T>(r.a + at + others, r.x + at + others, m, r.shared, r.stride);
    }
    first += columns;
    offset += r.stride;
    others += r.stride * (r.shared - 1);
  }
}

/** out ← x·m for one vector of each of `count` rows. */
@inline
function multiply<T>(out: usize, x: usize, m: v128, count: i32, stride: usize): void {
  do {
    v128.store(out, v128.mul<T>(v128.load(x), m));
    out += stride;
    x += stride;
  } while (--count > 0);
}

/** All bits set in the lanes of T whose draw is the threshold or more. Draws are u32, one for each lane. */
@inline
function atLeast<T>(draws: usize, threshold: v128): v128 {
  if (sizeof<T>() == 4) return i32x4.ge_u(v128.load(draws), threshold);
  return i64x2.extend_low_i32x4_s(i32x4.ge_u(v128.load64_zero(draws), threshold));
}

@unmanaged
class DropoutBackwardRecord {
  dx: usize;
  da: usize;
  mask: usize;
  /** Rows of the mask for each of the batch. */
  repeat: i32;
  shared: i32;
  stride: usize;
}

/** D_X ← D_A ⊙ M, padding 0. `dx` may be `da`. */
export function dropoutBackward<T>(args: usize, rows: i32): void {
  const r = changetype<DropoutBackwardRecord>(args);
  let dx = r.dx, da = r.da, mask = r.mask;
  for (let i = rows * r.repeat; i > 0; i--) {
    for (let at: usize = 0; at < r.stride; at += 16) {
      multiply<T>(dx + at, da + at, v128.load(mask + at), r.shared, r.stride);
    }
    dx += r.stride * r.shared;
    da += r.stride * r.shared;
    mask += r.stride;
  }
}
