import { describe, expect, test } from "vitest";
import {
  type Adam,
  adadelta,
  adagrad,
  adam,
  adamw,
  batchNorm,
  type CommonOptions,
  type DenseOptions,
  dense,
  type Layer,
  layerNorm,
  lbfgs,
  levenbergMarquardt,
  Network,
  nadam,
  type Optimizer,
  type Precision,
  rmsprop,
  rprop,
  type Sgd,
  sgd,
} from "../../src/index.ts";
import { formula } from "../reference/adam.ts";
import * as reference from "../reference/optimizers.ts";
import { seeded } from "../reference/seeded.ts";
import { type Bound, penalties, type Shared, type TrainedBlock, updateAll } from "../reference/update.ts";

// Training against the published formulas in f64, which follow the gradients that a network without any option has at the formula's
// own parameters: a second trajectory, which nothing brings back to the first.

const INPUTS = 3;
const OUTPUTS = 2;
const ROWS = 56;
/** The last of 4 batches has 8 rows. */
const BATCH = 16;

const next = seeded(21);
const draws = (length: number) => Float64Array.from({ length }, () => 2 * next() - 1);
const x = draws(ROWS * INPUTS);
const y = draws(ROWS * OUTPUTS);

/** Widths that leave padding. */
const layersWith = (options: readonly DenseOptions[] = []) => [
  dense(5, "tanh", options[0]),
  dense(4, "sigmoid", options[1]),
  dense(OUTPUTS, "identity", options[2]),
];

const create = <P extends Precision>(layers: readonly Layer[], precision: P) =>
  Network.create({ inputs: INPUTS, layers, loss: "meanSquaredError", precision, seed: 8 });

/** Blocks of a network's parameters, in the order weights, biases, weights …, with `fills` as the first values of their slots. */
async function blocksOf(options: readonly DenseOptions[], fills: readonly number[]): Promise<TrainedBlock[]> {
  const net = await create(layersWith(), "f64");
  return net.parameters().flatMap(({ weights, biases }, l) => {
    const { trainable = true, rates = {}, l1 = 0, l2 = 0, maxNorm = Infinity } = options[l] ?? {};
    const block = (
      w: Float64Array<ArrayBuffer>,
      name: "weights" | "biases",
      rest: Pick<TrainedBlock, "l1" | "l2" | "maxNorm">,
    ) => {
      const slots = fills.map((fill) => new Float64Array(w.length).fill(fill));
      const state = { w, slots, t: 0, product: 1 };
      return { columns: biases.length, state, factor: trainable ? (rates[name] ?? 1) : 0, ...rest };
    };
    return [
      block(weights, "weights", { l1, l2, maxNorm }),
      block(biases.slice(), "biases", { l1: 0, l2: 0, maxNorm: Infinity }),
    ];
  });
}

interface Course {
  readonly optimizer: Optimizer;
  readonly rule: reference.Rule;
  /** First values of the rule's slots. */
  readonly fills: readonly number[];
  readonly options?: readonly DenseOptions[];
  readonly epochs?: number;
  readonly batch?: number;
}

/** Trains, and follows the formulas. Returns how often clips and norms had an effect, and the steps. */
async function follow({ optimizer, rule, fills, options = [], epochs = 250, batch = BATCH }: Course) {
  const net = await create(layersWith(options), "f64");
  const twin = await create(layersWith(), "f64");
  const blocks = await blocksOf(options, fills);
  const bound: Bound = { clips: 0, norms: 0 };
  const losses: number[] = [];
  let steps = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let sum = 0;
    for (let first = 0; first < ROWS; first += batch, steps++) {
      const rows = Math.min(batch, ROWS - first);
      twin.setParameters([0, 2, 4].map((b) => ({ weights: blocks[b]!.state.w, biases: blocks[b + 1]!.state.w })));
      const { loss, layers } = twin.gradients(
        x.subarray(first * INPUTS, (first + rows) * INPUTS),
        y.subarray(first * OUTPUTS, (first + rows) * OUTPUTS),
      );
      sum += rows * (loss + penalties(blocks));
      const gradients = layers.flatMap(({ weights, biases }) => [weights, biases]);
      updateAll(blocks, gradients, rule, (optimizer as Sgd).learningRate as number, optimizer as Shared, bound);
    }
    losses.push(sum / ROWS);
  }
  const history = await net.fit(x, y, { optimizer, epochs, batchSize: batch, sampling: "sequential" });
  const actual = net.parameters().flatMap(({ weights, biases }) => [weights, biases]);
  // Each step of either trajectory rounds some 1e-16 apart, and training that settles does not enlarge what it is given: 7e-15 is what
  // was measured, in nadam. 1e-12 leaves room for fused products.
  for (const [b, { state }] of blocks.entries()) {
    for (const [i, w] of state.w.entries()) {
      expect(Math.abs(actual[b]![i]! - w), `block ${b}, number ${i}`).toBeLessThan(1e-12);
    }
  }
  for (const [epoch, loss] of losses.entries()) {
    expect(Math.abs(history.loss[epoch]! - loss), `epoch ${epoch}`).toBeLessThan(1e-12);
  }
  // It has learned, so that the gradients were of many sizes.
  expect(losses.at(-1)).toBeLessThan(0.97 * losses[0]!);
  return { ...bound, steps };
}

