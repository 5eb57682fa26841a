// The standard normal distribution in f64.

/**
 * Φ(x) by ½ + φ(x)·(x + x³/3 + x⁵/15 + …), and below −2, where that would cancel, by Φ(−u) = φ(u) / (u + 1/(u + 2/(u + 3/(u + …))))
 * (Abramowitz & Stegun, 26.2.11 and 26.2.14). Its relative error is below 2^−44.
 */
export function cumulative(x: number): number {
  if (x < -39) return 0;
  if (x > 9) return 1;
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < -2) {
    let fraction = -x;
    for (let n = 70; n > 0; n--) fraction = -x + n / fraction;
    return density / fraction;
  }
  let term = x;
  let sum = x;
  for (let n = 3; Math.abs(term) > Math.abs(sum) * 2 ** -54; n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return 0.5 + density * sum;
}
