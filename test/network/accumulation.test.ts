import { describe, expect, test } from "vitest";
import {
  activation,
  adam,
  batchNorm,
  cosine,
  dense,
  dropout,
  type FitOptions,
  type Layer,
  layerNorm,
  lbfgs,
  Network,
  nadam,
  type Optimizer,
  type Precision,
  rprop,
  sgd,
} from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";
import { flat } from "./gradients/differences.ts";

// Steps of several batches, against steps of one batch with as many rows.

const next = seeded(6);
const INPUTS = 5;
const OUTPUTS = 3;
/** Steps of 32, 32, 32 and 4 rows: the last is shorter than a batch of 8. */
const ROWS = 100;
const x = Array.from({ length: ROWS }, () => Array.from({ length: INPUTS }, () => 4 * next() - 2));
const labels = x.map(() => Math.floor(OUTPUTS * next()));
const weights = x.map(() => Math.floor(3 * next()));

type Options = Omit<FitOptions, "optimizer"> & { optimizer: () => Optimizer };

/** What a fit comes to: the parameters, the history and the counts. */
async function trained(layers: Layer[], precision: Precision, { optimizer, ...options }: Options) {
  const net = await Network.create({ inputs: INPUTS, layers, loss: "softmaxCrossEntropy", precision, seed: 2 });
  const { loss } = await net.fit(x, labels, { optimizer: optimizer(), epochs: 3, ...options });
  return { loss, parameters: net.parameters(), step: net.step, epoch: net.epoch };
}

const LARGE = { batchSize: 32 };
const SMALL = { batchSize: 8, accumulationSteps: 4 };

const plain = [dense(13, "tanh"), dense(9, "relu"), dense(OUTPUTS)];
const OPTIMIZERS: [string, () => Optimizer][] = [
  ["sgd", () => sgd({ learningRate: 0.1 })],
  ["momentum and clipping", () => sgd({ learningRate: 0.1, momentum: 0.9, clipGlobalNorm: 0.1 })],
  ["adam after a schedule", () => adam({ learningRate: cosine({ learningRate: 0.02, epochs: 3, warmUp: 1 }) })],
  ["nadam", () => nadam()],
];

describe.each<Precision>(["f32", "f64"])("in %s, four batches of 8 rows have the bits of one of 32", (precision) => {
  const networks: [string, Layer[]][] = [
    ["dense layers", plain],
    ["dropout, whose mask is the step's", [dropout(0.2), dense(13, "tanh"), dropout(0.5), dense(OUTPUTS)]],
    [
      "layers that are not trained, or at rates of their own",
      [dense(7, "tanh", { trainable: false }), dense(6, "silu", { rates: { biases: 2 } }), dense(OUTPUTS)],
    ],
    ["a largest norm", [dense(13, "tanh", { maxNorm: 0.5 }), dense(OUTPUTS)]],
  ];
  describe.each(networks)("through %s", (_, layers) => {
    test.each(OPTIMIZERS)("with %s", async (_, optimizer) => {
      expect(await trained(layers, precision, { optimizer, ...SMALL })).toEqual(
        await trained(layers, precision, { optimizer, ...LARGE }),
      );
    });
  });

  test.each<Partial<Options>>([
    { sampling: "sequential" },
    { sampling: "withReplacement" },
    { sampling: "withReplacement", stepsPerEpoch: 7 },
    { stepsPerEpoch: 2 },
    { stepsPerEpoch: 9 },
    { sampleWeight: weights },
    { classWeight: "balanced", sampleWeight: weights },
  ])("by %o", async (options) => {
    const optimizer = () => adam();
    const expected = await trained(plain, precision, { optimizer, ...LARGE, ...options });
    expect(await trained(plain, precision, { optimizer, ...SMALL, ...options })).toEqual(expected);
    expect(expected.step).toBe(3 * (options.stepsPerEpoch ?? 4));
  });

  test("as have batches that do not divide a step, batches of one row, and more of them than there are rows", async () => {
    const optimizer = () => adam();
    const of = (options: Partial<Options>) => trained(plain, precision, { optimizer, ...options });
    const all = await of({ batchSize: ROWS });
    expect(await of({ batchSize: 7, accumulationSteps: 1000 })).toEqual(all);
    expect(await of({ batchSize: 7, accumulationSteps: 2 ** 53 - 1, sampling: "shuffle" })).toEqual(all);
    expect(await of({ batchSize: 200, accumulationSteps: 3 })).toEqual(all);
    expect(await of({ batchSize: 1, accumulationSteps: 32 })).toEqual(await of(LARGE));
    expect(await of({ batchSize: 32, accumulationSteps: 1 })).toEqual(await of(LARGE));
  });

  test("rprop takes all rows in batches", async () => {
    const optimizer = () => rprop();
    const options = { optimizer, epochs: 10 };
    const expected = await trained(plain, precision, options);
    expect(await trained(plain, precision, { ...options, batchSize: 30, accumulationSteps: 4 })).toEqual(expected);
  });
});

test.each<[string, Layer[]]>([
  ["penalties", [dense(13, "tanh", { l1: 0.01 }), dense(OUTPUTS, "identity", { l2: 0.02 })]],
  ["layerNorm", [dense(13), layerNorm(), activation("gelu"), dense(OUTPUTS)]],
  ["batchNorm that is not trained", [dense(13), batchNorm({ trainable: false }), activation("tanh"), dense(OUTPUTS)]],
])("four batches of 8 rows are one of 32 to rounding with %s", async (_, layers) => {
  for (const sampleWeight of [undefined, weights]) {
    const options = { optimizer: () => sgd({ learningRate: 0.1, momentum: 0.5 }), sampleWeight };
    const [small, large] = [
      await trained(layers, "f64", { ...options, ...SMALL }),
      await trained(layers, "f64", { ...options, ...LARGE }),
    ];
    const expected = [...flat(large.parameters), ...large.loss];
    // 12 steps that differ by the rounding of sums of numbers near 1.
    for (const [i, value] of [...flat(small.parameters), ...small.loss].entries()) {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13);
    }
  }
});

