// The two precisions of the core, and seeded numbers in them.
import { randomLcg, randomNormal } from "d3-random";

export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

export interface Precision {
  readonly name: "f32" | "f64";
  /** Bytes of one number. */
  readonly size: 4 | 8;
  /** Numbers in one vector. */
  readonly lanes: number;
  /** A new array: zeros, or the values rounded. */
  array(values: number | ArrayLike<number>): Numbers;
  round(value: number): number;
  /** Distance of 1 from the next number: an operation has a relative error of at most half of it. */
  readonly epsilon: number;
  readonly smallest: number;
  readonly smallestNormal: number;
  readonly largest: number;
}

export const f32: Precision = {
  name: "f32",
  size: 4,
  lanes: 4,
  array: (values) => new Float32Array(values as ArrayLike<number>),
  round: Math.fround,
  epsilon: 2 ** -23,
  smallest: 2 ** -149,
  smallestNormal: 2 ** -126,
  largest: (2 - 2 ** -23) * 2 ** 127,
};

export const f64: Precision = {
  name: "f64",
  size: 8,
  lanes: 2,
  array: (values) => new Float64Array(values as ArrayLike<number>),
  round: (value) => value,
  epsilon: 2 ** -52,
  smallest: 2 ** -1074,
  smallestNormal: 2 ** -1022,
  largest: Number.MAX_VALUE,
};

export const PRECISIONS = [f32, f64];

/** `count` normal numbers of mean 0 and the given standard deviation, rounded to the precision. */
export function normal({ array }: Precision, count: number, seed: number, deviation = 1): Numbers {
  const draw = randomNormal.source(randomLcg(seed))(0, deviation);
  return array(Array.from({ length: count }, draw));
}

/** `count` uniform numbers in [0, 1), rounded to the precision. */
export function uniform({ array }: Precision, count: number, seed: number): Numbers {
  return array(Array.from({ length: count }, randomLcg(seed)));
}

/** The distance between neighbouring numbers of the precision around x: one unit in the last place. */
export function ulp({ epsilon, smallestNormal }: Precision, x: number): number {
  return epsilon * 2 ** Math.floor(Math.log2(Math.max(Math.abs(x), smallestNormal)));
}
