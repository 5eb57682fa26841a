import { describe, expect, it } from "vitest";
import { apply64, type Name, names } from "./core.ts";
import { worst } from "./error64.ts";
import { points } from "./points.ts";

const bounds: Record<Name, number> = {
  exp: 2,
  expm1: 2,
  log: 2,
  log1p: 3,
  sigmoid: 4,
  tanh: 4,
  gaussian: 2,
  cumulative: 5,
};

describe("the f64 functions", () => {
  for (const [index, name] of names.entries()) {
    it(`${name} is within ${bounds[name]} ulp on 120,000 points`, () => {
      const { ulp, at, subnormal } = worst(name, points(name, 120_000, index + 1));
      expect(ulp, `at ${at}`).toBeLessThanOrEqual(bounds[name]);
      // Subnormal results: that of sigmoid may be 0, an error below the smallest normal number, 2^52 subnormal ones;
      // that of cumulative is a product whose factors are normal numbers, and have errors, down to Φ(−37.5).
      expect(subnormal).toBeLessThanOrEqual({ sigmoid: 2 ** 52, cumulative: 2 }[name as string] ?? 1);
    });
  }

  it("sigmoid, cumulative and tanh stay in their ranges", () => {
    expect(apply64("cumulative", points("cumulative", 120_000, 10)).every((y) => y >= 0 && y <= 1)).toBe(true);
    expect(apply64("sigmoid", points("sigmoid", 120_000, 11)).every((y) => y >= 0 && y <= 1)).toBe(true);
    expect(apply64("tanh", points("tanh", 120_000, 12)).every((y) => y >= -1 && y <= 1)).toBe(true);
  });

  it("exp overflows between the two doubles around ln of the largest, and is 0 below half the smallest", () => {
    // ln(2^1024 − 2^970) = 709.78271289338399678…; the doubles around it are 1.1e-13 apart.
    const [below, above] = apply64("exp", [709.782712893384, 709.7827128933841]);
    expect(Number.isFinite(below)).toBe(true);
    expect(above).toBe(Number.POSITIVE_INFINITY);
    // ln 2^−1075 = −745.133219…
    expect([...apply64("exp", [-745.1, -745.2])]).toEqual([5e-324, 0]);
  });
});
