// The activations in f64, and their derivatives.
import { cumulative, scale } from "../math/doubleDouble.ts";
import { sigmoid } from "./loss.ts";
import type { Precision } from "./precision.ts";

export interface Activation {
  /** What the derivative is taken from. */
  readonly from: "a" | "z";
  /** The parameters of its records. */
  readonly p: number;
  readonly q: number;
  /** a(z) in f64; where no ulps are allowed, with each operation rounded to the precision. */
  value(z: number, precision: Precision): number;
  /** How far the kernel may be from `value`, in units of the last place of the result. */
  ulps(precision: Precision, z: number): number;
  /** The same where the result is too small for these units, in smallest normal numbers. */
  smallest(z: number): number;
  /** da·a′ from a or z; where `slopeError` is 0, in the order of operations that the kernel promises, each rounded to the precision. */
  backward(da: number, from: number, precision: Precision): number;
  /** How far the kernel's a′ may be from that of `backward`, in ε, at least by the smallest normal number. */
  slopeError(precision: Precision, z: number): number;
}

const by =
  (f32: number, f64: number) =>
  ({ name }: Precision) =>
    name === "f32" ? f32 : f64;

const PLAIN = { p: 0, q: 0, ulps: by(0, 0), smallest: () => 1, slopeError: by(0, 0) };
const FROM_A = { ...PLAIN, from: "a" } as const;
const FROM_Z = { ...PLAIN, from: "z" } as const;

const leakyRelu = (p: number): Activation => ({
  ...FROM_A,
  p,
  value: (z, { round }) => (z > 0 ? z : round(round(p) * z)),
  backward: (da, a, { round }) => (a <= 0 ? round(round(p) * da) : da),
});

// expm1 errs by one ulp, two in f64, and an ulp of a factor is up to two of the product, whose rounding is the rest; in f64
// Math.expm1 errs by another two.
const elu = (p: number, q: number): Activation => ({
  ...FROM_A,
  p,
  q,
  value: (z, { round }) => (z > 0 ? round(round(q) * z) : round(q * p) * Math.expm1(z)),
  ulps: (precision, z) => (z > 0 ? 0 : by(3, 7)(precision)),
  backward: (da, a, { round }) => round(da * (a > 0 ? round(q) : round(a + round(q * p)))),
});

const hardSigmoid = (p: number, q: number): Activation => {
  const line = (z: number, { round }: Precision) => round(round(round(p) * z) + round(q));
  return {
    ...FROM_Z,
    p,
    q,
    value(z, precision) {
      const y = line(z, precision);
      return y < 0 ? 0 : y > 1 ? 1 : y;
    },
    backward(da, z, precision) {
      const y = line(z, precision);
      return y <= 0 || y >= 1 ? 0 : precision.round(precision.round(p) * da);
    },
  };
};

/** e^−z²/2 / √(2π). */
const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/** Φ(z) to half a unit. */
function distribution(z: number): number {
  const { value, exponent } = cumulative(Math.max(z, -39));
  return scale(value, exponent)[0];
}

/** Twice the argument of tanh in gelu's approximation, and its derivative. */
const argument = (z: number) => 2 * Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3);
const argumentSlope = (z: number) => 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * z ** 2);

/** z·σ(w(z)) and its derivative σ(w) + z·w′·σ(w)·σ(−w), 0 and 1 where w is far out. */
const gated = (w: (z: number) => number, slope: (z: number) => number) => ({
  value: (z: number) => (w(z) < -800 ? -0 : z * sigmoid(w(z))),
  backward(da: number, z: number) {
    if (Math.abs(w(z)) > 800) return w(z) > 0 ? da : 0;
    return da * (sigmoid(w(z)) + z * slope(z) * sigmoid(w(z)) * sigmoid(-w(z)));
  },
});

// The functions' own errors are those that assembly/math states: sigmoid 4, tanh 6 in f32 and 4 in f64. In f64 the reference errs too:
// Math.tanh by about 1, 1 / (1 + Math.exp(−z)) by half a unit for the division, for the sum and, where e^−z rules, 1 for the exponential.
export const activations = {
  relu: {
    ...FROM_A,
    value: (z) => (z < 0 ? 0 : z),
    backward: (da, a) => (a <= 0 ? 0 : da),
  },
  tanh: {
    ...FROM_A,
    value: Math.tanh,
    ulps: by(6, 4 + 1),
    backward: (da, a, { round }) => round(da * round(1 - round(a * a))),
  },
  sigmoid: {
    ...FROM_A,
    value: sigmoid,
    ulps: by(4, 4 + 2),
    backward: (da, a, { round }) => round(da * round(a * round(1 - a))),
  },
  leakyRelu: leakyRelu(0.3),
  elu: elu(1, 1),
  selu: elu(1.6732632423543772, 1.0507009873554805),
  // Φ errs by 5 ulp, up to 10 of the product; the reference by one half in each of its roundings.
  gelu: {
    ...FROM_Z,
    value: (z) => (z < -39 ? -0 : z * distribution(z)),
    ulps: by(11, 12),
    // e^(−z²/2) errs by ε, and what it multiplies by 5ε of two terms, ½ and |z|/√(2π) at most; 1 minus the product rounds.
    backward: (da, z) => (Math.abs(z) > 39 ? da * Number(z > 0) : da * (distribution(z) + z * density(z))),
    slopeError: (precision, z) => by(2, 4)(precision) + 6 * density(z) * (1 + Math.min(Math.abs(z), 40)),
  },
  // z, w and two constants of w are rounded, w by 2.5ε in all, and its error w·ε comes out as w·(1 − σ)·ε of the result, in units up to
  // twice that; σ itself errs by 4 ulp. In f64 the reference errs as much.
  geluTanh: {
    ...FROM_Z,
    ...gated(argument, argumentSlope),
    ulps: (precision, z) =>
      by(9, 14)(precision) + by(5, 10)(precision) * Math.min(Math.abs(argument(z)), 800) * sigmoid(-argument(z)),
    smallest: (z) => 1 + Math.abs(z),
    // σ errs by 4ε of itself and 1 − σ by 4ε of σ, which z·w′ multiplies; the error of w counts where σ is between its ends. From 40 on σ is 1.
    slopeError(precision, z) {
      const w = argument(Math.max(z, -22));
      if (w > 40) return 2;
      const rise = Math.abs(Math.max(z, -22)) * argumentSlope(Math.max(z, -22));
      const s = sigmoid(w);
      return by(1, 2)(precision) * (2 + s * (8 + 8 * rise + 2.5 * Math.abs(w) * sigmoid(-w) * (1 + rise)));
    },
  },
  // σ errs by 4 ulp, up to 8 of the product, in f64 the reference by another 5.
  silu: {
    ...FROM_Z,
    ...gated(
      (z) => z,
      () => 1,
    ),
    ulps: by(9, 14),
    // σ is 0 where it would be subnormal.
    smallest: (z) => 1 + Math.abs(z),
    // As that of geluTanh, with w = z exact.
    slopeError: (precision, z) =>
      z > 40 ? 2 : by(1, 2)(precision) * (2 + sigmoid(z) * 8 * (1 + Math.min(Math.abs(z), 800))),
  },
  // e^−|z| errs by 1 ulp and log1p by 2, in f64 by 2 and 3, up to double for the first; so does the reference.
  softplus: {
    ...FROM_Z,
    value: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    ulps: by(5, 11),
    backward: (da, z) => da * sigmoid(z),
    slopeError: (precision, z) => by(5, 8)(precision) * sigmoid(z),
  },
  hardSigmoid: hardSigmoid(1 / 6, 0.5),
} satisfies Record<string, Activation>;
