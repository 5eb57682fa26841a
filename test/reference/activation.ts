// The activations in f64, and their derivatives, taken from the output a, in the order of operations that the kernels promise.
import { sigmoid } from "./loss.ts";
import type { Precision } from "./precision.ts";

export interface Activation {
  /** a(z) in f64. */
  value(z: number): number;
  /** How far the kernel may be from `value`, in units of the last place of the result, per precision. */
  readonly ulps: { readonly f32: number; readonly f64: number };
  /** da·a′(z), each operation rounded to the precision. */
  backward(da: number, a: number, precision: Precision): number;
}

// The functions' own errors are those that assembly/math states: sigmoid 4, tanh 6 in f32 and 4 in f64. In f64 the reference errs too:
// Math.tanh by about 1, 1 / (1 + Math.exp(−z)) by half a unit for the division, for the sum and, where e^−z rules, 1 for the exponential.
export const activations: Record<"relu" | "tanh" | "sigmoid", Activation> = {
  relu: {
    value: (z) => (z < 0 ? 0 : z),
    ulps: { f32: 0, f64: 0 },
    backward: (da, a) => (a <= 0 ? 0 : da),
  },
  tanh: {
    value: Math.tanh,
    ulps: { f32: 6, f64: 4 + 1 },
    backward: (da, a, { round }) => round(da * round(1 - round(a * a))),
  },
  sigmoid: {
    value: sigmoid,
    ulps: { f32: 4, f64: 4 + 2 },
    backward: (da, a, { round }) => round(da * round(a * round(1 - a))),
  },
};
