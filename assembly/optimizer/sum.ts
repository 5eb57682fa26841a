import { loadDoubles } from "../simd";

/** Numbers that are summed before their sum is added to that of those before them: one thread's share at the least. */
const CHUNK: usize = 4096;

// The order of a sum over the numbers x_0, x_1, … of a run, in f64, the same for both precisions. In each chunk of 4096 number i
// goes to partial sum i mod 8, in index order; the partial sums s_0 … s_7 are added as
// ((s_0 + s_4) + (s_2 + s_6)) + ((s_1 + s_5) + (s_3 + s_7)), and the chunks' sums in their order.

/** Σ x², over `bytes` of whole vectors. */
export function squaresOf<T>(x: usize, bytes: usize): f64 {
  return sum<T>(x, bytes, true);
}

/** Σ |x|, over `bytes` of whole vectors. */
export function magnitudesOf<T>(x: usize, bytes: usize): f64 {
  return sum<T>(x, bytes, false);
}

@inline
function sum<T>(x: usize, bytes: usize, squares: bool): f64 {
  const end = x + bytes;
  let total: f64 = 0;
  while (x < end) {
    const stop = min(x + CHUNK * sizeof<T>(), end);
    total += chunk<T>(x, stop, squares);
    x = stop;
  }
  return total;
}

@inline
function chunk<T>(x: usize, end: usize, squares: bool): f64 {
  const pair: usize = 2 * sizeof<T>();
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; x + 4 * pair <= end; x += 4 * pair) {
    s0 = add<T>(s0, x, squares);
    s1 = add<T>(s1, x + pair, squares);
    s2 = add<T>(s2, x + 2 * pair, squares);
    s3 = add<T>(s3, x + 3 * pair, squares);
  }
  if (x < end) s0 = add<T>(s0, x, squares);
  if (x + pair < end) s1 = add<T>(s1, x + pair, squares);
  if (x + 2 * pair < end) s2 = add<T>(s2, x + 2 * pair, squares);
  const s = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** s + the squares or magnitudes of two numbers; two roundings in every build. */
@inline
function add<T>(s: v128, at: usize, squares: bool): v128 {
  const x = loadDoubles<T>(at);
  return f64x2.add(s, squares ? f64x2.mul(x, x) : f64x2.abs(x));
}