test("batchNorm takes and gathers the statistics of each batch", async () => {
  // With the normalisation first its statistics are those of the rows: by hand, and the same as of four steps.
  const layers = [batchNorm({ momentum: 0.3 }), dense(OUTPUTS)];
  const options = { optimizer: () => sgd({ learningRate: 0.1 }), sampling: "sequential" as const, epochs: 1 };
  const [accumulated, apart] = [
    await trained(layers, "f64", { ...options, batchSize: 25, accumulationSteps: 4 }),
    await trained(layers, "f64", { ...options, batchSize: 25 }),
  ];
  expect([accumulated.step, apart.step]).toEqual([1, 4]);
  const [means, variances] = [new Array(INPUTS).fill(0), new Array(INPUTS).fill(1)];
  for (let first = 0; first < ROWS; first += 25) {
    for (let j = 0; j < INPUTS; j++) {
      const column = x.slice(first, first + 25).map((row) => row[j]!);
      const mean = column.reduce((sum, value) => sum + value) / 25;
      means[j] = 0.7 * means[j] + 0.3 * mean;
      variances[j] = 0.7 * variances[j] + (0.3 * column.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / 24;
    }
  }
  for (const { parameters } of [accumulated, apart]) {
    for (let j = 0; j < INPUTS; j++) {
      // Sums of 25 numbers below 4.
      expect(Math.abs(parameters[0]!.mean![j]! - means[j])).toBeLessThan(1e-14);
      expect(Math.abs(parameters[0]!.variance![j]! - variances[j])).toBeLessThan(1e-14);
    }
  }
  expect(flat(accumulated.parameters)).not.toEqual(flat(apart.parameters));
});

test("gradients between the steps leave no trace in the sums of the next, and an optimizer goes on with either kind of step", async () => {
  const make = () =>
    Network.create({ inputs: INPUTS, layers: plain, loss: "softmaxCrossEntropy", precision: "f64", seed: 2 });
  const [net, twin] = [await make(), await make()];
  const [mine, others] = [adam(), adam()];
  for (const sizes of [SMALL, LARGE, SMALL]) {
    for await (const _ of net.train(x, labels, { optimizer: mine, ...sizes, every: 1 })) net.gradients(x, labels);
    await twin.fit(x, labels, { optimizer: others, ...LARGE });
    expect(net.parameters()).toEqual(twin.parameters());
  }
});

test("a step that diverges in one of its batches takes the network back to the last whole epoch", async () => {
  const layers = [dense(7, "tanh"), batchNorm(), dense(OUTPUTS)];
  const net = await Network.create({ inputs: INPUTS, layers, loss: "meanSquaredError", precision: "f64", seed: 2 });
  const options = { sampling: "sequential" as const, batchSize: 10, accumulationSteps: 3 };
  await net.fit(x, labels, { ...options, optimizer: sgd({ learningRate: 0.01 }) });
  const before = net.parameters();
  // The squares of row 45, in the second batch of the second step, overflow.
  const y = x.map((_, i) => new Array(OUTPUTS).fill(i === 45 ? 1e200 : 1));
  await expect(net.fit(x, y, { ...options, optimizer: sgd({ learningRate: 0.01 }) })).rejects.toMatchObject({
    name: "DivergedError",
    epoch: 2,
    step: 6,
  });
  expect(net.parameters()).toEqual(before);
  expect([net.step, net.epoch]).toEqual([4, 1]);
});

describe("fit refuses", () => {
  const start = async (layers: Layer[], options: FitOptions) => {
    const net = await Network.create({ inputs: INPUTS, layers, loss: "softmaxCrossEntropy" });
    return net.fit(x, labels, options);
  };

  test("steps of several batches for a method, and too few rows for rprop", async () => {
    await expect(start(plain, { optimizer: lbfgs(), accumulationSteps: 4 })).rejects.toThrow(
      new RangeError("fit: accumulationSteps is 4, expected none with lbfgs"),
    );
    await expect(start(plain, { optimizer: rprop(), batchSize: 33, accumulationSteps: 3 })).rejects.toThrow(
      "fit: batchSize · accumulationSteps is 99 of 100 rows, and rprop takes the gradient over all rows",
    );
  });

  test("a last batch of one row where there are statistics of batches", async () => {
    const layers = [batchNorm(), dense(OUTPUTS)];
    const options = { optimizer: sgd({ learningRate: 0.1 }), batchSize: 11, accumulationSteps: 2 };
    const message = "a last batch of 1 row (100 rows in batches of 11)";
    await expect(start(layers, options)).rejects.toThrow(message);
    await expect(start(layers, { ...options, stepsPerEpoch: 5 })).rejects.toThrow(message);
    // 4 steps of 22 rows, and draws of 22, leave none; draws of all 100 rows do.
    await start(layers, { ...options, stepsPerEpoch: 4 });
    await start(layers, { ...options, sampling: "withReplacement" });
    const drawn = { ...options, accumulationSteps: 50, sampling: "withReplacement" as const };
    await expect(start(layers, drawn)).rejects.toThrow(message);
  });
});
