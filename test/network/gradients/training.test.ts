import { describe, expect, test } from "vitest";
import {
  type Activation,
  activation,
  batchNorm,
  type DenseOptions,
  dense,
  dropout,
  huber,
  type Layer,
  type Loss,
  layerNorm,
  Network,
  normal,
  type Sgd,
  sgd,
  softmaxCrossEntropy,
} from "../../../src/index.ts";
import { seeded } from "../../reference/seeded.ts";
import {
  differences,
  drawTargets,
  expectAgree,
  flat,
  type Net,
  scatter,
  setFlat,
  type Targets,
} from "./differences.ts";

// The gradients of a step of training, where batchNorm takes the statistics of the batch and dropout its mask: one step of
// gradient descent with η = 1 over all rows moves w to w′ = w − g. w − w′ is rounded to 2⁻⁵³ of the larger of the two, about
// 1e-16, which is nothing beside the error of a difference: the tolerances are those of the differences alone.
// The differences are those of the loss that fit reports, which is that before the update, of networks with the same seed, count of
// steps and running statistics.

const INPUTS = 3;

const linear = (units: number, kind: Activation = "identity", options: DenseOptions = {}) =>
  dense(units, kind, { weights: normal(0.7), biases: normal(0.7), ...options });

const STACKS: [title: string, layers: Layer[], loss: Loss][] = [
  ["dense layers alone", [linear(9, "tanh"), linear(5, "sigmoid"), linear(3)], "softmaxCrossEntropy"],
  ["layerNorm", [linear(5, "silu"), layerNorm(), linear(3, "softplus")], "meanSquaredError"],
  ["batchNorm", [linear(5, "tanh"), batchNorm(), linear(3)], "meanSquaredError"],
  ["batchNorm of the inputs", [batchNorm(), linear(4, "tanh"), linear(3)], "softmaxCrossEntropy"],
  ["batchNorm of the outputs", [linear(4, "gelu"), linear(3), batchNorm({ epsilon: 0.1 })], "binaryCrossEntropy"],
  [
    "batchNorm before an activation",
    [linear(5), batchNorm({ momentum: 0.3 }), activation("gelu"), linear(3)],
    softmaxCrossEntropy({ smoothing: 0.1 }),
  ],
  ["dropout", [linear(6, "tanh"), dropout(0.4), linear(3)], "poisson"],
  ["dropout of the inputs", [dropout(0.3), linear(5, "silu"), dropout(0.5), linear(3)], "softmaxCrossEntropy"],
  ["dropout of the outputs", [linear(5, "softplus"), linear(3), dropout(0.4)], "meanSquaredError"],
  [
    "many layers",
    [
      dropout(0.2),
      linear(6),
      batchNorm(),
      activation("tanh"),
      dropout(0.3),
      linear(5, "softplus"),
      layerNorm({ epsilon: 0.01 }),
      batchNorm(),
      linear(3),
    ],
    "meanSquaredError",
  ],
  [
    "penalties beside layers without",
    [linear(5, "tanh", { l1: 0.05 }), batchNorm(), dropout(0.2), linear(4, "silu"), linear(3, "identity", { l2: 0.1 })],
    "meanSquaredError",
  ],
  [
    "layers that are not trained",
    [
      linear(4, "tanh", { trainable: false }),
      batchNorm(),
      linear(5, "silu", { trainable: false }),
      batchNorm({ trainable: false }),
      dropout(0.3),
      layerNorm({ trainable: false }),
      linear(3),
    ],
    huber(10),
  ],
];

/** What a network is before a step, and the samples of the step. */
interface Problem {
  readonly saved: Uint8Array;
  readonly x: number[][];
  readonly y: Targets;
}

async function problem(layers: Layer[], loss: Loss, rows: number, steps: number): Promise<Problem> {
  const next = seeded(rows + steps);
  const net = await Network.create({ inputs: INPUTS, layers, loss, precision: "f64", seed: 5 });
  scatter(net, next);
  const x = Array.from({ length: rows }, () => Array.from({ length: INPUTS }, () => 2 * next() - 1));
  const y = drawTargets(net, loss, x, next);
  if (steps > 0) await net.fit(x, y, { optimizer: sgd({ learningRate: 0.01 }), batchSize: rows, epochs: steps });
  expect(net.step).toBe(steps);
  return { saved: net.save(), x, y };
}

/** Takes one step over all rows, from the given parameters or those of the problem. */
async function step({ saved, x, y }: Problem, values?: readonly number[], optimizer: Sgd = sgd({ learningRate: 1 })) {
  const net = (await Network.load(saved)) as Net;
  if (values) setFlat(net, values);
  const { loss } = await net.fit(x, y, { optimizer, batchSize: x.length, sampling: "sequential" });
  return { loss: loss[0]!, net };
}

