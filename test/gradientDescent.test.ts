import { describe, expect, test } from "vitest";
import { gradientDescent } from "../src/index.ts";

// F(a, b) = (a − 3)² + 2(b + 1)², minimum at (3, −1)
const gradient = ([a, b]: Float64Array) => [2 * (a! - 3), 4 * (b! + 1)];

test("converges to the minimum of a quadratic, and says so", () => {
  const { x, gradientNorm, converged, steps } = gradientDescent({ gradient, start: [0, 0], learningRate: 0.1 });
  // ‖∇F‖ ≤ 1e-6 and F grows at least as ‖x − x*‖²: ‖x − x*‖ ≤ ‖∇F‖ / 2
  expect(Math.hypot(x[0]! - 3, x[1]! + 1)).toBeLessThan(0.5e-6);
  expect(gradientNorm).toBe(Math.hypot(...gradient(x)));
  expect(gradientNorm).toBeLessThanOrEqual(1e-6);
  expect(converged).toBe(true);
  // |∂F/∂a| = 6·0.8ᵏ; the other is gone by then: k = ⌈ln(1e-6 / 6) / ln 0.8⌉ = ⌈69.95⌉
  expect(steps).toBe(70);
});

test("takes the steps that arithmetic takes", () => {
  // x ← x − ¼·2x halves x; ‖∇F‖ = 2|x|: 8 → 4 → 2 → 1, where ‖∇F‖ = 2
  const halve = { gradient: ([a]: Float64Array) => [2 * a!], start: [8], learningRate: 0.25 };
  expect(gradientDescent({ ...halve, tolerance: 2 })).toEqual({
    x: Float64Array.of(1),
    steps: 3,
    gradientNorm: 2,
    converged: true,
  });
  expect(gradientDescent({ ...halve, tolerance: 1.99 })).toMatchObject({ x: Float64Array.of(0.5), steps: 4 });
  expect(gradientDescent({ ...halve, tolerance: 16 })).toMatchObject({ x: Float64Array.of(8), steps: 0 });
  // (1, 1) − 0.1·(2·(1 − 3), 4·(1 + 1)) = (1.4, 0.2)
  const { x, steps, converged } = gradientDescent({ gradient, start: [1, 1], learningRate: 0.1, maxSteps: 1 });
  expect([...x]).toEqual([1 - 0.1 * -4, 1 - 0.1 * 8]);
  expect({ steps, converged }).toEqual({ steps: 1, converged: false });
});

test("stops after maxSteps, 1000 by default, with what it has reached", () => {
  const slow = { gradient: ([a]: Float64Array) => [2 * a!], start: [1], learningRate: 2 ** -20 };
  expect(gradientDescent(slow)).toMatchObject({ steps: 1000, converged: false });
  const { x, steps, gradientNorm, converged } = gradientDescent({ ...slow, maxSteps: 7 });
  // (1 − 2⁻¹⁹)⁷, rounded seven times
  expect(Math.abs(x[0]! - (1 - 2 ** -19) ** 7)).toBeLessThan(7 * 2 ** -53);
  expect({ steps, gradientNorm, converged }).toEqual({ steps: 7, gradientNorm: 2 * x[0]!, converged: false });
});

test("a tolerance of 0 ends where the gradient is exactly 0", () => {
  const result = gradientDescent({ gradient: ([a]) => [2 * a!], start: [3], learningRate: 0.5, tolerance: 0 });
  expect(result).toEqual({ x: Float64Array.of(0), steps: 1, gradientNorm: 0, converged: true });
});

test("a norm whose square does not fit f64 is still a norm", () => {
  // 3-4-5 triangles far outside of √max and √min
  for (const size of [1e300, 1e-300]) {
    const options = {
      gradient: () => [3 * size, 4 * size],
      start: [0, 0],
      learningRate: 1e-9,
      maxSteps: 1,
      tolerance: 0,
    };
    const { gradientNorm } = gradientDescent(options);
    // some four roundings of 2⁻⁵³ each
    expect(Math.abs(gradientNorm / (5 * size) - 1)).toBeLessThan(4 * 2 ** -53);
  }
});

test("the caller's arrays stay as they are, and what the gradient does to its argument does not matter", () => {
  const start = Object.freeze([0, 0]);
  const floats = Float32Array.of(0, 0);
  const returned = Object.freeze([2, 4]);
  const expected = gradientDescent({ gradient, start, learningRate: 0.1 });
  expect(gradientDescent({ gradient, start: floats, learningRate: 0.1 })).toEqual(expected);
  expect(floats).toEqual(Float32Array.of(0, 0));
  const rude = (x: Float64Array) => {
    const g = gradient(x);
    x.fill(99);
    return g;
  };
  expect(gradientDescent({ gradient: rude, start, learningRate: 0.1 })).toEqual(expected);
  gradientDescent({ gradient: () => returned, start, learningRate: 0.1, maxSteps: 3 });
  expect(returned).toEqual([2, 4]);
  expect(start).toEqual([0, 0]);
});

