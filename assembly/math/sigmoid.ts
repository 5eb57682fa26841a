import { mulAdd } from "../simd";
import { cothTail, remainder, rounded, rounder } from "./reduction";
import { constant, fractionBits, shiftLeft } from "./vector";

enum Constant {
  lowest,
  highest,
  two,
}

// Below the lowest the result is under the smallest normal number (2^n is 0 there), above the highest it rounds to 1.
const SINGLES = memory.data<f32>([-88, 18, 2], 16);
const DOUBLES = memory.data<f64>([-709, 38, 2], 16);

@inline
function get<T>(index: Constant): v128 {
  return constant<T>(SINGLES, DOUBLES, index);
}

/** 1 / (1 + e^−x). */
@inline
export function sigmoid<T>(x: v128): v128 {
  const clamped = v128.pmin<T>(v128.pmax<T>(x, get<T>(Constant.lowest)), get<T>(Constant.highest));
  const i = rounded<T>(clamped, rounder<T>());
  const r = remainder<T>(clamped, v128.sub<T>(i, rounder<T>()));
  const coth = v128.sub<T>(get<T>(Constant.two), cothTail<T>(v128.mul<T>(r, r)));
  // e^x = 2^n·(coth + r) / (coth − r)
  const below = v128.sub<T>(coth, r);
  const above = v128.mul<T>(shiftLeft<T>(i, fractionBits<T>()), v128.add<T>(coth, r));
  return v128.div<T>(above, v128.add<T>(above, below));
}
