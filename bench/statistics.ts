import { median, min, quantile } from "d3-array";

/** What is reported of times. */
export interface Summary {
  min: number;
  median: number;
}

export function summary(values: readonly number[]): Summary {
  return { min: min(values)!, median: median(values)! };
}

/**
 * a / b, round by round, so that drift of the machine hits both: the median, and the middle half as the spread. Where one was measured
 * apart from the rounds, the quotient of the medians.
 */
export interface Ratio {
  median: number;
  low: number;
  high: number;
}

export function ratio(a: readonly number[], b: readonly number[]): Ratio {
  const together = a.length === b.length;
  const ratios = together ? a.map((value, i) => value / b[i]!) : [median(a)! / median(b)!];
  return { median: median(ratios)!, low: quantile(ratios, 0.25)!, high: quantile(ratios, 0.75)! };
}
