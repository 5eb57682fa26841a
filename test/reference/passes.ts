// What stands before and after an update, plainly, each operation rounded as in the kernels.
import type { Numbers, Precision } from "./precision.ts";

/** The sum in the order of `assembly/optimizer/sum.ts`: chunks of 4096, eight partial sums each, and their tree. */
export function orderedSum(terms: ArrayLike<number>): number {
  let total = 0;
  for (let from = 0; from < terms.length; from += 4096) {
    const s = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = from; i < Math.min(from + 4096, terms.length); i++) s[(i - from) % 8]! += terms[i]!;
    const [s0, s1, s2, s3, s4, s5, s6, s7] = s as [number, number, number, number, number, number, number, number];
    total += s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
  }
  return total;
}

export const squares = (x: Numbers) => Float64Array.from(x, (value) => value * value);

/** l1·Σ|w| + l2·Σw² */
export function penaltyValue(w: Numbers, l1: number, l2: number): number {
  return l1 * orderedSum(Float64Array.from(w, Math.abs)) + l2 * orderedSum(squares(w));
}

/** g ← g + (2·l2·w + l1·sign(w))·share */
export function penalize({ round }: Precision, g: Numbers, w: Numbers, l1: number, l2: number, share: number): void {
  const [a, b] = [round(l1 * share), round(2 * l2 * share)];
  for (let i = 0; i < g.length; i++) {
    const signed = w[i]! > 0 ? a : w[i]! < 0 ? -a : 0;
    g[i] = round(g[i]! + round(signed + round(b * w[i]!)));
  }
}

/** x ← x·factor */
export function scale({ round }: Precision, x: Numbers, factor: number): void {
  const rounded = round(factor);
  for (let i = 0; i < x.length; i++) x[i] = round(x[i]! * rounded);
}

/** g ← g + λ·w */
export function decay({ round }: Precision, g: Numbers, w: Numbers, lambda: number): void {
  for (let i = 0; i < g.length; i++) g[i] = round(g[i]! + round(round(lambda) * w[i]!));
}

/** Each column of [rows][columns] whose norm, its squares summed in the order of the rows, is above the limit is scaled to it. */
export function maxNorm({ round }: Precision, w: Numbers, columns: number, limit: number): void {
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let i = j; i < w.length; i += columns) sum += w[i]! * w[i]!;
    if (Math.sqrt(sum) <= limit) continue;
    const factor = Number.isFinite(sum) ? round(limit / Math.sqrt(sum)) : Number.NaN;
    for (let i = j; i < w.length; i += columns) w[i] = round(w[i]! * factor);
  }
}
