import type { NetworkTask, Precision, ProductTask } from "./contestant.ts";
import { cifarQuick, convolutionFlops, lenet } from "./convolutions.ts";

/** One thing that is measured. */
export interface Case {
  name: string;
  group: "training" | "convolutions" | "prediction" | "products";
  about: string;
  /** Of one run. */
  flops: number;
  precision: Precision;
  task: NetworkTask | ProductTask;
  /** The recipe of its data. */
  data?: "points" | "images" | "curve";
}

const common = { kind: "train", lastActivation: "identity", sampling: "shuffle", query: 0 } as const;
const classify = { ...common, activation: "relu", loss: "softmaxCrossEntropy" } as const;
const regress = { ...common, loss: "meanSquaredError" } as const;

const higham = {
  ...regress,
  widths: [2, 2, 3, 2],
  activation: "sigmoid",
  lastActivation: "sigmoid",
  optimizer: "sgd",
  learningRate: 0.05,
  batchSize: 1,
  rows: 10,
  stepsPerEpoch: 10_000,
  sampling: "withReplacement",
} as const;
const tabular = {
  ...regress,
  widths: [13, 64, 64, 1],
  activation: "relu",
  optimizer: "adam",
  learningRate: 1e-3,
  batchSize: 32,
  rows: 1024,
  stepsPerEpoch: 32,
} as const;
const mnist = {
  ...classify,
  widths: [784, 128, 10],
  optimizer: "sgd",
  learningRate: 0.05,
  batchSize: 32,
  rows: 1024,
  stepsPerEpoch: 32,
} as const;
const wide = {
  ...classify,
  widths: [784, 512, 512, 10],
  optimizer: "adam",
  learningRate: 1e-3,
  batchSize: 128,
  rows: 1024,
  stepsPerEpoch: 8,
} as const;
const online = { ...mnist, learningRate: 0.01, batchSize: 1, stepsPerEpoch: 1024 } as const;
const fullgd = {
  ...regress,
  widths: [3, 16, 16, 1],
  activation: "tanh",
  optimizer: "sgd",
  learningRate: 0.05,
  batchSize: 256,
  rows: 256,
  stepsPerEpoch: 1,
  sampling: "sequential",
} as const;

const training: Case[] = [
  trained("higham", higham, "points"),
  trained("tabular", tabular, "curve"),
  trained("mnist", mnist, "images"),
  trained("wide", wide, "images"),
  trained("online", online, "images"),
  trained("fullgd", fullgd, "curve"),
];

const convolutions: Case[] = [
  convolved("lenet5-b64", "LeNet-5 28×28×1, 6@5×5, 16@5×5, 120-84-10", lenet),
  convolved("cifar-quick-b100", "CIFAR-10 quick 32×32×3, 32@5×5, 32@5×5, 64@5×5, 64-10", cifarQuick),
];

const prediction = [1, 256].flatMap((query) => [
  predicted(`mnist-predict-${query}`, { ...mnist, kind: "predict", query }, "images"),
  predicted(`tabular-predict-${query}`, { ...tabular, kind: "predict", query }, "curve"),
]);

const products = (["f32", "f64"] as const).flatMap((precision) =>
  [32, 64, 128, 256, 512, 1024].flatMap((n) =>
    (["forward", "weightGradient", "backward"] as const).map((form) =>
      product({ kind: "product", n, precision, form }),
    ),
  ),
);

export const cases: readonly Case[] = [...training, ...convolutions, ...prediction, ...products];

/** Multiplications and additions of the weights of all layers, for one row. */
function forwardFlops(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, units, l) => sum + 2 * widths[l]! * units, 0);
}

/** Forward, weight gradients, and the gradients of all inputs but the first layer's; the activations and the update are left out. */
function trained(name: string, task: NetworkTask, data: Case["data"]): Case {
  const { widths, batchSize, optimizer } = task;
  const flops = batchSize * (2 * forwardFlops(widths) + forwardFlops(widths.slice(1)));
  const about = `${widths.join("-")} ${task.activation}, batch ${batchSize}, ${optimizer}`;
  return { name, group: "training", about, flops, precision: "f32", task, data: data! };
}

/** Of the products of convolutions and dense layers, with no gradient of the images themselves. */
function convolved(name: string, network: string, task: NetworkTask): Case {
  const { widths, image, batchSize, optimizer } = task;
  const { first, all } = convolutionFlops(image!);
  const features = image!.features.reduce((a, b) => a * b);
  const flops = batchSize * (3 * (all + forwardFlops([features, ...widths.slice(1)])) - first);
  const about = `${network}, batch ${batchSize}, ${optimizer}, ${(flops / 1e9).toPrecision(3)} GFLOP a step`;
  return { name, group: "convolutions", about, flops, precision: "f32", task, data: "images" };
}

function predicted(name: string, task: NetworkTask, data: Case["data"]): Case {
  const { widths, query } = task;
  const about = `${widths.join("-")}, ${query} ${query === 1 ? "row" : "rows"}`;
  return { name, group: "prediction", about, flops: query * forwardFlops(widths), precision: "f32", task, data: data! };
}

function product(task: ProductTask): Case {
  const { n, precision, form } = task;
  const words = { forward: "X·W + B", weightGradient: "Xᵀ·Δ", backward: "Xᵀ·Δ and Δ·Wᵀ" };
  return {
    name: `${form}-${precision}-${n}`,
    group: "products",
    about: `${words[form]}, n = ${n}, ${precision}`,
    flops: 2 * n ** 3 * (form === "backward" ? 2 : 1),
    precision,
    task,
  };
}
