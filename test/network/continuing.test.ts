import { describe, expect, test } from "vitest";
import {
  activation,
  adadelta,
  adagrad,
  adam,
  adamw,
  batchNorm,
  constant,
  cosine,
  dense,
  dropout,
  elu,
  type FitOptions,
  hardSigmoid,
  heUniform,
  huber,
  type Layer,
  layerNorm,
  lbfgs,
  leakyRelu,
  levenbergMarquardt,
  Network,
  nadam,
  normal,
  type Optimizer,
  orthogonal,
  type Precision,
  rmsprop,
  rprop,
  sgd,
  softmaxCrossEntropy,
} from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";

// Training goes on where it stopped, and a network comes back from a file or from its own parameters.

const INPUTS = 3;
const ROWS = 30;
const next = seeded(31);
const x = Float64Array.from({ length: INPUTS * ROWS }, () => Math.fround(2 * next() - 1));
const y = Float64Array.from({ length: 2 * ROWS }, (_, i) => Math.fround(x[i]! * x[i + 1]! - x[i + 2]!));

/** What is random, what has statistics and what has neither. */
const noisy = [
  dense(7, "relu", { l2: 1e-3 }),
  batchNorm(),
  activation("tanh"),
  dropout(0.3),
  dense(5, "sigmoid", { maxNorm: 2, rates: { biases: 2 } }),
  layerNorm(),
  dense(2),
];
/** For optimizers over all rows, which have no rates. */
const quiet = [
  dense(7, "relu", { l2: 1e-3 }),
  batchNorm(),
  activation("tanh"),
  dense(5, "sigmoid", { maxNorm: 2 }),
  dense(2),
];
const plain = [dense(5, "tanh"), dense(2)];

const create = <P extends Precision>(layers: readonly Layer[], precision: P) =>
  Network.create({ inputs: INPUTS, layers, loss: "meanSquaredError", precision, seed: 12 });

const FIRST_ORDER: [string, () => Optimizer][] = [
  ["sgd", () => sgd({ learningRate: 0.1 })],
  ["momentum", () => sgd({ learningRate: 0.05, momentum: 0.9 })],
  ["Nesterov's momentum", () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true, clipNorm: 0.5 })],
  ["rmsprop", () => rmsprop({ momentum: 0.5, centered: true })],
  ["adagrad", () => adagrad({ initialAccumulator: 0.1 })],
  ["adadelta", () => adadelta({ weightDecay: 0.01 })],
  ["adam", () => adam({ learningRate: cosine({ learningRate: 0.01, epochs: 8 }) })],
  ["amsgrad", () => adam({ amsgrad: true, clipGlobalNorm: 0.1 })],
  ["adamw", () => adamw()],
  ["nadam", () => nadam()],
];

const COURSES: [string, readonly Layer[], () => Optimizer, Precision, Partial<FitOptions>][] = [
  ...FIRST_ORDER.flatMap(([name, make]): typeof COURSES => [
    [name, noisy, make, "f32", { batchSize: 7, sampling: "sequential", stepsPerEpoch: 3 }],
    [name, noisy, make, "f64", { batchSize: 7 }],
  ]),
  ["rprop", quiet, rprop, "f32", {}],
  ["rprop", quiet, rprop, "f64", {}],
  ["lbfgs", plain, () => lbfgs({ memory: 4 }), "f32", {}],
  ["lbfgs", [dense(5, "tanh", { l2: 1e-4 }), layerNorm(), dense(2)], () => lbfgs({ memory: 4 }), "f64", {}],
  ["levenbergMarquardt", plain, () => levenbergMarquardt({ damping: 1e-6 }), "f64", {}],
];

test.each(COURSES)(
  "%s: two fits of 5 epochs equal one of 10, bit for bit (%#)",
  async (_, layers, make, precision, options) => {
    const [once, twice] = [await create(layers, precision), await create(layers, precision)];
    const [first, second] = [make(), make()];
    const whole = await once.fit(x, y, { ...options, optimizer: first, epochs: 10 });
    const parts = [await twice.fit(x, y, { ...options, optimizer: second, epochs: 5 })];
    // What stands between two calls does not matter.
    twice.predict(new Float64Array(INPUTS * 1000));
    twice.gradients(x, y);
    twice.setParameters(twice.parameters());
    // Nor does a plan anew: for more rows, of which the steps take the same, or for rows of another kind with the same numbers.
    const rows = options.stepsPerEpoch ? 2 : 1;
    const [features, targets] = [x, y].map((list) =>
      Float32Array.from({ length: rows * list.length }, (_, i) => list[i] ?? 0),
    );
    parts.push(await twice.fit(features!, targets!, { ...options, optimizer: second, epochs: 5 }));
    expect(twice.save()).toEqual(once.save());
    expect(parts.flatMap(({ loss }) => loss)).toEqual(whole.loss);
    expect(whole.loss).toHaveLength(10);
    // A new optimizer would have begun anew.
    if (optimizerRemembers(first)) {
      const anew = await create(layers, precision);
      for (const optimizer of [make(), make()]) await anew.fit(x, y, { ...options, optimizer, epochs: 5 });
      expect(anew.parameters()).not.toEqual(once.parameters());
    }
  },
);

