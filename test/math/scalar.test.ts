import { describe, expect, it } from "vitest";
import { loadCore } from "../../src/module.ts";
import { seeded } from "../reference/seeded.ts";
import { apply64, core } from "./core.ts";
import { cos } from "./doubleDouble.ts";
import { points } from "./points.ts";

const { cosine } = core;

/** The largest error of cosine, in ulp of the exact result. */
function worst(x: number[]): { ulps: number; at: number } {
  const result = { ulps: 0, at: 0 };
  for (const at of x) {
    const [high, low] = cos(at);
    const ulp = 2 ** (Math.floor(Math.log2(Math.abs(high))) - 52);
    const ulps = Math.abs(cosine(at) - high - low) / ulp;
    if (!(ulps <= result.ulps)) Object.assign(result, { ulps, at });
  }
  return result;
}

describe("cosine", () => {
  const draw = seeded(1);
  const uniform = Array.from({ length: 20_000 }, () => 2 * draw() - 1 + draw() * 2 ** -32);
  it.each([
    ["angles between −π and π, as schedules take them", uniform.map((x) => x * Math.PI)],
    ["angles between −2^20 and 2^20", uniform.map((x) => x * 2 ** 20)],
    ["the doubles next to multiples of π/2", Array.from({ length: 20_000 }, (_, n) => n * 33 * (Math.PI / 2))],
    [
      "the doubles next to odd multiples of π/4",
      Array.from({ length: 20_000 }, (_, n) => (n * 66 + 1) * (Math.PI / 4)),
    ],
  ])("is within 1 ulp at %s", (_, x) => {
    const { ulps, at } = worst(x);
    expect(ulps, `at ${at}`).toBeLessThanOrEqual(1);
  });

  it("is right at special values", () => {
    for (const x of [0, -0, 5e-324, -1e-9]) expect(cosine(x)).toBe(1);
    expect(cosine(Math.PI)).toBe(-1);
    expect(cosine(2 * Math.PI)).toBe(1);
    // π/2 as a double is short of π/2 by 6.123233995736766e-17.
    expect(cosine(Math.PI / 2)).toBe(6.123233995736766e-17);
    for (const x of [Number.NaN, Infinity, -Infinity]) expect(cosine(x)).toBeNaN();
  });

  it("has the same value at x and −x", () => {
    for (const x of uniform) expect(cosine(-x)).toBe(cosine(x));
  });
});

describe("the core's functions of one number", () => {
  it("have the bits of those of vectors, NaN and infinities included", async () => {
    const { core: exports } = (await loadCore()).instantiate(65536);
    const x = [...points("exp", 1000, 1), ...points("log", 1000, 2), Number.NaN, Infinity, -Infinity, 0, -0];
    expect(x.map(exports.exponential)).toEqual([...apply64("exp", x)]);
    expect(x.map(exports.logarithm)).toEqual([...apply64("log", x)]);
    const angles = x.filter((value) => Math.abs(value) <= 2 ** 20);
    expect(angles.map(exports.cosine)).toEqual(angles.map(cosine));
  });
});
