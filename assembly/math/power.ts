/**
 * x^n by repeated squaring, 1 / x^−n for n < 0. The relative error is below |n|·2^−53
 * while x^|n| is a normal number, and grows where it is subnormal; where x^|n| overflows, x^−|n| is 0.
 * x^0 is 1 for every number, ±∞ included; NaN stays NaN, to the power of 0 too.
 */
export function powInteger(x: f64, n: i32): f64 {
  if (isNaN(x)) return x;
  let rest: u32 = n < 0 ? 0 - <u32>n : <u32>n;
  let power: f64 = 1;
  for (let square = x; rest > 0; rest >>= 1, square *= square) {
    if (rest & 1) power *= square;
  }
  return n < 0 ? 1 / power : power;
}
