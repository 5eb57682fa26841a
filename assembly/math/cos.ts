// After FreeBSD's e_rem_pio2.c, k_cos.c and k_sin.c (fdlibm).

/** 1.5·2^52: what is added to it is rounded to an integer, which its last bits count. */
const ROUNDER: f64 = 6755399441055744;
const TWO_BY_PI: f64 = 6.36619772367581382433e-1;
// π/2 in four parts, the first three of 33 bits, so that each is exact times n.
const HALF_PI_1: f64 = 1.57079632673412561417;
const HALF_PI_2: f64 = 6.07710050630396597660e-11;
const HALF_PI_3: f64 = 2.02226624871116645580e-21;
const HALF_PI_4: f64 = 8.47842766036889956997e-32;

/**
 * cos x for |x| ≤ 2^20, by x = n·π/2 + r (Cody & Waite) and the polynomials for sine and cosine. For learning rates: one number
 * at a time.
 * Error: 0.79 ulp at 3 million sampled points, neighbours of the multiples of π/4 among them.
 * 1 at ±0; NaN and ±∞ make NaN.
 */
export function cos(x: f64): f64 {
  assert(!(abs(x) > 1048576) || !isFinite(x));
  const i = x * TWO_BY_PI + ROUNDER;
  const n = i - ROUNDER;
  // Each difference with what it loses. fdlibm stops at the part that the digits left ask for; here all are taken.
  const first = x - n * HALF_PI_1;
  const second = first - n * HALF_PI_2;
  const third = second - n * HALF_PI_3;
  const lost = (first - second - n * HALF_PI_2) + (second - third - n * HALF_PI_3) - n * HALF_PI_4;
  const high = third + lost;
  const low = third - high + lost;
  switch (<u32>reinterpret<u64>(i) & 3) {
    case 0: return cosine(high, low);
    case 1: return -sine(high, low);
    case 2: return -cosine(high, low);
    default: return sine(high, low);
  }
}

/** cos(x + low), |x| ≤ π/4: |cos x − (1 − x²/2 + c1·x⁴ + …)| ≤ 2^−58. */
function cosine(x: f64, low: f64): f64 {
  const z = x * x;
  const w = z * z;
  const r = z * (4.16666666666666019037e-2 + z * (-1.38888888888741095749e-3 + z * 2.48015872894767294178e-5)) +
    w * w * (-2.75573143513906633035e-7 + z * (2.08757232129817482790e-9 + z * -1.13596475577881948265e-11));
  const half = 0.5 * z;
  const rounded = 1 - half;
  return rounded + (1 - rounded - half + (z * r - x * low));
}

/** sin(x + low), |x| ≤ π/4: |sin x / x − (1 + s1·x² + …)| ≤ 2^−58. */
function sine(x: f64, low: f64): f64 {
  const z = x * x;
  const v = z * x;
  const r = 8.33333333332248946124e-3 + z * (-1.98412698298579493134e-4 + z * 2.75573137070700676789e-6) +
    z * (z * z) * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10);
  return x - (z * (0.5 * low - v * r) - low - v * -1.66666666666666324348e-1);
}
