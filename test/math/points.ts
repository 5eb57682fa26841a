// Seeded inputs for the f64 functions: all exponents, and the regions where each function is hard.
import { seeded } from "../reference/seeded.ts";
import type { Name } from "./core.ts";

/** Uniform in [0, 1], with all 53 bits drawn. */
function uniform(seed: number): () => number {
  const draw = seeded(seed);
  return () => draw() + draw() * 2 ** -32;
}

/** An input drawn from u and v, uniform in [0, 1). */
type Region = (u: number, v: number) => number;

const between =
  (low: number, high: number): Region =>
  (u) =>
    low + u * (high - low);

/** ±2^e, e uniform: every exponent alike. */
const spread =
  (low: number, high: number, signed = true): Region =>
  (u, v) =>
    (signed && v < 0.5 ? -1 : 1) * 2 ** (low + u * (high - low));

/** Around (n + ½)·step, where the reduction goes over from n to n + 1; by a few ulp. */
const switches =
  (step: number, low: number, high: number): Region =>
  (u, v) =>
    (Math.floor(low + u * (high - low)) + 0.5) * step * (1 + (v - 0.5) * 2 ** -48);

/** Around √2·2^n − less, where the reduction of the logarithms goes over. */
const rootsOfTwo =
  (low: number, high: number, less: number): Region =>
  (u, v) =>
    Math.SQRT2 * 2 ** Math.floor(low + u * (high - low)) * (1 + (v - 0.5) * 2 ** -45) - less;

const regions: Record<Name, Region[]> = {
  exp: [
    between(-708, 709.78),
    between(-1, 1),
    spread(-1074, 9),
    switches(Math.LN2, -1020, 1022),
    between(709.5, 709.782), // the largest results
    between(-745.13, -708.3), // subnormal results
  ],
  expm1: [
    between(-40, 0),
    between(-1, 0),
    (u) => -(2 ** (-1074 + u * 1080)), // every exponent
    switches(-Math.LN2, 0, 54),
    between(-38.5, -36), // where −1 is reached
  ],
  log: [
    spread(-1074, 1024, false),
    between(0.5, 2),
    (u, v) => 1 + (v - 0.5) * 2 ** (-50 * u), // ever closer to 1
    rootsOfTwo(-1022, 1023, 0),
    spread(-1074, -1022, false), // subnormal
  ],
  log1p: [spread(-1074, 1024, false), between(0, 1), between(0, 10), rootsOfTwo(0, 60, 1), spread(50, 56, false)],
  sigmoid: [
    between(-708, 40),
    between(-4, 4),
    spread(-1074, 9),
    switches(Math.LN2, -1020, 55),
    between(36, 39), // where 1 is reached
    between(-745, -708.3), // subnormal results
  ],
  tanh: [
    between(-22, 22),
    between(-1, 1),
    spread(-1074, 5),
    switches(Math.LN2 / 2, -58, 58),
    between(18, 21), // where 1 is reached
  ],
  gaussian: [
    between(-37.6, 37.6),
    between(-1, 1),
    spread(-1074, 5),
    (u, v) => Math.sqrt(switches(2 * Math.LN2, 0, 1020)(u, v)),
    between(37.6, 38.6), // subnormal results
  ],
  cumulative: [
    between(-37.5, 9),
    between(-1, 1),
    between(-4, -2),
    spread(-1074, 5),
    between(8, 9), // where 1 is reached
    between(-38.5, -37.5), // subnormal results
  ],
};

/** About `count` inputs, the same number from each region. */
export function points(name: Name, count: number, seed: number): number[] {
  const draw = uniform(seed);
  const each = Math.ceil(count / regions[name].length);
  return regions[name].flatMap((region) => Array.from({ length: each }, () => region(draw(), draw())));
}