test("the gradient may return typed arrays, even its own argument", () => {
  const own = (x: Float64Array) => x.map((value) => 2 * value);
  const inPlace = (x: Float64Array) => {
    for (let i = 0; i < x.length; i++) x[i]! *= 2;
    return x;
  };
  const rest = { start: [1, -2, 3], learningRate: 0.1 };
  expect(gradientDescent({ ...rest, gradient: inPlace })).toEqual(gradientDescent({ ...rest, gradient: own }));
});

test("what the gradient throws is passed on", () => {
  const reason = new Error("mine");
  const failing = () => {
    throw reason;
  };
  expect(() => gradientDescent({ gradient: failing, start: [1], learningRate: 1 })).toThrow(reason);
});

describe("bad input", () => {
  const valid = { gradient: ([a]: Float64Array) => [2 * a!], start: [1], learningRate: 0.1 };

  test.each<[unknown, ErrorConstructor, string]>([
    [undefined, TypeError, "options is undefined, expected a plain object"],
    [[valid], TypeError, "options is an array, expected a plain object"],
    [
      { ...valid, rate: 1 },
      TypeError,
      'unknown option "rate", expected one of gradient, start, learningRate, maxSteps',
    ],
    [{ ...valid, gradient: undefined }, TypeError, "gradient is undefined, expected a function"],
    [{ ...valid, gradient: [2] }, TypeError, "gradient is an array, expected a function"],
    [{ ...valid, start: undefined }, TypeError, "start is undefined, expected an array of at least one number"],
    [{ ...valid, start: [] }, TypeError, "start is an array, expected an array of at least one number"],
    [{ ...valid, start: 1 }, TypeError, "start is 1, expected an array of at least one number"],
    [{ ...valid, start: "1" }, TypeError, 'start[0] is "1", expected a finite number'],
    [{ ...valid, start: new Array(2) }, TypeError, "start[0] is undefined, expected a finite number"],
    [{ ...valid, start: new BigInt64Array(1) }, TypeError, "start[0] is 0n, expected a finite number"],
    [{ ...valid, start: [0, Number.NaN] }, RangeError, "start[1] is NaN, expected a finite number"],
    [{ ...valid, learningRate: 0 }, RangeError, "learningRate is 0, expected a positive finite number"],
    [{ ...valid, learningRate: undefined }, TypeError, "learningRate is undefined, expected a positive finite number"],
    [{ ...valid, maxSteps: 0 }, RangeError, "maxSteps is 0, expected a positive integer"],
    [{ ...valid, maxSteps: null }, TypeError, "maxSteps is null, expected a positive integer"],
    [{ ...valid, tolerance: -1 }, RangeError, "tolerance is -1, expected a number from 0"],
    [{ ...valid, tolerance: Number.NaN }, RangeError, "tolerance is NaN, expected a finite number"],
    [{ ...valid, tolerance: "0" }, TypeError, 'tolerance is "0", expected a finite number'],
    [
      { ...valid, gradient: () => undefined },
      TypeError,
      "gradient at step 0 is undefined, expected an array of 1 numbers",
    ],
    [{ ...valid, gradient: () => 2 }, TypeError, "gradient at step 0 is 2, expected an array of 1 numbers"],
    [{ ...valid, gradient: () => [1, 2] }, RangeError, "gradient has 2 numbers at step 0, expected 1"],
    [{ ...valid, gradient: () => [Number.NaN] }, RangeError, "gradient[0] at step 0 is NaN, expected a finite number"],
    [{ ...valid, gradient: () => ["2"] }, TypeError, 'gradient[0] at step 0 is "2", expected a finite number'],
    // x ← x − 10¹⁰⁰·2x: −2e100, 4e200, −8e300, then beyond f64
    [{ ...valid, learningRate: 1e100 }, RangeError, "x[0] at step 3 is Infinity, expected a finite number"],
  ])("%o is refused by name", (options, Kind, message) => {
    let error: unknown;
    try {
      gradientDescent(options as never);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(Kind);
    expect((error as Error).message).toBe(`gradientDescent: ${(error as Error).message.slice(17)}`);
    expect((error as Error).message).toContain(message);
  });
});
