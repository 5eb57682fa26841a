import { describe, expect, it } from "vitest";
import { apply32, names } from "./core.ts";
import { bounds, worst } from "./error32.ts";

describe("the f32 functions", () => {
  for (const name of names) {
    it(`${name} is within ${bounds[name]} ulp, one float of every 64`, () => {
      const { ulp, at, subnormal, wrong } = worst(name, 64);
      expect(wrong).toEqual([]);
      expect(ulp, `at ${at}`).toBeLessThanOrEqual(bounds[name]);
      // A result too small for a normal number may be 0.
      expect(subnormal).toBeLessThanOrEqual(1);
    });
  }

  it("exp overflows between the two floats around ln of the largest, and is 0 below half the smallest", () => {
    // ln(2^128 − 2^103) = 88.722839082…; the floats around it are 88.7228317 and 88.7228394.
    // e^88.72283172607422 = 16777092.09·2^104, where an ulp is 2^104; the bound is 1 ulp.
    const [below, above] = apply32("exp", [88.72283172607422, 88.72283935546875]);
    expect(Math.abs(below! / 2 ** 104 - 16777092.09)).toBeLessThanOrEqual(1);
    expect(above).toBe(Number.POSITIVE_INFINITY);
    // ln 2^−150 = −103.972…
    expect([...apply32("exp", [-103.9, -104])]).toEqual([2 ** -149, 0]);
  });
});
