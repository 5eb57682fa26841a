// The reference in f64: unevaluated sums of two doubles, about 100 bits. T. J. Dekker, "A floating-point technique for
// extending the available precision" (1971).

/** high + low, |low| ≤ ½ ulp of high. */
export type DoubleDouble = readonly [high: number, low: number];

/** value · 2^exponent, for results that a double cannot hold. */
export interface Scaled {
  readonly value: DoubleDouble;
  readonly exponent: number;
}

const LN2: DoubleDouble = [Math.LN2, 2.3190468138462996e-17];
/** What LN2 leaves out. */
const LN2_REST = 5.707708438416212e-34;

function twoSum(a: number, b: number): DoubleDouble {
  const high = a + b;
  const part = high - a;
  return [high, a - (high - part) + (b - part)];
}

/** Exact while the product stays in the range of normal numbers and the factors are below 2^996. */
function twoProduct(a: number, b: number): DoubleDouble {
  const high = a * b;
  const splitA = 134217729 * a;
  const splitB = 134217729 * b;
  const a1 = splitA - (splitA - a);
  const b1 = splitB - (splitB - b);
  const a2 = a - a1;
  const b2 = b - b1;
  return [high, a2 * b2 - (high - a1 * b1 - a2 * b1 - a1 * b2)];
}

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const [high, low] = twoSum(a[0], b[0]);
  const [high2, low2] = twoSum(a[1], b[1]);
  const [high3, low3] = twoSum(high, low + high2);
  return twoSum(high3, low3 + low2);
}

export function negate(a: DoubleDouble): DoubleDouble {
  return [-a[0], -a[1]];
}

export function multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const [high, low] = twoProduct(a[0], b[0]);
  return twoSum(high, low + (a[0] * b[1] + a[1] * b[0]));
}

export function divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a[0] / b[0];
  const rest = add(a, negate(multiply([first, 0], b)));
  const second = rest[0] / b[0];
  const rest2 = add(rest, negate(multiply([second, 0], b)));
  return add(twoSum(first, second), [rest2[0] / b[0], 0]);
}

/** Exact unless the result leaves the range of normal numbers. */
export function scale(a: DoubleDouble, exponent: number): DoubleDouble {
  const half = Math.trunc(exponent / 2);
  const [s, t] = [2 ** half, 2 ** (exponent - half)];
  return [a[0] * s * t, a[1] * s * t];
}

const ONE: DoubleDouble = [1, 0];

/** e^r − 1 by Taylor's series, |r| ≤ 0.35: the first term left out is below 2^−110 of the result. */
function expm1Series(r: DoubleDouble): DoubleDouble {
  let sum: DoubleDouble = ONE;
  for (let n = 24; n > 1; n--) sum = add(ONE, divide(multiply(sum, r), [n, 0]));
  return multiply(sum, r);
}

/** x = n·ln 2 + r. */
function reduce(x: DoubleDouble): { n: number; r: DoubleDouble } {
  const n = Math.round(x[0] / LN2[0]);
  const product = twoProduct(-n, LN2[0]);
  const r = add(add(x, product), twoProduct(-n, LN2[1]));
  return { n, r: add(r, [-n * LN2_REST, 0]) };
}

export function exp(x: DoubleDouble): Scaled {
  const { n, r } = reduce(x);
  return { value: add(ONE, expm1Series(r)), exponent: n };
}

/** e^x − 1, |x| ≤ 80, small in relative error at 0 too. */
export function expm1(x: DoubleDouble): DoubleDouble {
  const { n, r } = reduce(x);
  const series = expm1Series(r);
  return n === 0 ? series : add(scale(add(ONE, series), n), [-1, 0]);
}

/** e^(−x²/2), the square exact. */
export function gaussian(x: number): Scaled {
  return exp(scale(negate(square(x)), -1));
}

const square = (x: number) => twoProduct(x, x);

/** √(2π). */
const ROOT_TWO_PI: DoubleDouble = [2.5066282746310007, -1.8328579980459167e-16];

