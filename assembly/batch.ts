import { Cursor } from "./cursor";
import { firstLanes, lanes, mulAdd } from "./simd";

// The batch: which rows a step takes, and how they come into it.

/** The row that stands at place i of the batch: of the order, or i itself where there is no cursor. */
@inline
export function rowOf(cursor: usize, i: i32): usize {
  if (cursor == 0) return i;
  const at = changetype<Cursor>(cursor);
  return load<u32>(at.order + ((<usize>at.position + i) << 2));
}

@unmanaged
class GatherRecord {
  out: usize;
  /** Rows of `width` numbers, one after the other, without padding. */
  source: usize;
  /** The cursor whose order is followed, or 0 to take the rows as they stand. */
  cursor: usize;
  width: i32;
  /** Of one row of `out`, in bytes. */
  stride: usize;
  scale: f64;
  offset: f64;
}

/** One vector of T from as many numbers of type S at `address`. */
@inline
function convert<S, T>(address: usize): v128 {
  if (sizeof<S>() == 1) {
    if (sizeof<T>() == 4) {
      return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address))));
    }
    return f64x2.convert_low_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address))));
  }
  if (sizeof<S>() == sizeof<T>()) return v128.load(address);
  if (sizeof<S>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(address));
  return v128.shuffle<i64>(
    f32x4.demote_f64x2_zero(v128.load(address)), f32x4.demote_f64x2_zero(v128.load(address, 16)), 0, 2,
  );
}

/**
 * out ← scale·source + offset, row by row: [rows][width] of T from S (u8, f32 or f64).
 * Reads up to 15 bytes past a row (f32 from f64: 24) and writes whole vectors: the padding of `out` holds no meaning.
 */
export function gather<S, T>(args: usize, rows: i32): void {
  const r = changetype<GatherRecord>(args);
  const scale = v128.splat<T>(<T>r.scale);
  const offset = v128.splat<T>(<T>r.offset);
  let out = r.out;
  for (let i = 0; i < rows; i++) {
    let from = r.source + rowOf(r.cursor, i) * r.width * sizeof<S>();
    for (let at: usize = 0; at < r.stride; at += 16) {
      v128.store(out + at, mulAdd<T>(convert<S, T>(from), scale, offset));
      from += sizeof<S>() * lanes<T>();
    }
    out += r.stride;
  }
}

@unmanaged
class GatherLabelsRecord {
  out: usize;
  /** One i32 a row, 0 … outputs − 1. */
  labels: usize;
  cursor: usize;
  outputs: i32;
  /** Of one row of `out`, in bytes. */
  stride: usize;
  off: f64;
  on: f64;
}

/** out ← `on` at the label and `off` elsewhere, row by row: [rows][outputs], padding 0. One-hot where they are 1 and 0. */
export function gatherLabels<T>(args: usize, rows: i32): void {
  const r = changetype<GatherLabelsRecord>(args);
  const off = v128.splat<T>(<T>r.off);
  let out = r.out;
  for (let i = 0; i < rows; i++) {
    let left = r.outputs;
    for (let at: usize = 0; at < r.stride; at += 16) {
      v128.store(out + at, firstLanes<T>(off, left));
      left -= lanes<T>();
    }
    store<T>(out + <usize>load<i32>(r.labels + (rowOf(r.cursor, i) << 2)) * sizeof<T>(), <T>r.on);
    out += r.stride;
  }
}
