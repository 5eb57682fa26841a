import { median, min, quantile } from "d3-array";

/** What is reported of times. */
export interface Summary {
  min: number;
  median: number;
}

export function summary(values: readonly number[]): Summary {
  return { min: min(values)!, median: median(values)! };
}

/** a / b, round by round, so that drift of the machine hits both: the median, and the middle half as the spread. */
export interface Ratio {
  median: number;
  low: number;
  high: number;
}

export function ratio(a: readonly number[], b: readonly number[]): Ratio {
  const ratios = a.slice(0, b.length).map((value, i) => value / b[i]!);
  return { median: median(ratios)!, low: quantile(ratios, 0.25)!, high: quantile(ratios, 0.75)! };
}
