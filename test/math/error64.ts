// The error of the f64 functions, against double-double arithmetic.
import { apply64, type Name } from "./core.ts";
import { cumulative, exp, expm1, gaussian, log, log1p, type Scaled, sigmoid, tanh } from "./doubleDouble.ts";

export const reference: Record<Name, (x: number) => Scaled> = {
  exp: (x) => exp([x, 0]),
  expm1: (x) => ({ value: expm1([Math.max(-80, Math.min(0, x)), 0]), exponent: 0 }),
  log: (x) => ({ value: log(x), exponent: 0 }),
  log1p: (x) => ({ value: log1p(x), exponent: 0 }),
  sigmoid,
  tanh: (x) => ({ value: tanh(x), exponent: 0 }),
  gaussian,
  cumulative,
};

const double = new Float64Array(1);
const doubleBits = new BigUint64Array(double.buffer);

/** ⌊log2 |x|⌋ of a normal number. */
function exponentOf(x: number): number {
  double[0] = x;
  return Number((doubleBits[0]! >> 52n) & 2047n) - 1023;
}

export interface Worst {
  /** Largest error where the exact result is normal, and its input. */
  ulp: number;
  at: number;
  /** Largest error where the exact result is subnormal, in smallest subnormal numbers. */
  subnormal: number;
}

/** Compares f(x) for each x whose exact result is a finite number. */
export function worst(name: Name, x: number[]): Worst {
  const y = apply64(name, x);
  const result: Worst = { ulp: 0, at: 0, subnormal: 0 };
  for (let i = 0; i < x.length; i++) {
    const { value, exponent } = reference[name](x[i]!);
    if (value[0] === 0) {
      if (y[i] !== 0) return { ulp: Number.POSITIVE_INFINITY, at: x[i]!, subnormal: 0 };
      continue;
    }
    const half = Math.trunc(exponent / 2);
    const scaled = y[i]! * 2 ** -half * 2 ** (half - exponent);
    const error = Math.abs(scaled - value[0] - value[1]);
    const ulpExponent = exponentOf(value[0]) + exponent - 52;
    const ulps = error / 2 ** (Math.max(ulpExponent, -1074) - exponent);
    if (ulpExponent < -1074) {
      result.subnormal = Math.max(result.subnormal, ulps);
    } else if (!(ulps <= result.ulp)) {
      result.ulp = ulps;
      result.at = x[i]!;
    }
  }
  return result;
}