/** Adam as a rule over slots m and v. */
const adamRule = (beta1: number, beta2: number, epsilon: number): reference.Rule => ({
  plain: () => undefined,
  formula({ w, slots: [m, v], t }, g, learningRate) {
    formula({ w, m: m!, v: v!, t: t - 1 }, g, { learningRate, beta1, beta2, epsilon });
  },
});

describe("1,000 steps in batches, the last one short, end where the published formula does", () => {
  test.each<[string, Course]>([
    ["sgd", { optimizer: sgd({ learningRate: 0.1 }), rule: reference.descent, fills: [] }],
    [
      "sgd with a momentum",
      { optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), rule: reference.momentum(0.9, false), fills: [0] },
    ],
    [
      "sgd with Nesterov's momentum",
      {
        optimizer: sgd({ learningRate: 0.05, momentum: 0.8, nesterov: true }),
        rule: reference.momentum(0.8, true),
        fills: [0],
      },
    ],
    [
      "rmsprop",
      { optimizer: rmsprop({ learningRate: 0.001 }), rule: reference.rmsProp(0.99, 1e-8, false, 0), fills: [0] },
    ],
    [
      "centred rmsprop",
      {
        optimizer: rmsprop({ learningRate: 0.001, rho: 0.9, epsilon: 1e-6, centered: true }),
        rule: reference.rmsProp(0.9, 1e-6, true, 0),
        fills: [0, 0],
      },
    ],
    [
      "rmsprop with a momentum",
      {
        optimizer: rmsprop({ learningRate: 0.001, rho: 0.95, momentum: 0.5 }),
        rule: reference.rmsProp(0.95, 1e-8, false, 0.5),
        fills: [0, 0],
      },
    ],
    [
      "centred rmsprop with a momentum",
      {
        optimizer: rmsprop({ learningRate: 0.001, momentum: 0.5, centered: true }),
        rule: reference.rmsProp(0.99, 1e-8, true, 0.5),
        fills: [0, 0, 0],
      },
    ],
    ["adagrad", { optimizer: adagrad({ learningRate: 0.05 }), rule: reference.adagrad(1e-10), fills: [0] }],
    [
      "adagrad that begins with 0.1",
      {
        optimizer: adagrad({ learningRate: 0.05, epsilon: 1e-7, initialAccumulator: 0.1 }),
        rule: reference.adagrad(1e-7),
        fills: [0.1],
      },
    ],
    ["adadelta", { optimizer: adadelta(), rule: reference.adadelta(0.9, 1e-6), fills: [0, 0] }],
    [
      "adadelta with other settings",
      {
        optimizer: adadelta({ learningRate: 0.5, rho: 0.95, epsilon: 1e-5 }),
        rule: reference.adadelta(0.95, 1e-5),
        fills: [0, 0],
      },
    ],
    ["adam", { optimizer: adam(), rule: adamRule(0.9, 0.999, 1e-8), fills: [0, 0] }],
    ["amsgrad", { optimizer: adam({ amsgrad: true }), rule: reference.amsgrad(0.9, 0.999, 1e-8), fills: [0, 0, 0] }],
    ["adamw", { optimizer: adamw({ weightDecay: 0.1 }), rule: adamRule(0.9, 0.999, 1e-8), fills: [0, 0] }],
    ["nadam", { optimizer: nadam(), rule: reference.nadam(0.9, 0.999, 1e-8, 0.96 ** 0.004), fills: [0, 0] }],
    [
      "nadam with Keras's ψ",
      {
        optimizer: nadam({ learningRate: 0.001, momentumDecay: 1 }),
        rule: reference.nadam(0.9, 0.999, 1e-8, 0.96),
        fills: [0, 0],
      },
    ],
  ])("%s", async (_, course) => {
    const { steps } = await follow(course);
    expect(steps).toBe(1000);
  });

  test("rprop, over 200 epochs of all rows", async () => {
    const sizes = { increase: 1.2, decrease: 0.5, smallest: 1e-6, largest: 50 };
    const course = { rule: reference.rprop(sizes), fills: [0, 0.01], epochs: 200, batch: ROWS };
    expect((await follow({ ...course, optimizer: rprop() })).steps).toBe(200);
  });
});

