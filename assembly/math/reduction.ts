// What exp, expm1, sigmoid, tanh and the normal distribution share: x = n·ln 2 + r, |r| ≤ ln 2 / 2, and the even function
// r·coth(r/2), from which e^r = (r·coth(r/2) + r) / (r·coth(r/2) − r).
import { mulAdd } from "../simd";
import { constant } from "./vector";

enum Constant {
  log2E,
  rounder,
  wideRounder,
  minusLn2High,
  minusLn2Low,
  p1,
  p2,
  p3,
  p4,
  p5,
}

// ln 2 in two parts, the first short enough for an exact n·high, and the coefficients p, signs turned, are those of
// FreeBSD's e_expf.c and e_exp.c (fdlibm): |r·coth(r/2) − 2 − (p1·r² + p2·r⁴ + …)| < 2^−27.7 (f32), 2^−59 (f64).
// The rounders are 1.5·2^23 and 1.5·2^52, where the distance of neighbours is 1, plus the bias of the exponent.
const SINGLES = memory.data<f32>([
  1.4426950408889634, 12582912 + 127, 12582912 + 254,
  -6.9314575195e-1, -1.4286067653e-6,
  -1.6666625440e-1, 2.7667332906e-3,
], 16);
const DOUBLES = memory.data<f64>([
  1.4426950408889634, 6755399441055744 + 1023, 6755399441055744 + 2046,
  -6.93147180369123816490e-1, -1.90821492927058770002e-10,
  -1.66666666666666019037e-1, 2.77777777770155933842e-3, -6.61375632143793436117e-5, 1.65339022054652515390e-6,
  -4.13813679705723846039e-8,
], 16);

@inline
function get<T>(index: Constant): v128 {
  return constant<T>(SINGLES, DOUBLES, index);
}

/**
 * Rounds what is added to it to an integer n. The low bits of the sum are n + the bias of the exponent: moved up to the
 * exponent's place they are 2^n, for n from −bias (0) to bias + 1 (∞).
 */
@inline
export function rounder<T>(): v128 {
  return get<T>(Constant.rounder);
}

/** The same with twice the bias, for the 2^n that takes two factors. */
@inline
export function wideRounder<T>(): v128 {
  return get<T>(Constant.wideRounder);
}

/** log2(e)·x + rounder. Subtract the rounder for n. */
@inline
export function rounded<T>(x: v128, rounder: v128): v128 {
  return mulAdd<T>(x, get<T>(Constant.log2E), rounder);
}

/** x − n·(the high part of ln 2), exact for a rounded x·log2(e). */
@inline
export function highRemainder<T>(x: v128, n: v128): v128 {
  return mulAdd<T>(n, get<T>(Constant.minusLn2High), x);
}

/** −n·(the low part of ln 2): what highRemainder leaves out. */
@inline
export function lowRemainder<T>(n: v128): v128 {
  return v128.mul<T>(n, get<T>(Constant.minusLn2Low));
}

/** x − n·ln 2, rounded. */
@inline
export function remainder<T>(x: v128, n: v128): v128 {
  return mulAdd<T>(n, get<T>(Constant.minusLn2Low), highRemainder<T>(x, n));
}

/** 2 − r·coth(r/2), from r², |r| ≤ 0.3466. */
@inline
export function cothTail<T>(square: v128): v128 {
  const p12 = mulAdd<T>(square, get<T>(Constant.p2), get<T>(Constant.p1));
  if (sizeof<T>() == 4) return v128.mul<T>(square, p12);
  // Even and odd powers apart: half as long a chain as Horner's.
  const fourth = v128.mul<T>(square, square);
  const p34 = mulAdd<T>(square, get<T>(Constant.p4), get<T>(Constant.p3));
  return v128.mul<T>(square, mulAdd<T>(fourth, mulAdd<T>(fourth, get<T>(Constant.p5), p34), p12));
}
