// The error of the f32 functions, against Math in f64, whose own error is below 2^-28 ulp of an f32 (of cumulative: 2^-20).

import { CHUNK, input32, type Name, output32, run32 } from "./core.ts";
import { cumulative } from "./normal.ts";

export const reference: Record<Name, (x: number) => number> = {
  exp: Math.exp,
  expm1: (x) => Math.expm1(Math.min(0, x)),
  log: Math.log,
  log1p: (x) => (x < 0 ? Number.NaN : Math.log1p(x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  gaussian: (x) => Math.exp((-x * x) / 2),
  cumulative,
};

/** Largest error allowed where the exact result is a normal number, in ulp. */
export const bounds: Record<Name, number> = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 2,
  sigmoid: 4,
  tanh: 6,
  gaussian: 1,
  cumulative: 5,
};

/** Smallest and largest value that is ever right. */
const ranges: Record<Name, [number, number]> = {
  exp: [0, Number.POSITIVE_INFINITY],
  expm1: [-1, 0],
  log: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  log1p: [0, Number.POSITIVE_INFINITY],
  sigmoid: [0, 1],
  tanh: [-1, 1],
  gaussian: [0, 1],
  cumulative: [0, 1],
};

export interface Worst {
  /** Largest error where the exact result is normal, and its input. */
  ulp: number;
  at: number;
  /** Largest error where the exact result is subnormal, in smallest normal numbers. */
  subnormal: number;
  /** Inputs with NaN for a number, a number for NaN, or a result outside the function's range. */
  wrong: number[];
}

const SMALLEST_NORMAL = 2 ** -126;
const BEYOND = 2 ** 128;

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
/** By the bits of the exponent. */
const ulps = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (exponent - 150));

/** The distance of neighbouring f32 around a number of the normal range, given in f64. */
function ulp(exact: number): number {
  single[0] = exact;
  const exponent = (singleBits[0]! >>> 23) & 255;
  // Rounding to f32 may have reached the next power of two, or infinity.
  return Math.abs(single[0]) > Math.abs(exact) && (singleBits[0]! & 0x7fffff) === 0
    ? ulps[exponent]! / 2
    : ulps[exponent]!;
}

/** Compares one f32 in each run of `step` of the 2^32, a power of two. */
export function worst(name: Name, step: number): Worst {
  const exactly = reference[name];
  const [lowest, highest] = ranges[name];
  const inputBits = new Uint32Array(input32.buffer, input32.byteOffset, CHUNK);
  const result: Worst = { ulp: 0, at: 0, subnormal: 0, wrong: [] };
  // An ulp is at least this much of the number itself, so most numbers need no more than one comparison.
  let unsuspicious = 0;
  for (let start = 0; start < 2 ** 32; start += CHUNK * step) {
    for (let i = 0; i < CHUNK; i++) inputBits[i] = start + i * step + ((i * 7919) & (step - 1));
    run32(name);
    for (let i = 0; i < CHUNK; i++) {
      const y = output32[i]!;
      const exact = exactly(input32[i]!);
      if (y === exact) continue;
      const size = Math.abs(exact);
      if (
        Math.abs(y - exact) <= size * unsuspicious &&
        y >= lowest &&
        y <= highest &&
        size >= SMALLEST_NORMAL &&
        size < BEYOND
      )
        continue;
      if (Number.isNaN(exact) && Number.isNaN(y)) continue;
      if (Number.isNaN(exact) || !(y >= lowest && y <= highest)) {
        result.wrong.push(input32[i]!);
        continue;
      }
      // Infinity stands for the first number beyond the range.
      const bounded = Math.max(-BEYOND, Math.min(BEYOND, exact));
      const error = Math.abs(Math.max(-BEYOND, Math.min(BEYOND, y)) - bounded);
      if (size < SMALLEST_NORMAL) {
        result.subnormal = Math.max(result.subnormal, error / SMALLEST_NORMAL);
      } else if (error > result.ulp * ulp(bounded)) {
        result.ulp = error / ulp(bounded);
        result.at = input32[i]!;
        unsuspicious = result.ulp * 2 ** -24;
      }
    }
  }
  return result;
}