type Make = (options: Partial<CommonOptions>) => Optimizer;
const METHODS: [string, Make, reference.Rule, number[]][] = [
  ["sgd", (options) => sgd({ learningRate: 0.1, ...options }), reference.descent, []],
  [
    "momentum",
    (options) => sgd({ learningRate: 0.05, momentum: 0.8, ...options }),
    reference.momentum(0.8, false),
    [0],
  ],
  ["adam", (options) => adam({ learningRate: 0.002, ...options }), adamRule(0.9, 0.999, 1e-8), [0, 0]],
];

describe.each(METHODS)("%s ends where the formula does", (_, make, rule, fills) => {
  test.each<[string, Partial<CommonOptions>]>([
    ["coupled weight decay", { weightDecay: 0.01 }],
    ["decoupled weight decay", { weightDecay: 0.01, decoupled: true }],
  ])("with %s", async (_, options) => {
    await follow({ optimizer: make(options), rule, fills });
  });

  // Limits at about the median of what they limit.
  test.each<[string, Partial<CommonOptions>]>([
    ["clipValue", { clipValue: 0.04 }],
    ["clipNorm", { clipNorm: 0.05 }],
    ["clipGlobalNorm", { clipGlobalNorm: 0.11 }],
    ["clipGlobalNorm and weight decay, which comes after", { clipGlobalNorm: 0.11, weightDecay: 0.01 }],
  ])("with %s, which binds in a good part of the steps", async (_, options) => {
    const { clips, steps } = await follow({ optimizer: make(options), rule, fills });
    expect(clips).toBeGreaterThan(steps / 4);
    expect(clips).toBeLessThan(steps);
  });

  test("with penalties l1 and l2 on two layers", async () => {
    await follow({ optimizer: make({}), rule, fills, options: [{ l1: 0.002 }, {}, { l1: 0.001, l2: 0.003 }] });
  });

  test("with a largest norm", async () => {
    const options = [{ maxNorm: 0.9 }, { maxNorm: 0.5 }];
    const { norms, steps } = await follow({ optimizer: make({}), rule, fills, options });
    expect(norms).toBeGreaterThan(steps / 4);
  });

  test("with rates of its own for weights and biases", async () => {
    const options = [{ rates: { weights: 0.5, biases: 2 } }, { rates: { biases: 0 } }, { rates: { weights: 0.25 } }];
    await follow({ optimizer: make({}), rule, fills, options });
  });

  test.each([0, 1, 2])("with layer %i constant", async (l) => {
    const options = [{}, {}, {}].with(l, { trainable: false });
    await follow({ optimizer: make({}), rule, fills, options });
  });

  test("with all of it at once", async () => {
    const common = { weightDecay: 0.01, decoupled: true, clipGlobalNorm: 0.1 };
    const options = [
      { l2: 0.002, maxNorm: 0.9, rates: { weights: 0.5 } },
      { l1: 0.1, trainable: false },
      { l1: 0.001, rates: { biases: 2 } },
    ];
    const { clips, norms, steps } = await follow({ optimizer: make(common), rule, fills, options });
    expect(clips).toBeGreaterThan(steps / 8);
    expect(norms).toBeGreaterThan(0);
  });
});

test("gradients and history count the penalties of what is trained, evaluate does not", async () => {
  const options = [{ l1: 0.01 }, { l2: 0.02, trainable: false }, { l1: 0.003, l2: 0.05 }];
  const [net, plain] = [await create(layersWith(options), "f64"), await create(layersWith(), "f64")];
  // More rows than are taken at a time.
  const [features, targets] = [draws(700 * INPUTS), draws(700 * OUTPUTS)];
  const { loss } = plain.evaluate(features, targets);
  const [first, , third] = net.parameters().map(({ weights }) => Array.from(weights));
  const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);
  const penalty =
    0.01 * sum(first!.map(Math.abs)) + 0.003 * sum(third!.map(Math.abs)) + 0.05 * sum(third!.map((w) => w * w));
  // Sums of 700 losses and 40 penalties near 1 in two orders: some 10⁻¹⁵.
  const close = (actual: number, expected: number) => expect(Math.abs(actual - expected)).toBeLessThan(1e-14);
  expect(net.evaluate(features, targets).loss).toBe(loss);
  const gradients = net.gradients(features, targets);
  close(gradients.loss, loss + penalty);
  const without = plain.gradients(features, targets);
  for (const [l, { weights, biases }] of gradients.layers.entries()) {
    const { l1 = 0, l2 = 0, trainable = true } = options[l]! as DenseOptions;
    const w = net.parameters()[l]!.weights;
    for (const [i, g] of weights.entries()) {
      const derivative = trainable ? l1 * Math.sign(w[i]!) + 2 * l2 * w[i]! : 0;
      close(g, without.layers[l]!.weights[i]! + derivative);
    }
    expect(biases).toEqual(without.layers[l]!.biases);
  }
  // One step over all rows begins with these parameters.
  const history = await net.fit(features, targets, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 700 });
  close(history.loss[0]!, loss + penalty);
});

