// Central differences, the oracle of derivatives.
import { expect } from "vitest";
import type { Numbers } from "../reference/precision.ts";

/** The error of a central difference is h²/6·f‴ + ε·|f|/h: about 1e-11·f‴ + 2e-11·|f| for this h in f64. */
const H = 1e-5;
/** Above that for f and f‴ up to a thousand. */
const TOLERANCE = 1e-7;

const norm = (values: readonly number[]) => Math.hypot(...values);

/** Throws unless the gradients, name by name, are the central differences of f at the point. */
export function expectDerivative<P extends Record<string, Numbers>>(
  f: (point: P) => number,
  point: P,
  gradients: { readonly [name in keyof P]: readonly number[] },
): void {
  for (const [name, values] of Object.entries(point)) {
    const analytic = gradients[name as keyof P];
    const numeric = Array.from(values, (value, i) => {
      const at = (moved: number) => f({ ...point, [name]: values.with(i, moved) });
      return (at(value + H) - at(value - H)) / (value + H - (value - H));
    });
    const difference = analytic.map((a, i) => a - numeric[i]!);
    for (const [i, a] of analytic.entries()) {
      const n = numeric[i]!;
      expect(Math.abs(a - n) / Math.max(1, Math.abs(a), Math.abs(n)), `${name} ${i}`).toBeLessThan(TOLERANCE);
    }
    // The first measure alone would pass wrong gradients that are small.
    expect(norm(analytic), name).toBeGreaterThan(1e-3);
    expect(norm(difference) / (norm(analytic) + norm(numeric)), name).toBeLessThan(TOLERANCE);
  }
}
