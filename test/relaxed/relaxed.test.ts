import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  adam,
  type CoreSource,
  constant,
  dense,
  type LayerParameters,
  Network,
  type NetworkOptions,
  type Precision,
  sgd,
} from "../../src/index.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { seeded } from "../reference/seeded.ts";

// Both builds in one process. Where the suite runs on the relaxed one, that is the default too, so the other is named.

const relaxed = { numerics: "relaxed" } as const;
const reproducible: { core: CoreSource } = { core: readFileSync(new URL("../../build/simd.wasm", import.meta.url)) };

/** Rows of numbers in [−1, 1). */
function rows(count: number, width: number, seed: number): number[][] {
  const next = seeded(seed);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => 2 * next() - 1));
}

/** Throws unless there are numbers, all within the tolerance, and some of them other bits. */
function expectAlmost(values: ArrayLike<number>, expected: ArrayLike<number>, tolerance: (i: number) => number) {
  expect(values.length).toBe(expected.length);
  expect(Array.from(values)).not.toEqual(Array.from(expected));
  for (const [i, value] of Array.from(values).entries()) {
    expect(Math.abs(value - expected[i]!), `number ${i}`).toBeLessThanOrEqual(tolerance(i));
  }
}

async function classifier(precision: Precision) {
  const layers = [dense(33, "relu"), dense(17, "tanh"), dense(9, "sigmoid"), dense(5)];
  const net = await Network.create({ inputs: 7, layers, loss: "softmaxCrossEntropy", precision, seed: 3, ...relaxed });
  const labels = rows(50, 1, 2).map(([value]) => Math.floor((value! + 1) * 2.5));
  await net.fit(rows(50, 7, 1), labels, { optimizer: adam({ learningRate: 0.01 }), epochs: 3, batchSize: 13 });
  return net;
}

describe.each(PRECISIONS)("in $name", ({ name: precision, epsilon }) => {
  /** The same network in either build. */
  const both = async (options: Omit<NetworkOptions<Precision>, "precision">) => {
    const nets = [relaxed, reproducible].map((build) => Network.create({ ...options, precision, ...build }));
    const [fused, exact] = await Promise.all(nets);
    expect([fused!.numerics, exact!.numerics]).toEqual(["relaxed", "reproducible"]);
    return [fused!, exact!] as const;
  };

  /**
   * By how much the outputs of two builds may differ, layers without rounding after the products: each is within (k + 1)·ε/2·max
   * of the sum, max = |b| + Σ|a·w|, so they are within twice that of each other, and what was different before is multiplied by Σ|w|.
   */
  function differences(layers: readonly LayerParameters[], row: number[]): number[] {
    let a = row.map(Math.abs);
    let difference = a.map(() => 0);
    for (const { weights, biases } of layers) {
      const units = biases!.length;
      const through = (from: number[], o: number) =>
        from.reduce((sum, value, p) => sum + value * Math.abs(weights![p * units + o]!), 0);
      const max = Array.from(biases!, (bias, o) => Math.abs(bias) + through(a, o));
      const factor = (a.length + 1) * epsilon;
      difference = max.map((most, o) => through(difference, o) + factor * most);
      a = max;
    }
    return difference;
  }

  test("predictions agree within the rounding of their sums, and differ", async () => {
    const layers = [dense(33, "relu"), dense(17, "relu"), dense(5)];
    const [fused, exact] = await both({ inputs: 7, layers, loss: "meanSquaredError" });
    expect(fused.parameters()).toEqual(exact.parameters());
    const x = rows(20, 7, 1);
    const tolerance = x.flatMap((row) => differences(exact.parameters(), row));
    expectAlmost(fused.predict(x), exact.predict(x), (i) => tolerance[i]!);
  });

  test("the parameters after an epoch agree within the rounding of its steps, and differ", async () => {
    const layers = [dense(1, "identity", { weights: constant(0), biases: constant(0) })];
    const nets = await both({ inputs: 7, layers, loss: "meanSquaredError" });
    for (const net of nets) {
      await net.fit(rows(60, 7, 1), rows(60, 1, 2), {
        optimizer: sgd({ learningRate: 1 / 64 }),
        epochs: 1,
        batchSize: 12,
      });
    }
    const [fused, exact] = nets.map((net) =>
      net.parameters().flatMap(({ weights, biases }) => [...weights!, ...biases!]),
    );
    // With |x|, |y| ≤ 1, weights from 0 and the rate 1/64, a step multiplies the residual by 1 + 16/64 at most: in 5 steps it stays
    // below 4, |b| + Σ|x·w| too, and the parameters below 1. A step's errors, of one build: the prediction's 8·ε/2·4; the derivative's
    // twice that and three roundings of 8; the gradient's as much, and 13·ε/2·8; the update's 1/64 of this 96·ε and two roundings:
    // below 3·ε. Later steps do not enlarge them, I − rate·H having the norm 1 at most, in the norm in which 8 parameters are
    // √8 times one. So 5 steps of two builds: 5·2·√8·3·ε < 85·ε.
    expectAlmost(fused!, exact!, () => 85 * epsilon);
  });

  test("the same seed gives the same bits twice", async () => {
    expect((await classifier(precision)).save()).toEqual((await classifier(precision)).save());
  });

  test("a saved network runs on the build that load is asked for, as it did there", async () => {
    const net = await classifier(precision);
    const again = await Network.load(net.save(), relaxed);
    expect(again.numerics).toBe("relaxed");
    expect(again.predict(rows(9, 7, 4))).toEqual(net.predict(rows(9, 7, 4)));
    expect((await Network.load(net.save(), reproducible)).numerics).toBe("reproducible");
  });
});
