import { describe, expect, test } from "vitest";
import {
  type Activation,
  constant,
  dense,
  elu,
  glorotNormal,
  glorotUniform,
  hardSigmoid,
  heNormal,
  heUniform,
  type Initializer,
  leakyRelu,
  lecunNormal,
  lecunUniform,
  Network,
  normal,
  orthogonal,
  type Precision,
  uniform,
} from "../../src/index.ts";
import { orthonormalize } from "../../src/initializers.ts";
import { seeded } from "../reference/seeded.ts";

// Initial values, as many as are needed to tell a distribution by its moments.

const FAN_IN = 300;
const FAN_OUT = 500;
const COUNT = FAN_IN * FAN_OUT;

async function draw(weights: Initializer, inputs: number, units: number, precision: Precision = "f64", seed = 1) {
  const layers = [dense(units, "identity", { weights })];
  const net = await Network.create({ inputs, layers, loss: "meanSquaredError", precision, seed });
  return [...net.parameters()[0]!.weights];
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean, variance and the fourth moment as a part of the variance's square, of numbers around 0. */
function moments(values: number[]) {
  const variance = mean(values.map((value) => value ** 2));
  return { center: mean(values), variance, fourth: mean(values.map((value) => value ** 4)) / variance ** 2 };
}

describe("normal values", () => {
  test.each<[Initializer, number]>([
    [glorotNormal(), 2 / (FAN_IN + FAN_OUT)],
    [heNormal(), 2 / FAN_IN],
    [lecunNormal(), 1 / FAN_IN],
    [normal(0.3), 0.09],
  ])(
    "of %j have mean 0, the variance %d and the tails of a normal distribution, not truncated",
    async (weights, expected) => {
      const values = await draw(weights, FAN_IN, FAN_OUT);
      const { center, variance, fourth } = moments(values);
      // Five standard deviations: of a mean √(σ²/n), of a mean of squares σ²√(2/n), of the fourth moment over σ⁴, 3, √(24/n).
      expect(Math.abs(center)).toBeLessThan(5 * Math.sqrt(expected / COUNT));
      expect(Math.abs(variance / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
      expect(Math.abs(fourth - 3)).toBeLessThan(5 * Math.sqrt(24 / COUNT));
      // Beyond three deviations, where some truncate, lie 2.7 in a thousand: 405, with a deviation of 20.
      const beyond = values.filter((value) => Math.abs(value) > 3 * Math.sqrt(expected)).length;
      expect(Math.abs(beyond - 0.0026998 * COUNT)).toBeLessThan(5 * Math.sqrt(0.0026998 * COUNT));
    },
  );
});

describe("uniform values", () => {
  test.each<[Initializer, number]>([
    [glorotUniform(), Math.sqrt(6 / (FAN_IN + FAN_OUT))],
    [heUniform(), Math.sqrt(6 / FAN_IN)],
    [lecunUniform(), Math.sqrt(3 / FAN_IN)],
    [uniform(0.2), 0.2],
  ])("of %j fill ± the limit %d evenly", async (weights, limit) => {
    const values = await draw(weights, FAN_IN, FAN_OUT);
    const { center, variance, fourth } = moments(values);
    // None of n is within 20/n of an end with probability e⁻¹⁰ at each.
    const [largest, smallest] = [values.reduce((a, b) => Math.max(a, b)), values.reduce((a, b) => Math.min(a, b))];
    for (const end of [largest, -smallest]) {
      expect(end).toBeLessThanOrEqual(limit);
      expect(end).toBeGreaterThan(limit * (1 - 20 / COUNT));
    }
    // Five standard deviations: the variance is limit²/3, that of the squares 4/45·limit⁴. The fourth moment over the variance's square
    // is 9/5, and its error at limit 1 that of a mean of 9x⁴ − 10.8x², whose variance is 1.32.
    expect(Math.abs(center)).toBeLessThan((5 * limit) / Math.sqrt(3 * COUNT));
    expect(Math.abs((3 * variance) / limit ** 2 - 1)).toBeLessThan(5 * Math.sqrt(0.8 / COUNT));
    expect(Math.abs(fourth - 1.8)).toBeLessThan(5 * Math.sqrt(1.32 / COUNT));
  });
});

describe("orthogonal", () => {
  /** Modified Gram–Schmidt, twice, on the columns of a tall matrix and the rows of a wide one, where they stand. */
  function plain(values: Float64Array, rows: number, columns: number, gain: number): void {
    const tall = rows >= columns;
    const at = (k: number, i: number) => (tall ? i * columns + k : k * columns + i);
    const [count, length] = tall ? [columns, rows] : [rows, columns];
    const dot = (a: number, b: number) => {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += values[at(a, i)]! * values[at(b, i)]!;
      return sum;
    };
    for (let k = 0; k < count; k++) {
      for (let pass = 0; pass < 2; pass++) {
        for (let j = 0; j < k; j++) {
          const part = dot(k, j);
          for (let i = 0; i < length; i++) values[at(k, i)]! -= part * values[at(j, i)]!;
        }
        const norm = Math.sqrt(dot(k, k));
        for (let i = 0; i < length; i++) values[at(k, i)]! /= norm;
      }
    }
    for (let i = 0; i < values.length; i++) values[i]! *= gain;
  }

  test.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [5, 5],
    [9, 4],
    [4, 9],
    [64, 33],
    [33, 64],
  ])("values of %d × %d are those of plain Gram–Schmidt, bit for bit", (rows, columns) => {
    const next = seeded(rows * 100 + columns);
    const values = Float64Array.from({ length: rows * columns }, () => 2 * next() - 1);
    const expected = values.slice();
    plain(expected, rows, columns, 1.7);
    orthonormalize(values, rows, columns, 1.7);
    expect(values).toEqual(expected);
  });

  /** The largest distance of QᵀQ, or QQᵀ where there are fewer rows than columns, from gain²·I. */
  function distance(q: number[], rows: number, columns: number, gain: number): number {
    const tall = rows >= columns;
    const [count, length] = tall ? [columns, rows] : [rows, columns];
    const at = (vector: number, i: number) => (tall ? q[i * columns + vector]! : q[vector * columns + i]!);
    let largest = 0;
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
        largest = Math.max(largest, Math.abs(dot - (a === b ? gain * gain : 0)));
      }
    }
    return largest;
  }

  test.each([
    [20, 7],
    [7, 20],
    [13, 13],
    [1, 5],
    [5, 1],
    [100, 60],
  ])("of %i × %i has orthonormal columns, or rows where these are fewer, times the gain", async (rows, columns) => {
    for (const gain of [1, 2.5]) {
      const double = await draw(orthogonal(gain), rows, columns);
      // Two passes leave a few roundings: of 100 products, the sum of whose sizes is at most gain².
      expect(distance(double, rows, columns, gain)).toBeLessThan(100 * 2 ** -53 * gain * gain);
      // f32 rounds each number of the result: two factors by 2⁻²⁴ of products whose sizes sum to gain² at most.
      const single = await draw(orthogonal(gain), rows, columns, "f32");
      expect(distance(single, rows, columns, gain)).toBeLessThan(2.1 * 2 ** -24 * gain * gain);
    }
  });

  test("comes of the seed, and in no direction more than in another", async () => {
    const first = await draw(orthogonal(), 60, 60);
    expect(await draw(orthogonal(), 60, 60)).toEqual(first);
    expect(await draw(orthogonal(), 60, 60, "f64", 2)).not.toEqual(first);
    // Squares in a column have the mean 1/60; each number is nearly normal: a mean of 3600 within five deviations.
    expect(Math.abs(mean(first))).toBeLessThan(5 / Math.sqrt(60 * 3600));
    // The diagonal is like the rest: a mean square of 1/60 with a deviation of √(2/60) of it.
    const diagonal = mean(Array.from({ length: 60 }, (_, i) => first[61 * i]! ** 2));
    expect(Math.abs(60 * diagonal - 1)).toBeLessThan(5 * Math.sqrt(2 / 60));
  });
});

test.each<[Initializer, Activation[]]>([
  [heNormal(), ["relu", "leakyRelu", "elu", "gelu", "geluTanh", "silu", leakyRelu(0.2), elu(0.5)]],
  [lecunNormal(), ["selu"]],
  [glorotUniform(), ["identity", "tanh", "sigmoid", "hardSigmoid", "softplus", "softmax", hardSigmoid(0.2, 0.5)]],
])("%j is the default of weights before %j; biases are 0", (weights, activations) => {
  for (const kind of activations) {
    expect(dense(3, kind)).toMatchObject({ weights, biases: constant(0) });
  }
  expect(dense(3)).toMatchObject({ weights: glorotUniform() });
});
