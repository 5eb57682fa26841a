/**
 * x^n by repeated squaring. The relative error is at most |n|·2^−53 while no intermediate result leaves the normal range;
 * where x^|n| overflows, x^−|n| is 0, not subnormal. x^0 is 1 for every number, NaN for NaN.
 */
export function powInteger(x: f64, n: i32): f64 {
  if (isNaN(x)) return x;
  let rest = n < 0 ? 0 - <u32>n : <u32>n;
  let power: f64 = 1;
  for (let square = x; rest > 0; rest >>= 1, square *= square) {
    if (rest & 1) power *= square;
  }
  return n < 0 ? 1 / power : power;
}
