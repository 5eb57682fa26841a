import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dense, Network } from "../src/index.ts";
import { zca } from "../src/zca.ts";
import { normal, f64 as precision } from "./reference/precision.ts";

/**
 * Around 7 and −2: the covariance is [17 8; 8 17], (5² + 5² + 3² + 3²)/4 and (5² + 5² − 3² − 3²)/4. Its eigenvalues are 25 along (1, 1) and 9
 * along (1, −1), and the mean of these is 17.
 */
const crossed = [
  [12, 3],
  [2, -7],
  [10, -5],
  [4, 1],
];
const s = Math.sqrt(17);

test.each([
  [0, 5, 3],
  [4, 5, 4],
  [5, 5, 5],
])("a worked example of 2 columns, with a floor of %d", (floor, first, second) => {
  const { mean, matrix, apply } = zca(crossed, { width: 2, floor, precision: "f64" });
  // s/first along (1, 1)/√2 and s/second along (1, −1)/√2.
  const [same, other] = [(s / first + s / second) / 2, (s / first - s / second) / 2];
  const close = (found: ArrayLike<number>, expected: number[]) => {
    // A few roundings of numbers below 8.
    for (const [i, v] of expected.entries()) expect(Math.abs(found[i]! - v)).toBeLessThan(1e-14);
    expect(found).toHaveLength(expected.length);
  };
  close(mean, [7, -2]);
  close(matrix, [same, other, other, same]);
  const [a, b] = [(5 * s) / first, (3 * s) / second];
  close(apply(crossed), [a, a, -a, -a, b, -b, -b, b]);
});

/** 400 rows of 12 columns that lean on each other, and far from 0. */
const width = 12;
const raw = normal(precision, 400 * width, 5);
const leaning = raw.map((v, i) => 30 * v + (i % width > 0 ? 25 * raw[i - 1]! : 0) + 100 + (i % width));

/** Σ(x − mean)ᵀ(x − mean)/rows, plainly. */
function covariance(x: ArrayLike<number>): number[][] {
  const rows = x.length / width;
  const at = (i: number, j: number) => x[i * width + j]!;
  const each = Array.from({ length: rows }, (_, i) => i);
  const means = Array.from({ length: width }, (_, j) => each.reduce((sum, i) => sum + at(i, j), 0) / rows);
  return means.map((m, j) =>
    means.map((n, k) => each.reduce((sum, i) => sum + (at(i, j) - m) * (at(i, k) - n), 0) / rows),
  );
}

test("with a floor of 0 the covariance of the whitened rows is a multiple of the identity, the mean variance of x", () => {
  const c = covariance(zca(leaning, { width, floor: 0, precision: "f64" }).apply(leaning));
  const variance = covariance(leaning).reduce((sum, row, i) => sum + row[i]!, 0) / width;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      // Sums of 400 terms, and eigenvalues from 50 to 3,400, each good to about 12·2⁻⁵² of the largest: 4·10⁻¹⁵ was seen.
      expect(Math.abs(c[i]![j]! / variance - Number(i === j))).toBeLessThan(1e-13);
    }
  }
});

test("under a floor between the deviations, W²·C is s²·I along those above, and less along those below", () => {
  const floor = 25;
  const { matrix } = zca(leaning, { width, floor });
  const c = covariance(leaning);
  const w = (v: readonly number[]) => v.map((_, i) => v.reduce((sum, x, j) => sum + matrix[i * width + j]! * x, 0));
  const cov = (v: readonly number[]) => c.map((row) => row.reduce((sum, x, j) => sum + x * v[j]!, 0));
  const variance = c.reduce((sum, row, i) => sum + row[i]!, 0) / width;
  // An eigenvector of the largest, and by C⁻¹ = (W₀/s)² of the smallest eigenvalue, by power iteration.
  const inverse = zca(leaning, { width, floor: 0 }).matrix;
  const w0 = (v: readonly number[]) => v.map((_, i) => v.reduce((sum, x, j) => sum + inverse[i * width + j]! * x, 0));
  const power = (step: (v: readonly number[]) => number[]) => {
    let v: number[] = Array.from({ length: width }, (_, i) => Math.cos(i * i));
    for (let k = 0; k < 3000; k++) {
      v = step(v);
      const norm = Math.hypot(...v);
      v = v.map((x) => x / norm);
    }
    return v;
  };
  const [largest, smallest] = [power(cov), power(w0)];
  const along = (v: readonly number[], f: (v: readonly number[]) => number[]) =>
    f(v).reduce((sum, x, i) => sum + x * v[i]!, 0);
  expect(Math.sqrt(along(smallest, cov))).toBeLessThan(floor);
  expect(Math.sqrt(along(largest, cov))).toBeGreaterThan(floor);
  expect(along(largest, w)).toBeCloseTo(Math.sqrt(variance / along(largest, cov)), 10);
  expect(along(smallest, w)).toBeCloseTo(Math.sqrt(variance) / floor, 10);
});

