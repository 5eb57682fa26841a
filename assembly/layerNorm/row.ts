import { firstLanes, lanes } from "../simd";

// Sums along a row.

/** What is summed over the columns. */
export enum Term {
  /** x */
  Value,
  /** (x − mean)² */
  Square,
  /** γ·da */
  Delta,
  /** γ·da·x̂ */
  Product,
}

/** (x − mean)·inverse */
@inline
export function normalized<T>(x: usize, mean: v128, inverse: v128): v128 {
  return v128.mul<T>(v128.sub<T>(v128.load(x), mean), inverse);
}

@inline
function termOf<T>(term: Term, x: usize, mean: v128, inverse: v128, gamma: usize, da: usize): v128 {
  if (term == Term.Value) return v128.load(x);
  if (term == Term.Square) {
    const d = v128.sub<T>(v128.load(x), mean);
    return v128.mul<T>(d, d);
  }
  const delta = v128.mul<T>(v128.load(gamma), v128.load(da));
  return term == Term.Delta ? delta : v128.mul<T>(delta, normalized<T>(x, mean, inverse));
}

/**
 * 1/n Σ of a term over the n columns of a row, in all lanes. Of 2 · lanes partial sums, lanes the numbers in a vector, each takes the
 * columns 2 · lanes apart in index order from 0; then the upper half of them is added to the lower, until one is left.
 * What the term does not name is not read: its addresses may be 0.
 */
@inline
export function average<T>(
  term: Term, columns: i32, x: usize, mean: v128, inverse: v128, gamma: usize, da: usize,
): v128 {
  let even = i32x4.splat(0), odd = i32x4.splat(0);
  let left = columns;
  for (; left >= 2 * lanes<T>(); left -= 2 * lanes<T>()) {
    even = v128.add<T>(even, termOf<T>(term, x, mean, inverse, gamma, da));
    odd = v128.add<T>(odd, termOf<T>(term, x + 16, mean, inverse, gamma + 16, da + 16));
    x += 32;
    gamma += 32;
    da += 32;
  }
  // The last columns, without the padding behind them.
  if (left > 0) even = v128.add<T>(even, firstLanes<T>(termOf<T>(term, x, mean, inverse, gamma, da), left));
  if (left > lanes<T>()) {
    const last = termOf<T>(term, x + 16, mean, inverse, gamma + 16, da + 16);
    odd = v128.add<T>(odd, firstLanes<T>(last, left - lanes<T>()));
  }
  let sum = v128.add<T>(even, odd);
  sum = v128.add<T>(sum, v128.shuffle<i64>(sum, sum, 1, 0));
  if (sizeof<T>() == 4) sum = v128.add<T>(sum, v128.shuffle<i32>(sum, sum, 1, 0, 3, 2));
  return v128.div<T>(sum, v128.splat<T>(<T>columns));
}
