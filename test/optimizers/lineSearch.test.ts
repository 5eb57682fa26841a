import { describe, expect, test } from "vitest";
import { lineSearch, type Point } from "../../src/optimizers/lineSearch.ts";

type Curve = (step: number) => readonly [loss: number, slope: number];

/** Searches along a curve from 0. Returns the point found and every step that was tried. */
function search(curve: Curve, first: number) {
  const at = (step: number): Point => {
    const [loss, slope] = curve(step);
    return { step, loss, slope };
  };
  const steps: number[] = [];
  const start = at(0);
  const found = lineSearch(
    (step) => {
      steps.push(step);
      return at(step);
    },
    start,
    first,
  );
  return { start, found, steps };
}

const parabola: Curve = (a) => [(a - 1) ** 2, 2 * (a - 1)];

test("a parabola: from 3, too far, its cubic leads to the minimum 1; from 0.01 ten times as far is enough", () => {
  // 0.9 · |−2| = 1.8: the slope −1.8 at 0.1 satisfies the curvature condition, −1.98 at 0.01 does not.
  expect(search(parabola, 3).steps).toEqual([3, 1]);
  expect(search(parabola, 3).found).toEqual({ step: 1, loss: 0, slope: 0 });
  expect(search(parabola, 0.01).steps).toEqual([0.01, 0.1]);
});

// Moré & Thuente, "Line search algorithms with guaranteed sufficient decrease", 1994, (5.1) to (5.3) with their β, and what networks
// have: valleys with plateaus on either side.
const curves: [string, Curve][] = [
  ["−a/(a² + 2)", (a) => [-a / (a * a + 2), (a * a - 2) / (a * a + 2) ** 2]],
  [
    "(a + β)⁵ − 2(a + β)⁴",
    (a) => [(a + 0.004) ** 5 - 2 * (a + 0.004) ** 4, 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3],
  ],
  [
    "an oscillation",
    (a) => [
      1 - a + 0.2 * Math.sin(2.5 * Math.PI * a) + (a - 1) ** 2 / 2,
      -1 + 0.5 * Math.PI * Math.cos(2.5 * Math.PI * a) + a - 1,
    ],
  ],
  ["a parabola", parabola],
  ["a narrow well", (a) => [-1 / (1 + 100 * (a - 1) ** 2), (200 * (a - 1)) / (1 + 100 * (a - 1) ** 2) ** 2]],
  ["a fourth power", (a) => [(a - 2) ** 4, 4 * (a - 2) ** 3]],
];

describe.each(curves)("along %s", (_, curve) => {
  test.each([1e-6, 1e-3, 0.1, 1, 10, 1e3])(
    "from %d a step with the strong Wolfe conditions is found, and was tried last",
    (first) => {
      // The oscillation rises at 0 as it stands: it is entered where it falls.
      const from = curve(0)[1] < 0 ? 0 : 0.3;
      const { start, found, steps } = search((a) => curve(a + from), first);
      expect(start.slope).toBeLessThan(0);
      expect(found.loss).toBeLessThanOrEqual(start.loss + 1e-4 * found.step * start.slope);
      expect(Math.abs(found.slope)).toBeLessThanOrEqual(-0.9 * start.slope);
      expect(steps.length).toBeLessThanOrEqual(25);
      expect(found.step).toBe(steps.at(-1));
      expect(found).toEqual({
        step: found.step,
        loss: curve(found.step + from)[0],
        slope: curve(found.step + from)[1],
      });
    },
  );
});

test.each([
  ["a loss of NaN", [Number.NaN, -1]],
  ["an infinite loss", [Infinity, -1]],
  ["a slope of NaN", [-9, Number.NaN]],
  ["an infinite slope", [-9, -Infinity]],
] as const)("%s is too far: the step is shortened to before it", (_, beyond) => {
  // A minimum at 0.001, and nothing beyond 0.004.
  const { found } = search((a) => (a < 0.004 ? [(a - 0.001) ** 2, 2 * (a - 0.001)] : beyond), 1);
  expect(found.step).toBeLessThan(0.002);
  expect(found.step).toBeGreaterThan(0);
});

test("a line that falls for ever, up to a wall, ends after 25 trials at the lowest point of them", () => {
  const { found, steps } = search((a) => (a < 3 ? [-a, -1] : [Number.NaN, Number.NaN]), 1);
  expect(found.step).toBe(Math.max(...steps.filter((a) => a < 3)));
  expect(found.step).toBeGreaterThan(2.5);
  expect(steps).toHaveLength(26);
  expect(steps.at(-1)).toBe(found.step);
});

test("where nothing lies lower, the step is 0", () => {
  // The slope says down, the loss goes up.
  expect(search((a) => [a, -1], 1).found).toEqual({ step: 0, loss: 0, slope: -1 });
  expect(search((a) => [a === 0 ? 0 : Number.NaN, -1], 1).found.step).toBe(0);
});