describe.each(["f32", "f64"] as const)("%s", (precision) => {
  const train = async (layers: readonly Layer[], optimizer: Optimizer, epochs = 50) => {
    const net = await create(layers, precision);
    await net.fit(x, y, { optimizer, epochs, batchSize: 5 });
    return net;
  };
  const rate = { learningRate: 0.2 };

  test.each([{ clipGlobalNorm: 1e30 }, { clipNorm: 1e30 }, { clipValue: 1e30 }])(
    "descent after the gradients, for a %j that never binds, has the bits of the descent as they are computed",
    async (clip) => {
      const layers = [dense(33, "relu"), dense(9, "tanh", { rates: { weights: 0.3 } }), dense(OUTPUTS)];
      const [atOnce, after] = [await train(layers, sgd(rate)), await train(layers, sgd({ ...rate, ...clip }))];
      expect(after.parameters()).toEqual(atOnce.parameters());
      expect(after.history).toEqual(atOnce.history);
    },
  );

  test.each<[string, Optimizer]>([
    ["sgd", sgd(rate)],
    ["sgd with a momentum", sgd({ ...rate, momentum: 0.9 })],
    ["adam", adam()],
  ])("%s leaves what is not trainable as it is, bit for bit, statistics included", async (_, optimizer) => {
    const still = { trainable: false };
    const layers = [
      dense(5, "tanh", { ...still, l2: 0.1, maxNorm: 0.1 }),
      batchNorm(still),
      dense(4, "tanh", { rates: { weights: 0 } }),
      layerNorm(still),
      dense(OUTPUTS),
    ];
    const begun = (await create(layers, precision)).parameters();
    const ended = (await train(layers, optimizer)).parameters();
    for (const l of [0, 1, 3]) expect(ended[l]).toEqual(begun[l]);
    expect(ended[2]!.weights).toEqual(begun[2]!.weights);
    expect(ended[2]!.biases).not.toEqual(begun[2]!.biases);
    expect(ended[4]!.weights).not.toEqual(begun[4]!.weights);
  });

  test.each<[string, Optimizer]>([
    ["rprop", rprop()],
    ["lbfgs", lbfgs()],
    ...(precision === "f64" ? [["levenbergMarquardt", levenbergMarquardt()] satisfies [string, Optimizer]] : []),
  ])("%s over all rows leaves what is not trainable as it is, bit for bit", async (_, optimizer) => {
    const still = { trainable: false };
    const layers = [
      dense(5, "tanh"),
      batchNorm(still),
      dense(4, "tanh", still),
      dense(OUTPUTS, "identity", { rates: { biases: 0 } }),
    ];
    const net = await create(layers, precision);
    const begun = net.parameters();
    const { loss } = await net.fit(x, y, { optimizer, epochs: 10 });
    const ended = net.parameters();
    for (const l of [1, 2]) expect(ended[l]).toEqual(begun[l]);
    expect(ended[3]!.biases).toEqual(begun[3]!.biases);
    for (const l of [0, 3]) expect(ended[l]!.weights).not.toEqual(begun[l]!.weights);
    expect(loss.at(-1)).toBeLessThan(0.95 * loss[0]!);
  });

  test("the norms of the weights that lead to a unit are never above maxNorm", async () => {
    const limit = 0.4;
    const net = await create([dense(7, "tanh", { maxNorm: limit }), dense(OUTPUTS)], precision);
    // A scaled column has the limit's norm but for the rounding of its 3 numbers.
    const ulp = precision === "f64" ? 2 ** -52 : 2 ** -23;
    let reached = 0;
    const options = { optimizer: adam({ learningRate: 0.02 }), epochs: 20, batchSize: BATCH, every: 1 };
    for await (const _ of net.train(x, y, options)) {
      const { weights } = net.parameters()[0]!;
      for (let j = 0; j < 7; j++) {
        const length = Math.hypot(weights[j]!, weights[7 + j]!, weights[14 + j]!);
        expect(length).toBeLessThan(limit * (1 + 2 * ulp));
        reached += Number(length > limit * (1 - 2 * ulp));
      }
    }
    expect(reached).toBeGreaterThan(40);
  });
});

test("adamw is adam with decoupled decay, by default of 0.01", () => {
  const expected: Adam = { ...adam(), weightDecay: 0.01, decoupled: true };
  expect(adamw()).toEqual(expected);
  const options: object = { weightDecay: undefined };
  expect(adamw(options)).toEqual(expected);
});
