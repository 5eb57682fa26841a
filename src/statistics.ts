import type { Rows } from "./data.ts";

// Statistics of columns, in f64, in orders that their lengths fix.

/** Numbers of column `column`, those of the rows given or of all. */
export function columnOf(
  data: Rows["data"],
  width: number,
  column: number,
  rows?: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  const values = new Float64Array(rows ? rows.length : data.length / width);
  for (let i = 0; i < values.length; i++) values[i] = data[(rows ? rows[i]! : i) * width + column]!;
  return values;
}

/** Σ v with the roundings summed beside it (A. Neumaier, ZAMM 54, 1974, algorithm IV): as if rounded once, unless much cancels. */
function sum(values: Float64Array): number {
  let total = 0;
  let lost = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    const next = total + v;
    lost += Math.abs(total) < Math.abs(v) ? v - next + total : total - next + v;
    total = next;
  }
  return total + lost;
}

/** The mean; of equal numbers it is theirs, whatever dividing by their count would make of their sum. */
export function mean(values: Float64Array): number {
  const first = values[0]!;
  return values.every((v) => v === first) ? first : sum(values) / values.length;
}

/** The smallest and the largest number. */
export function range(values: Float64Array): [least: number, greatest: number] {
  let [least, greatest] = [values[0]!, values[0]!];
  for (let i = 1; i < values.length; i++) {
    least = Math.min(least, values[i]!);
    greatest = Math.max(greatest, values[i]!);
  }
  return [least, greatest];
}

/**
 * √(Σ(v − mean)²/n), the deviation of a population; 0 for equal numbers and, unless it is too small for f64, for no others.
 * (Σ(v − mean))²/n takes back what the rounding of the mean adds (Chan, Golub & LeVeque, The American Statistician 37, 1983).
 */
export function deviation(values: Float64Array, mean: number): number {
  const n = values.length;
  const [least, greatest] = range(values);
  const farthest = Math.max(mean - least, greatest - mean);
  // Squares of numbers from 2^−500 to 2^500 and sums of them are normal numbers; 2^±600 brings the others there.
  const unit = farthest > 2 ** 500 ? 2 ** -600 : farthest < 2 ** -500 ? 2 ** 600 : 1;
  const apart = new Float64Array(n);
  for (let i = 0; i < n; i++) apart[i] = (values[i]! - mean) * unit;
  const rest = sum(apart);
  for (let i = 0; i < n; i++) apart[i] = apart[i]! * apart[i]!;
  return Math.sqrt((sum(apart) - (rest * rest) / n) / n) / unit;
}

/** The middle one of sorted numbers, or the mean of the two middle ones. */
export function median(sorted: Float64Array): number {
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}

/** The number at p·(n − 1) of sorted ones, between two of them by linear interpolation: numpy.quantile's default, rounded as there. */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const [a, b, t] = [sorted[below]!, sorted[Math.ceil(at)]!, at - below];
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}