const optimizerRemembers = (optimizer: Optimizer) => optimizer.type !== "sgd" || optimizer.momentum !== undefined;

/** Every layer and every option away from its default. */
const described: Layer[] = [
  dense(6, leakyRelu(0.125), {
    weights: orthogonal(),
    biases: constant(0.1),
    l1: 1e-4,
    l2: 1e-3,
    maxNorm: 1.5,
    rates: { weights: 0.5, biases: 2 },
  }),
  batchNorm({ momentum: 0.25, epsilon: 1e-3, rates: { weights: 0.1 } }),
  activation(elu(0.5)),
  dropout(0.25),
  dense(5, "selu", { trainable: false, weights: heUniform() }),
  layerNorm({ epsilon: 1e-4, trainable: false }),
  activation(hardSigmoid(0.25, 0.5)),
  batchNorm({ trainable: false }),
  dense(3, "gelu", { weights: normal(0.5), rates: { biases: 0 } }),
  activation("softplus"),
];

describe.each(["f32", "f64"] as const)("%s", (precision) => {
  const labels = Array.from({ length: ROWS }, (_, i) => i % 3);
  const make = () =>
    Network.create({
      inputs: { shape: INPUTS, scale: 0.5, offset: 0.25 },
      layers: described,
      loss: softmaxCrossEntropy({ smoothing: 0.1 }),
      precision,
      seed: 77,
    });
  const options = { batchSize: 8, epochs: 3 };

  test("every layer with every option comes back from its file, with statistics, and trains on as if it had never been saved", async () => {
    const net = await make();
    await net.fit(x, labels, { ...options, optimizer: adam() });
    const bytes = net.save();
    const loaded = await Network.load(bytes);
    expect(loaded.save()).toEqual(bytes);
    expect(loaded.parameters()).toEqual(net.parameters());
    expect(loaded.predict(x)).toEqual(net.predict(x));
    expect(loaded.gradients(x, labels)).toEqual(net.gradients(x, labels));
    const { mean, variance } = loaded.parameters()[1]!;
    expect(mean).not.toEqual(mean!.map(() => 0));
    expect(variance).not.toEqual(variance!.map(() => 1));
    for (const one of [net, loaded]) await one.fit(x, labels, { ...options, optimizer: adam() });
    expect(loaded.save()).toEqual(net.save());
  });

  test("a network with another's parameters and statistics is its equal", async () => {
    const [net, other] = [await make(), await make()];
    await net.fit(x, labels, { ...options, optimizer: adam() });
    expect(other.predict(x)).not.toEqual(net.predict(x));
    other.setParameters(net.parameters());
    expect(other.parameters()).toEqual(net.parameters());
    expect(other.predict(x)).toEqual(net.predict(x));
    // Without statistics those that are there stay.
    const [, second] = net.parameters();
    const untouched = await make();
    untouched.setParameters(net.parameters().map(({ weights, biases }) => ({ weights, biases })));
    const { weights, biases, mean, variance } = untouched.parameters()[1]!;
    expect([weights, biases]).toEqual([second!.weights, second!.biases]);
    expect([mean, variance]).toEqual(
      [new Array(6).fill(0), new Array(6).fill(1)].map((list) => mean!.map((_, i) => list[i])),
    );
  });

  test("a loss with a parameter comes back", async () => {
    const make = (delta: number) =>
      Network.create({ inputs: INPUTS, layers: [dense(2)], loss: huber(delta), precision, seed: 3 });
    const net = await make(0.5);
    const loaded = await Network.load(net.save());
    expect(loaded.evaluate(x, y)).toEqual(net.evaluate(x, y));
    expect(loaded.evaluate(x, y).loss).toBeLessThan((await make(1)).evaluate(x, y).loss);
  });
});
