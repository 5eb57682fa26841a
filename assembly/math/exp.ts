import { cothTail, remainder, rounded, wideRounder } from "./reduction";
import { constant, fractionBits, shiftLeft, shiftRight, subtractBits } from "./vector";

enum Constant {
  lowest,
  highest,
  minusTwo,
}

// Below the lowest the result rounds to 0, above the highest it is infinite.
const SINGLES = memory.data<f32>([-104, 89, -2], 16);
const DOUBLES = memory.data<f64>([-746, 710, -2], 16);

@inline
function get<T>(index: Constant): v128 {
  return constant<T>(SINGLES, DOUBLES, index);
}

/** e^x. */
@inline
export function exp<T>(x: v128): v128 {
  // A NaN comes through: pmax(x, c) is x < c ? c : x, and pmin likewise.
  const clamped = v128.pmin<T>(v128.pmax<T>(x, get<T>(Constant.lowest)), get<T>(Constant.highest));
  const i = rounded<T>(clamped, wideRounder<T>());
  const r = remainder<T>(clamped, v128.sub<T>(i, wideRounder<T>()));
  // e^r = 1 + r + r·c / (2 − c)
  const c = v128.add<T>(r, cothTail<T>(v128.mul<T>(r, r)));
  // 2^n is beyond the range of the exponent at both ends, its two halves are not.
  const half = shiftRight<T>(i, 1);
  const s = shiftLeft<T>(half, fractionBits<T>());
  const sr = v128.mul<T>(s, r);
  const tail = v128.sub<T>(sr, v128.div<T>(v128.mul<T>(sr, c), v128.add<T>(c, get<T>(Constant.minusTwo))));
  return v128.mul<T>(v128.add<T>(s, tail), shiftLeft<T>(subtractBits<T>(i, half), fractionBits<T>()));
}
