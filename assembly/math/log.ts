import { mulAdd } from "../simd";
import { addBits, constant, fractionBits, shiftRight, subtractBits } from "./vector";

enum Constant {
  smallestNormal,
  /** Makes every subnormal number normal, and its binary logarithm. */
  scale,
  scaleBits,
  one,
  two,
  half,
  infinity,
  minusInfinity,
  /** Of `exponent`: 2^23 or 2^52 plus the bias. */
  integerBias,
  ln2High,
  ln2Low,
  l1,
  l2,
  l3,
  l4,
  l5,
  l6,
  l7,
}

// ln 2 in two parts, the first short enough for an exact k·high, and the coefficients l are those of FreeBSD's e_logf.c
// and e_log.c (fdlibm): |ln((1 + s)/(1 − s)) / s − 2 − (l1·s² + l2·s⁴ + …)| < 2^−34.2 (f32), 2^−58.4 (f64),
// |s| ≤ 0.1716.
const SINGLES = memory.data<f32>([
  1.1754943508222875e-38, 8388608, 23, 1, 2, 0.5, Infinity, -Infinity, 8388608 + 127,
  6.9313812256e-1, 9.0580006145e-6,
  0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841,
], 16);
const DOUBLES = memory.data<f64>([
  2.2250738585072014e-308, 4503599627370496, 52, 1, 2, 0.5, Infinity, -Infinity, 4503599627370496 + 1023,
  6.93147180369123816490e-1, 1.90821492927058770002e-10,
  6.666666666666735130e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
], 16);

@inline
function get<T>(index: Constant): v128 {
  return constant<T>(SINGLES, DOUBLES, index);
}

enum Bits {
  /** √½. */
  rootHalf,
  /** From √½ to 1. */
  toOne,
  fraction,
  exponent,
  /** 2^23 or 2^52: a number whose last bit counts ones. */
  integer,
}

const SINGLE_BITS = memory.data<u32>([0x3f3504f3, 0x3f800000 - 0x3f3504f3, 0x007fffff, 0x7f800000, 0x4b000000], 16);
const DOUBLE_BITS = memory.data<u64>([
  0x3fe6a09e667f3bcd, 0x3ff0000000000000 - 0x3fe6a09e667f3bcd, 0x000fffffffffffff, 0x7ff0000000000000,
  0x4330000000000000,
], 16);

@inline
function bits<T>(index: Bits): v128 {
  return constant<T>(SINGLE_BITS, DOUBLE_BITS, index);
}

/**
 * The bits of x = 2^k·m, √½ ≤ m < √2, moved up so that k with its bias stands in the exponent's place; the fraction's holds
 * the bits of m less those of √½.
 */
@inline
function shifted<T>(x: v128): v128 {
  return addBits<T>(x, bits<T>(Bits.toOne));
}

/** k, as a number, of a shifted x > 0. */
@inline
function exponent<T>(shifted: v128): v128 {
  const biased = v128.or(shiftRight<T>(shifted, fractionBits<T>()), bits<T>(Bits.integer));
  return v128.sub<T>(biased, get<T>(Constant.integerBias));
}

/** k where 0 ≤ x < ∞; else what the logarithm has to be, ∞ or NaN: `sum` hands on a k that is not finite. */
@inline
function orSpecial<T>(k: v128, x: v128): v128 {
  const finite = v128.lt<T>(x, get<T>(Constant.infinity));
  return v128.or(v128.bitselect(k, x, finite), v128.lt<T>(x, i32x4.splat(0)));
}

/** k·ln 2 + ln(1 + f), √½ ≤ 1 + f < √2, by s = f / (2 + f): ln(1 + f) = f − (f²/2 − s·(f²/2 + l1·s² + l2·s⁴ + …)). */
@inline
function sum<T>(k: v128, f: v128): v128 {
  const s = v128.div<T>(f, v128.add<T>(get<T>(Constant.two), f));
  const z = v128.mul<T>(s, s);
  // Even and odd powers apart: half as long a chain as Horner's.
  const w = v128.mul<T>(z, z);
  let odd = get<T>(Constant.l3);
  let even = get<T>(Constant.l4);
  if (sizeof<T>() == 8) {
    odd = mulAdd<T>(w, mulAdd<T>(w, get<T>(Constant.l7), get<T>(Constant.l5)), odd);
    even = mulAdd<T>(w, get<T>(Constant.l6), even);
  }
  odd = mulAdd<T>(w, odd, get<T>(Constant.l1));
  even = mulAdd<T>(w, even, get<T>(Constant.l2));
  const p = mulAdd<T>(z, odd, v128.mul<T>(w, even));
  const square = v128.mul<T>(v128.mul<T>(get<T>(Constant.half), f), f);
  const tail = mulAdd<T>(s, v128.add<T>(square, p), v128.mul<T>(k, get<T>(Constant.ln2Low)));
  return mulAdd<T>(k, get<T>(Constant.ln2High), v128.sub<T>(f, v128.sub<T>(square, tail)));
}

/**
 * ln x, after FreeBSD's e_log.c (fdlibm). For every x, subnormal numbers included.
 * Error: f32 0.84 ulp over all floats; f64 0.82 ulp at 3 million sampled points.
 * −∞ at ±0, ∞ at ∞, NaN below 0; NaN stays NaN.
 */
@inline
export function log<T>(x: v128): v128 {
  const subnormal = v128.lt<T>(x, get<T>(Constant.smallestNormal));
  const y = shifted<T>(v128.bitselect(v128.mul<T>(x, get<T>(Constant.scale)), x, subnormal));
  let k = v128.sub<T>(exponent<T>(y), v128.and(subnormal, get<T>(Constant.scaleBits)));
  k = v128.add<T>(k, v128.and(v128.eq<T>(x, i32x4.splat(0)), get<T>(Constant.minusInfinity)));
  const m = addBits<T>(v128.and(y, bits<T>(Bits.fraction)), bits<T>(Bits.rootHalf));
  return sum<T>(orSpecial<T>(k, x), v128.sub<T>(m, get<T>(Constant.one)));
}

/**
 * ln(1 + x) for x ≥ 0, accurate for small x too; like `log`, with 1 + x reduced before it is rounded.
 * Error: f32 1.41 ulp over all floats from 0; f64 1.39 ulp at 3 million sampled points.
 * 0 at ±0, ∞ at ∞, NaN below 0; NaN stays NaN.
 */
@inline
export function log1p<T>(x: v128): v128 {
  const one = get<T>(Constant.one);
  const y = shifted<T>(v128.add<T>(one, x));
  // k in the exponent's place. With it 1 + x = 2^k·(1 + f), f = x·2^−k + (2^−k − 1), where only the sum is rounded.
  const k = subtractBits<T>(v128.and(y, bits<T>(Bits.exponent)), one);
  const scaled = subtractBits<T>(x, k);
  // 2^−k; for the largest k its bits are 0 or those of −∞, and it is as good as 0.
  const scale = v128.pmax<T>(subtractBits<T>(one, k), i32x4.splat(0));
  return sum<T>(orSpecial<T>(exponent<T>(y), x), v128.add<T>(scaled, v128.sub<T>(scale, one)));
}
