import { describe, expect, test } from "vitest";
import {
  type Activation,
  activation,
  batchNorm,
  type DenseOptions,
  dense,
  dropout,
  type Layer,
  type Loss,
  layerNorm,
  Network,
  normal,
  sgd,
} from "../../../src/index.ts";
import { seeded } from "../../reference/seeded.ts";
import { drawRows, drawTargets, expectAgree, flat, LOSSES, parameterDifferences, scatter } from "./differences.ts";

// Every layer, and layers in many orders: the gradients of `gradients`, which are those of prediction, against central
// differences in f64.

const INPUTS = 3;

const linear = (units: number, kind: Activation = "identity", options: DenseOptions = {}) =>
  dense(units, kind, { weights: normal(0.7), biases: normal(0.7), ...options });

const STACKS: [title: string, layers: Layer[]][] = [
  ["dropout, which is the identity", [linear(5, "tanh"), dropout(0.5), linear(3)]],
  ["dropout of the inputs and of the outputs", [dropout(0.5), linear(3, "tanh"), dropout(0.5)]],
  ["batchNorm with its running statistics", [linear(5, "tanh"), batchNorm(), linear(3)]],
  ["batchNorm of the inputs", [batchNorm({ epsilon: 0.01 }), linear(4, "tanh"), linear(3)]],
  ["batchNorm of the outputs", [linear(3), batchNorm()]],
  ["batchNorm that is not trained", [linear(5, "tanh"), batchNorm({ trainable: false }), linear(3)]],
  ["layerNorm", [linear(5, "tanh"), layerNorm(), linear(3)]],
  ["layerNorm of the inputs", [layerNorm({ epsilon: 0.01 }), linear(4, "tanh"), linear(3)]],
  ["layerNorm of the outputs", [linear(4, "silu"), linear(3), layerNorm()]],
  ["normalisations alone", [batchNorm(), layerNorm()]],
  [
    "activations of the inputs, and one behind the other",
    [activation("gelu"), linear(4), activation("tanh"), activation("softplus"), linear(3)],
  ],
  ["an activation of the outputs", [linear(4, "selu"), linear(3), activation("silu")]],
  [
    "many layers",
    [
      linear(6),
      batchNorm(),
      activation("relu"),
      dropout(0.3),
      linear(5, "softmax"),
      layerNorm({ epsilon: 0.01 }),
      activation("hardSigmoid"),
      linear(4, "elu"),
      linear(3),
    ],
  ],
];

async function problem(layers: Layer[], loss: Loss, rows: number) {
  const next = seeded(layers.length + rows);
  const net = await Network.create({ inputs: INPUTS, layers, loss, precision: "f64", seed: 3 });
  scatter(net, next);
  const x = drawRows(net, layers, INPUTS, rows, next);
  return { net, x, y: drawTargets(net, loss, x, next) };
}

describe.each(STACKS)("the gradient through %s", (_, layers) => {
  test.each(LOSSES)("of %s is the central difference", async (_, loss) => {
    const { net, x, y } = await problem(layers, loss, 5);
    const numeric = await parameterDifferences(net, () => net.evaluate(x, y).loss);
    expectAgree(flat(net.gradients(x, y).layers), numeric);
  });

  test("of more rows than the sums take at a time is the central difference", async () => {
    const { net, x, y } = await problem(layers, "meanSquaredError", 150);
    const numeric = await parameterDifferences(net, () => net.evaluate(x, y).loss);
    expectAgree(flat(net.gradients(x, y).layers), numeric);
  });
});

test("the gradient of 1000 rows through normalisations is that of the rows in one order", async () => {
  // As for dense layers alone: training on all rows at once moves the weights by exactly η times the same gradient.
  const layers = [linear(5, "tanh"), layerNorm(), linear(4), batchNorm({ trainable: false }), linear(3)];
  const { net, x, y } = await problem(layers, "meanSquaredError", 1000);
  const before = net.parameters();
  const gradients = net.gradients(x, y).layers;
  await net.fit(x, y, { optimizer: sgd({ learningRate: 0.5 }), batchSize: 1000, sampling: "sequential" });
  const descended = before.map(({ weights, biases }, l) => {
    const rate = l === 3 ? 0 : 0.5;
    return {
      weights: weights.map((w, i) => w - rate * gradients[l]!.weights[i]!),
      biases: biases.map((b, i) => b - rate * gradients[l]!.biases[i]!),
    };
  });
  expect(flat(net.parameters())).toEqual(flat(descended));
});

test("the gradient of wide rows has the same bits after training on large batches and in a loaded copy", async () => {
  const width = 12000;
  const net = await Network.create({
    inputs: width,
    layers: [dense(4, "tanh"), layerNorm(), dense(2)],
    loss: "meanSquaredError",
    seed: 2,
  });
  const next = seeded(9);
  const x = Float32Array.from({ length: 30 * width }, () => 2 * next() - 1);
  const y = Float32Array.from({ length: 60 }, next);
  await net.fit(x, y, { optimizer: sgd({ learningRate: 0.01 }), batchSize: 30 });
  const copy = await Network.load(net.save());
  expect(net.gradients(x, y)).toEqual(copy.gradients(x, y));
});

describe("penalties", () => {
  const [l1, l2] = [
    [0.05, 0, 0.02],
    [0, 0.1, 0.03],
  ] as const;
  const layers = [
    linear(5, "tanh", { l1: l1[0] }),
    batchNorm(),
    linear(4, "silu", { l2: l2[1] }),
    linear(3, "identity", { l1: l1[2], l2: l2[2] }),
  ];

  test.each(LOSSES)("are in the gradient beside %s", async (_, loss) => {
    const { net, x, y } = await problem(layers, loss, 5);
    // The kink of |w|, which a difference moves by 1e-5.
    for (const w of net.parameters().flatMap(({ weights }) => [...weights])) expect(Math.abs(w)).toBeGreaterThan(1e-4);
    const numeric = await parameterDifferences(net, () => net.gradients(x, y).loss);
    expectAgree(flat(net.gradients(x, y).layers), numeric);
  });

  test("are l1·Σ|w| + l2·Σw² of the weights, once for any number of rows; evaluate leaves them out", async () => {
    const { net, x, y } = await problem(layers, "meanSquaredError", 600);
    const weights = [0, 2, 3].map((l) => [...net.parameters()[l]!.weights]);
    const sum = weights.reduce(
      (total, list, i) => total + list.reduce((s, w) => s + l1[i]! * Math.abs(w) + l2[i]! * w * w, 0),
      0,
    );
    const penalty = (count: number) => {
      const [some, targets] = [x.slice(0, count), y.slice(0, count) as number[]];
      return net.gradients(some, targets).loss - net.evaluate(some, targets).loss;
    };
    // 47 terms below 1, and sums over 600 rows of numbers below 10, each rounded to 2⁻⁵³ of the sum
    for (const count of [1, 5, 600]) expect(Math.abs(penalty(count) - sum)).toBeLessThan(1e-12);
  });
});