test("rows have the same bits in all forms, alone and among others, and f32 is f64 rounded", () => {
  const bytes = Uint8Array.from(leaning, (v) => Math.max(0, Math.min(255, v)));
  const nested = Array.from({ length: 7 }, (_, i) => [...bytes.subarray(i * width, (i + 1) * width)]);
  const white = zca(bytes, { width, precision: "f64" });
  const all = white.apply(bytes);
  expect(all).toBeInstanceOf(Float64Array);
  expect(white.apply(nested)).toEqual(all.slice(0, 7 * width));
  for (const [i, row] of nested.entries()) expect(white.apply(row)).toEqual(all.slice(i * width, (i + 1) * width));
  const single = zca([...bytes], { width });
  expect(single.matrix).toEqual(white.matrix);
  expect(single.apply(bytes)).toEqual(Float32Array.from(all));
});

test("a network of one dense layer whitens as apply does", async () => {
  const white = zca(leaning, { width, precision: "f64" });
  const net = await Network.create({
    inputs: width,
    layers: [dense(width)],
    loss: "meanSquaredError",
    precision: "f64",
  });
  net.setParameters([{ weights: white.matrix, biases: white.apply(new Float64Array(width)) }]);
  const expected = white.apply(leaning);
  for (const [i, v] of net.predict(leaning).entries()) {
    // x·W − mean·W of numbers around 10³ in place of (x − mean)·W.
    expect(Math.abs(v - expected[i]!)).toBeLessThan(1e-11);
  }
});

const REFUSED: [string, unknown, object, string][] = [
  ["TypeError", leaning, {}, "zca: width is undefined, expected a positive integer"],
  [
    "TypeError",
    leaning,
    { width, epsilon: 1 },
    'zca: unknown option "epsilon", expected one of width, floor, precision',
  ],
  ["RangeError", leaning, { width: 7 }, "zca: x has 4800 numbers, expected a multiple of 7"],
  ["RangeError", leaning, { width, floor: -1 }, "zca: floor is -1, expected a finite number from 0"],
  ["RangeError", leaning, { width, precision: "f16" }, 'zca: precision is "f16", expected one of "f32", "f64"'],
  ["RangeError", [1, 2, NaN, 4], { width: 2 }, "zca: x row 1, column 0 is NaN"],
  ["RangeError", [1, 2, 2, 4], { width: 2, floor: 0 }, "zca: floor is 0, and x varies in 1 of 2 directions"],
  ["RangeError", [3, 3, 3, 3], { width: 2, floor: 0 }, "zca: floor is 0, and x varies in 0 of 2 directions"],
  ["RangeError", crossed, { width: 2 }, "zca: floor is 10, and x deviates by at most 5"],
  ["RangeError", [1e200, 0, -1e200, 0], { width: 2 }, "zca: x columns 0 and 0 are too large"],
];

test.each(REFUSED)("%s: %#", (name, x, options, message) => {
  expect(() => zca(x as number[], options as { width: number })).toThrow(
    expect.objectContaining({ name, message: expect.stringContaining(message) }),
  );
});

test("apply refuses rows of another width, and says what f32 cannot hold", () => {
  const white = zca(crossed, { width: 2, floor: 0 });
  expect(() => white.apply([1, 2, 3])).toThrow("apply: x has 3 numbers, expected a multiple of 2");
  expect(() => white.apply(Float64Array.of(0, 0, 1e39, 0))).toThrow(
    "apply: x row 1, column 0 is 1e+39, which becomes Infinity, expected a number in the range of f32",
  );
});

test("the bundle imports nothing, and has the licence of each package in it", () => {
  const bundle = readFileSync(new URL("../dist/zca.js", import.meta.url), "utf8");
  expect(bundle).not.toMatch(/\bimport\b|\brequire\b/);
  for (const name of ["is-any-array", "ml-array-max", "ml-array-min", "ml-array-rescale", "ml-matrix"]) {
    const licence = readFileSync(new URL(`../node_modules/${name}/LICENSE`, import.meta.url), "utf8").trim();
    expect(bundle).toContain(`/*! ${name}\n\n${licence}\n*/`);
  }
});