describe.each(STACKS)("a step of training through %s", (_, layers, loss) => {
  const acrossRows = layers.some((layer) => layer.type === "batchNorm" && layer.trainable !== false);

  // 70 rows are summed in two parts; one row goes through kernels of its own, but has no variance. The first step, and others, whose
  // masks and statistics are others.
  test.each([...(acrossRows ? [] : [[1, 2] as const]), [20, 0] as const, [70, 3] as const])(
    "of %i rows, after %i others, goes along the central differences of its loss",
    async (rows, steps) => {
      const given = await problem(layers, loss, rows, steps);
      const before = ((await Network.load(given.saved)) as Net).parameters();
      const values = flat(before);
      const after = flat((await step(given)).net.parameters());
      const numeric = await differences(values, async (moved) => (await step(given, moved)).loss);
      const trained = layers.flatMap((layer, l) =>
        flat([before[l]!]).map(() => !("trainable" in layer && layer.trainable === false)),
      );
      const only = (list: number[], which: boolean) => list.filter((_, i) => trained[i] === which);
      const moves = values.map((w, i) => w - after[i]!);
      expectAgree(only(moves, true), only(numeric, true));
      expect(only(moves, false).every((move) => move === 0)).toBe(true);
    },
  );

  test("has the same bits where the gradient is stored before the update as where layers descend at once", async () => {
    for (const rows of acrossRows ? [20] : [1, 20]) {
      const given = await problem(layers, loss, rows, 1);
      const stored = await step(given, undefined, sgd({ learningRate: 1, clipValue: 1e300 }));
      expect(stored.net.parameters()).toEqual((await step(given)).net.parameters());
    }
  });
});

describe("the running statistics of batchNorm", () => {
  const MOMENTUM = 0.3;
  const layers = [linear(5, "tanh"), batchNorm({ momentum: MOMENTUM }), linear(3)];
  const RATE = 1e-300; // moves no weight

  test("go from batch to batch by the formula, with the unbiased variance", async () => {
    const { saved, x, y } = await problem(layers, "meanSquaredError", 70, 0);
    const net = (await Network.load(saved)) as Net;
    const before = net.parameters();
    const head = await Network.create({
      inputs: INPUTS,
      layers: layers.slice(0, 1),
      loss: "meanSquaredError",
      precision: "f64",
    });
    head.setParameters(before.slice(0, 1));
    const a = head.predict(x);
    const mean = [...before[1]!.mean!];
    const variance = [...before[1]!.variance!];
    // Two steps, of 40 and of 30 rows.
    for (const [first, count] of [
      [0, 40],
      [40, 30],
    ] as const) {
      for (let j = 0; j < 5; j++) {
        const column = Array.from({ length: count }, (_, i) => a[5 * (first + i) + j]!);
        const mu = column.reduce((sum, value) => sum + value, 0) / count;
        const unbiased = column.reduce((sum, value) => sum + (value - mu) ** 2, 0) / (count - 1);
        mean[j] = (1 - MOMENTUM) * mean[j]! + MOMENTUM * mu;
        variance[j] = (1 - MOMENTUM) * variance[j]! + MOMENTUM * unbiased;
      }
    }
    await net.fit(x, y, { optimizer: sgd({ learningRate: RATE }), batchSize: 40, sampling: "sequential" });
    const after = net.parameters();
    expect(flat(after)).toEqual(flat(before));
    // Sums of 40 numbers of at most 2, each rounded to 2⁻⁵³ of the sum: below 1e-14 after the division by as many.
    for (const [j, value] of mean.entries()) expect(Math.abs(after[1]!.mean![j]! - value)).toBeLessThan(1e-14);
    for (const [j, value] of variance.entries()) expect(Math.abs(after[1]!.variance![j]! - value)).toBeLessThan(1e-14);
  });

  test.each([
    // Gradients of 100 and more: the weights overflow in the first step, whose batch has finite statistics.
    [1e308, 1, 0],
    // The squares of the outputs, and of what batchNorm takes its variance of, overflow in the second.
    [1e200, 2, 1],
  ])("are not those of a step that diverges, at a rate of %d in step %i", async (learningRate, failed, epochs) => {
    const { saved, x } = await problem(layers, "meanSquaredError", 20, 0);
    const y = x.map((row) => row.map((value) => 1000 * value));
    const [net, twin] = [(await Network.load(saved)) as Net, (await Network.load(saved)) as Net];
    const options = { optimizer: sgd({ learningRate }), batchSize: 20, sampling: "sequential" as const };
    await expect(net.fit(x, y, { ...options, epochs: 3 })).rejects.toMatchObject({
      name: "DivergedError",
      step: failed,
    });
    if (epochs > 0) await twin.fit(x, y, { ...options, epochs });
    expect(net.parameters()).toEqual(twin.parameters());
    expect(net.step).toBe(epochs);
  });
});
