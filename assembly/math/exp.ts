import { cothTail, highRemainder, lowRemainder, rounded, wideRounder } from "./reduction";
import { constant, fractionBits, shiftLeft, shiftRight, subtractBits } from "./vector";

enum Constant {
  lowest,
  highest,
  minusTwo,
  one,
}

// Below the lowest the result rounds to 0, above the highest it is infinite.
const SINGLES = memory.data<f32>([-104, 89, -2, 1], 16);
const DOUBLES = memory.data<f64>([-746, 710, -2, 1], 16);

@inline
function get<T>(index: Constant): v128 {
  return constant<T>(SINGLES, DOUBLES, index);
}

/** 2^n·e^(high + low), |high + low| ≤ 0.3466: n in the low bits of i, as the wide rounder leaves it; low the smaller part. */
@inline
export function assemble<T>(i: v128, high: v128, low: v128): v128 {
  const r = v128.add<T>(high, low);
  // e^r = 1 + r + r·c / (2 − c)
  const c = v128.add<T>(r, cothTail<T>(v128.mul<T>(r, r)));
  const y = v128.div<T>(v128.mul<T>(r, c), v128.add<T>(c, get<T>(Constant.minusTwo)));
  const p = v128.add<T>(get<T>(Constant.one), v128.add<T>(high, v128.sub<T>(low, y)));
  // 2^n is beyond the range of the exponent at both ends, its two halves are not.
  const half = shiftRight<T>(i, 1);
  const first = shiftLeft<T>(half, fractionBits<T>());
  const second = shiftLeft<T>(subtractBits<T>(i, half), fractionBits<T>());
  return v128.mul<T>(v128.mul<T>(p, first), second);
}

/**
 * e^x by x = n·ln 2 + r and the quotient for e^r of FreeBSD's e_exp.c (fdlibm). For every x.
 * Error: f32 0.92 ulp over all floats, f64 0.98 ulp at 3 million sampled points; where the result is subnormal,
 * 0.77 of the smallest number.
 * ∞ above ln of the largest number (88.72, 709.78), 0 below ln of half the smallest (−103.97, −745.13).
 * 1 at ±0, 0 at −∞, ∞ at ∞; NaN stays NaN.
 */
@inline
export function exp<T>(x: v128): v128 {
  // A NaN comes through: pmax(x, c) is x < c ? c : x, and pmin likewise.
  const clamped = v128.pmin<T>(v128.pmax<T>(x, get<T>(Constant.lowest)), get<T>(Constant.highest));
  const i = rounded<T>(clamped, wideRounder<T>());
  const n = v128.sub<T>(i, wideRounder<T>());
  const high = highRemainder<T>(clamped, n);
  return assemble<T>(i, high, lowRemainder<T>(n));
}
