import { cothTail, remainder, rounded, rounder } from "./reduction";
import { constant, fractionBits, shiftLeft } from "./vector";

enum Constant {
  lowest,
  highest,
  two,
}

// Below the lowest 2^n is 0, and so is the result, above the highest it rounds to 1.
const SINGLES = memory.data<f32>([-88, 18, 2], 16);
const DOUBLES = memory.data<f64>([-709, 38, 2], 16);

@inline
function get<T>(index: Constant): v128 {
  return constant<T>(SINGLES, DOUBLES, index);
}

/**
 * 1 / (1 + e^−x), as e^x / (e^x + 1) with a quotient for e^x, so that one division does for both. For every x.
 * Error: f32 2.44 ulp over all floats, f64 2.36 ulp at 3 million sampled points; 0 may stand for a subnormal result.
 * Never outside [0, 1]; 0.5 at ±0, 0 at −∞, 1 at ∞; NaN stays NaN.
 */
@inline
export function sigmoid<T>(x: v128): v128 {
  // A NaN comes through: pmax(x, c) is x < c ? c : x, and pmin likewise.
  const clamped = v128.pmin<T>(v128.pmax<T>(x, get<T>(Constant.lowest)), get<T>(Constant.highest));
  const i = rounded<T>(clamped, rounder<T>());
  const r = remainder<T>(clamped, v128.sub<T>(i, rounder<T>()));
  const coth = v128.sub<T>(get<T>(Constant.two), cothTail<T>(v128.mul<T>(r, r)));
  // e^x = 2^n·(coth + r) / (coth − r)
  const below = v128.sub<T>(coth, r);
  const above = v128.mul<T>(shiftLeft<T>(i, fractionBits<T>()), v128.add<T>(coth, r));
  return v128.div<T>(above, v128.add<T>(above, below));
}