/**
 * Φ(x): by ½ + φ(x)·(x + x³/3 + x⁵/15 + …) near 0, from −3 on down (where the sum would cancel), and for large x, by
 * Φ(−u) = φ(u) / (u + 1/(u + 2/(u + 3/(u + …)))) (Abramowitz & Stegun, 26.2.11 and 26.2.14).
 */
export function cumulative(x: number): Scaled {
  const { value, exponent } = gaussian(x);
  const density = divide(value, ROOT_TWO_PI);
  if (x < -3) {
    let fraction: DoubleDouble = [-x, 0];
    for (let n = 250; n > 0; n--) fraction = add([-x, 0], divide([n, 0], fraction));
    return { value: divide(density, fraction), exponent };
  }
  // Φ(8.5) is 1 to 2^−56.
  if (x > 8.5) return { value: ONE, exponent: 0 };
  let term: DoubleDouble = [x, 0];
  let sum = term;
  for (let n = 3; Math.abs(term[0]) > Math.abs(sum[0]) * 2 ** -108; n += 2) {
    term = divide(multiply(term, square(x)), [n, 0]);
    sum = add(sum, term);
  }
  return { value: add([0.5, 0], scale(multiply(density, sum), exponent)), exponent: 0 };
}

/** π/2 to 142 bits. The first part has 33 of them: n times it is exact, |n| < 2^20. */
const HALF_PI = [1.5707963267341256, 6.077100506506192e-11, 3.5215598651832e-27];

/** cos x by Taylor's series around the next multiple of π/2, |x| ≤ 2^20. */
export function cos(x: number): DoubleDouble {
  const n = Math.round(x / (Math.PI / 2));
  const first: DoubleDouble = [x - n * HALF_PI[0]!, 0];
  const r = add(add(first, twoProduct(-n, HALF_PI[1]!)), twoProduct(-n, HALF_PI[2]!));
  const odd = n % 2 !== 0;
  const z = multiply(r, r);
  let sum: DoubleDouble = [0, 0];
  for (let k = odd ? 29 : 28; k >= 0; k -= 2) {
    const next = divide(multiply(sum, z), [-(k + 1) * (k + 2), 0]);
    sum = add(ONE, next);
  }
  const result = odd ? multiply(sum, r) : sum;
  return [1, 2].includes(((n % 4) + 4) % 4) ? negate(result) : result;
}

/** ln(1 + u), 1 + u in [0.7, 1.5]: one step of Halley's method, which triples the digits of the estimate. */
function log1pNear(u: DoubleDouble): DoubleDouble {
  const estimate: DoubleDouble = [Math.log1p(u[0]), 0];
  const e = expm1(estimate);
  const step = divide(add(u, negate(e)), add(add(u, e), [2, 0]));
  return add(estimate, scale(step, 1));
}

function logOf(x: DoubleDouble): DoubleDouble {
  let exponent = Math.floor(Math.log2(x[0]));
  if (scale(x, -exponent)[0] > 1.4) exponent++;
  const near = log1pNear(add(scale(x, -exponent), [-1, 0]));
  if (exponent === 0) return near;
  return add(add(twoProduct(exponent, LN2[0]), twoProduct(exponent, LN2[1])), near);
}

/** ln x, 0 < x < ∞. */
export function log(x: number): DoubleDouble {
  return logOf([x, 0]);
}

/** ln(1 + x), 0 ≤ x < ∞. */
export function log1p(x: number): DoubleDouble {
  return x < 0.4 ? log1pNear([x, 0]) : logOf(twoSum(1, x));
}

/** 1 / (1 + e^−x). */
export function sigmoid(x: number): Scaled {
  const e = exp([-Math.abs(x), 0]);
  const sum = add(ONE, scale(e.value, e.exponent));
  return x < 0 ? { value: divide(e.value, sum), exponent: e.exponent } : { value: divide(ONE, sum), exponent: 0 };
}

/** tanh x. From 40 on it is 1 to 2^−115. */
export function tanh(x: number): DoubleDouble {
  const twice = expm1([2 * Math.min(Math.abs(x), 40), 0]);
  const result = divide(twice, add(twice, [2, 0]));
  return x < 0 ? negate(result) : result;
}
