import { describe, expect, test, vi } from "vitest";
import {
  adam,
  cosine,
  dense,
  type Features,
  type FitOptions,
  lbfgs,
  Network,
  type Precision,
  rprop,
  type Sampling,
  sgd,
  type TargetValues,
} from "../../src/index.ts";
import { bytes, inputs, labels, layers, values, weights } from "./bytes.ts";
import { at, compare, finish, type Trial } from "./cuts.ts";

// Rows that come into memory window by window. The oracle is the training with all rows there, which `sampling.test.ts` checks by hand.

const KINDS: [string, Features, number][] = [
  ["u8", Uint8Array.from(bytes.flat()), 1],
  ["f32", Float32Array.from(bytes.flat()), 4],
  ["f64", Float64Array.from(bytes.flat(), (value) => value + 1 / 3), 8],
];

function make(loss: "softmaxCrossEntropy" | "meanSquaredError", precision: Precision) {
  return Network.create<Precision>({ inputs, layers, loss, precision, seed: 2 ** 35 + 1 });
}

/** What a training comes to; the optimizer's state is in what a second one comes to. */
async function trained(x: Features, y: TargetValues, options: FitOptions, precision: Precision = "f64") {
  const net = await make(y === labels ? "softmaxCrossEntropy" : "meanSquaredError", precision);
  const history = await net.fit(x, y, options);
  const again = await net.fit(x, y, { ...options, epochs: 1 });
  return { history, again, saved: net.save(), checkpoint: net.checkpoint() };
}

/** Limits that make windows of 1, 2 and 7 steps. */
const limits = (rowBytes: number, stepSize: number) => [1, 2, 7].map((steps) => steps * stepSize * rowBytes);

const optimizer = adam({ learningRate: 0.02 });

describe.each<Sampling>(["shuffle", "sequential", "withReplacement"])("%s", (sampling) => {
  test.each<[string, Partial<FitOptions>, number]>([
    ["a last batch that is short", {}, 5],
    ["accumulation", { accumulationSteps: 3 }, 15],
    ["weights", { sampleWeight: weights, classWeight: { 1: 2 } }, 5],
    ["fewer steps than a pass", { stepsPerEpoch: 5 }, 5],
    ["more steps than two passes", { stepsPerEpoch: 25, epochs: 2 }, 5],
    ["validation and early stopping", { validationSplit: 0.2, metrics: ["f1"], earlyStopping: { patience: 2 } }, 5],
    ["metrics over the training rows", { metrics: ["accuracy"] }, 5],
  ])("windows of 1, 2 and 7 steps give the bits of all rows with %s", async (_, given, stepSize) => {
    const options: FitOptions = { optimizer, batchSize: 5, epochs: 3, sampling, ...given };
    const expected = await trained(bytes, labels, options);
    const rowBytes = 3 * 8 + 4 + (given.sampleWeight ? 8 : 0);
    for (const residentBytes of [...limits(rowBytes, stepSize), 1]) {
      expect(await trained(bytes, labels, { ...options, residentBytes })).toStrictEqual(expected);
    }
  });

  test.each(KINDS)("so do rows of %s, with labels and with values", async (kind, x, size) => {
    const precision = kind === "f64" ? "f64" : "f32";
    for (const y of [labels, values]) {
      const rowBytes = 3 * size + (y === labels ? 4 : 2 * (precision === "f64" ? 8 : 4));
      const options: FitOptions = { optimizer, batchSize: 6, epochs: 2, sampling };
      const expected = await trained(x, y, options, precision);
      for (const residentBytes of limits(rowBytes, 6)) {
        expect(await trained(x, y, { ...options, residentBytes }, precision)).toStrictEqual(expected);
      }
    }
  });

  test("a checkpoint of any step goes on bit for bit with any other limit", async () => {
    const rate = cosine({ learningRate: 0.02, epochs: 3 });
    const options: FitOptions = { optimizer: adam({ learningRate: rate }), batchSize: 8, epochs: 2, sampling };
    const trial = (residentBytes: number): Trial => ({
      make: () => make("softmaxCrossEntropy", "f64"),
      x: bytes,
      y: labels,
      options: { ...options, residentBytes, stepsPerEpoch: 9 },
      next: { ...options, epochs: 1 },
    });
    const sizes = [2 ** 28, ...limits(28, 8)];
    const expected = await finish(await trial(2 ** 28).make(), trial(2 ** 28));
    for (let step = 1; step <= expected.step; step++) {
      for (const [i, size] of sizes.entries()) {
        const cut = await at.body(await trial(size).make(), trial(size), step, expected);
        const other = trial(sizes[(i + step) % sizes.length]!);
        compare(`step ${step}, ${size}`, await finish(await Network.resume(cut), other), expected);
      }
    }
  });
});

test("rprop has all rows of its step in memory, and lbfgs takes them batch by batch", async () => {
  const plain = { inputs, layers: [dense(6, "tanh"), dense(2)], loss: "softmaxCrossEntropy", seed: 3 } as const;
  for (const make of [rprop, lbfgs]) {
    const results = [];
    for (const residentBytes of [undefined, 1, 200]) {
      const net = await Network.create(plain);
      results.push([await net.fit(bytes, labels, { optimizer: make(), epochs: 5, residentBytes }), net.save()]);
    }
    expect(results[1]).toStrictEqual(results[0]);
    expect(results[2]).toStrictEqual(results[0]);
  }
});

/** The largest memory that is made meanwhile, in bytes. */
async function largestMemory(work: () => Promise<unknown>): Promise<number> {
  const { Memory } = WebAssembly;
  let largest = 0;
  class Measured extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      largest = Math.max(largest, this.buffer.byteLength);
    }
  }
  vi.stubGlobal("WebAssembly", Object.assign(Object.create(WebAssembly), { Memory: Measured }));
  await work().finally(() => vi.unstubAllGlobals());
  return largest;
}

describe("memory", () => {
  const rows = 400_000;
  const x = new Float32Array(3 * rows).map((_, i) => (i % 255) / 256);
  const y = new Int32Array(rows).map((_, i) => i % 2);

  test.each<[Sampling, number]>([
    ["shuffle", 4 * rows],
    ["sequential", 0],
    ["withReplacement", 0],
  ])("holds a window and, to %s, %i bytes of order", async (sampling, order) => {
    const measured = async (residentBytes: number) => {
      const net = await make("softmaxCrossEntropy", "f32");
      const options = { optimizer: sgd({ learningRate: 0.1 }), sampling, stepsPerEpoch: 300, residentBytes };
      return largestMemory(() => net.fit(x, y, options));
    };
    const limit = 2 ** 17;
    // The window, its row numbers twice (4 of 16 bytes a row each), and what a small network takes.
    expect(await measured(limit)).toBeLessThan(order + 1.5 * limit + 2 ** 18);
    // 12 bytes of x and 4 of y a row; the first limit has room for them.
    expect(await measured(16 * rows)).toBeGreaterThan(16 * rows);
    expect(await measured(16 * rows - 1)).toBeLessThan(order + 1.5 * 2 ** 22 + 2 ** 18);
  });

  test("more than 256 MiB are not copied whole without a limit of the caller's", async () => {
    const wide = await Network.create({ inputs: 4096, layers: [dense(1)], loss: "meanSquaredError" });
    const options = { optimizer: sgd({ learningRate: 0.1 }), sampling: "sequential", stepsPerEpoch: 2 } as const;
    const many = new Uint8Array(2 ** 28);
    expect(await largestMemory(() => wide.fit(many, new Uint8Array(65_536), options))).toBeLessThan(2 ** 24);
  });
});
