import { describe, expect, test } from "vitest";
import {
  activation,
  adam,
  batchNorm,
  constant,
  dense,
  dropout,
  type Layer,
  type Loss,
  layerNorm,
  Network,
  normal,
  type Precision,
  sgd,
} from "../../src/index.ts";
import { dropoutWords } from "../reference/random.ts";
import { seeded } from "../reference/seeded.ts";

// How layers behave in a network: what each keeps, and what training and prediction make of it.

const PRECISIONS: Precision[] = ["f32", "f64"];

function rows(count: number, width: number, seed: number): number[][] {
  const next = seeded(seed);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => 4 * next() - 2));
}

/** A step that moves no parameter: w − 1e-30·g is w, unless w is 0. */
const still = sgd({ learningRate: 1e-30 });

describe("dropout", () => {
  const RATE = 0.3;
  const COLUMNS = 21;
  const ROWS = 3;

  interface Place {
    precision?: Precision;
    seed?: number;
    /** Layers before it. */
    layer?: number;
    /** Steps taken before. */
    step?: number;
  }

  /** The masks of a step, found by what reaches the weights behind: 1 for each number that is kept. */
  async function masks({ precision = "f64", seed = 0, layer = 0, step = 0 }: Place): Promise<number[]> {
    const width = ROWS * COLUMNS;
    const net = await Network.create({
      inputs: width,
      layers: [
        ...Array.from({ length: layer }, () => activation("identity")),
        dropout(RATE),
        dense(1, "identity", { weights: constant(0) }),
      ],
      loss: "meanSquaredError",
      precision,
      seed,
    });
    // Row i is 1 in a third of the columns of its own, so that the weights' gradient holds all masks. ŷ is 0 and y −½: D_ŷ is 1/rows.
    const x = Array.from({ length: ROWS }, (_, i) =>
      Array.from({ length: width }, (_, j) => Number(Math.floor(j / COLUMNS) === i)),
    );
    const take = () =>
      net.fit(x, [-0.5, -0.5, -0.5], { optimizer: sgd({ learningRate: 1 }), batchSize: ROWS, sampling: "sequential" });
    for (let i = 0; i < step; i++) await take();
    const none = { weights: [], biases: [] };
    net.setParameters([
      ...Array.from({ length: layer + 1 }, () => none),
      { weights: new Array(width).fill(0), biases: [0] },
    ]);
    await take();
    const round = precision === "f32" ? Math.fround : Number;
    const kept = round(round(1 / ROWS) * round(1 / (1 - RATE)));
    return [...net.parameters().at(-1)!.weights].map((w) => {
      expect([0, -kept]).toContain(w === 0 ? 0 : w);
      return Number(w !== 0);
    });
  }

  /** The same by the plain Philox: number i·columns + j of the batch is kept where its bits are ⌈rate·2³²⌉ or more. */
  function plain({ seed = 0, layer = 0, step = 0 }: Place): number[] {
    const width = ROWS * COLUMNS;
    const words = dropoutWords(ROWS * width, seed, layer, step);
    return Array.from({ length: width }, (_, j) =>
      Number(words[Math.floor(j / COLUMNS) * width + j]! >= Math.ceil(RATE * 2 ** 32)),
    );
  }

  const places: Place[] = [
    {},
    { step: 1 },
    { step: 4 },
    { layer: 1 },
    { layer: 3 },
    { seed: 1 },
    { seed: 2 ** 40 + 1, layer: 2, step: 2 },
  ];

  test.each(places)("has the mask of seed, layer and step, the same in f32 and f64: %j", async (place) => {
    const expected = plain(place);
    for (const precision of PRECISIONS) expect(await masks({ ...place, precision })).toEqual(expected);
  });

  test("has another mask for another seed, layer or step", () => {
    expect(new Set(places.map((place) => plain(place).join(""))).size).toBe(places.length);
  });

  test("is nothing to predict, logits, classify, evaluate and gradients, before training and after", async () => {
    const shared = { inputs: 4, loss: "softmaxCrossEntropy", seed: 3 } as const;
    const init = { weights: normal(1), biases: normal(1) };
    const [first, last] = [dense(6, "tanh", init), dense(3, "identity", init)];
    const net = await Network.create({ ...shared, layers: [dropout(0.4), first, dropout(0.5), last, dropout(0.1)] });
    const without = await Network.create({ ...shared, layers: [first, last] });
    const x = rows(300, 4, 1);
    const y = x.map((_, i) => i % 3);
    for (let round = 0; round < 2; round++) {
      const parameters = net.parameters();
      expect(parameters.map(({ shape }) => shape)).toEqual([[], [4, 6], [], [6, 3], []]);
      without.setParameters([parameters[1]!, parameters[3]!]);
      expect(net.predict(x)).toEqual(without.predict(x));
      expect(net.logits(x)).toEqual(without.logits(x));
      expect(net.classify(x)).toEqual(without.classify(x));
      expect(net.evaluate(x, y)).toEqual(without.evaluate(x, y));
      const [given, expected] = [net.gradients(x, y), without.gradients(x, y)];
      expect([given.loss, given.layers[1], given.layers[3]]).toEqual([expected.loss, ...expected.layers]);
      await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), epochs: 2 });
      expect(net.parameters()).not.toEqual(parameters);
    }
  });

  test("at a rate of 0 is nothing in training either", async () => {
    const create = (layers: Layer[]) => Network.create({ inputs: 2, layers, loss: "meanSquaredError" });
    const init = { weights: constant(0.5) };
    const net = await create([dropout(0), dense(2, "tanh", init)]);
    const without = await create([dense(2, "tanh", init)]);
    const [x, y] = [rows(20, 2, 1), rows(20, 2, 2)];
    const options = { optimizer: sgd({ learningRate: 0.1 }), epochs: 3 };
    expect(await net.fit(x, y, options)).toEqual(await without.fit(x, y, options));
    expect(net.parameters()[1]).toEqual(without.parameters()[0]);
  });
});

describe("batchNorm", () => {
  const ROWS = 1000;
  const x = rows(ROWS, 3, 1);
  const y = x.map(([a, b, c]) => [Math.sin(a!) * b!, a! + c!]);
  const all = { batchSize: ROWS, sampling: "sequential" as const };

  test("after many epochs predicts what it trained, but for the variance's N / (N − 1)", async () => {
    const net = await Network.create({
      inputs: 3,
      layers: [dense(8), batchNorm(), activation("tanh"), dense(2)],
      loss: "meanSquaredError",
      precision: "f64",
      seed: 2,
    });
    const history = await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), epochs: 200, ...all });
    // The statistics come to the end of their way: 0.9^400 is below 2⁻⁵³.
    const { loss } = await net.fit(x, y, { optimizer: still, epochs: 400, ...all });
    const trained = loss.at(-1)!;
    expect(trained).toBeLessThan(history.loss[0]! / 2);
    const evaluated = net.evaluate(x, y).loss;
    // x̂ is smaller by a part of 1/2N, and the loss of a trained network changes by no larger part.
    expect(Math.abs(evaluated - trained) / trained).toBeLessThan(1 / ROWS);
    expect(evaluated).not.toBe(trained);
  });

  test("that is not trained keeps its statistics, and trains and predicts by them, also a row at a time", async () => {
    const layers = [dense(5, "tanh"), batchNorm({ trainable: false }), dense(2)];
    const net = await Network.create({ inputs: 3, layers, loss: "meanSquaredError", precision: "f64" });
    const [first, , last] = net.parameters();
    const kept = {
      weights: [1, 2, 0.5, -1, 3],
      biases: [0, 1, -1, 0.5, 2],
      mean: [0.1, 0.2, 0.3, 0.4, 0.5],
      variance: [1, 2, 0.5, 3, 0.25],
    };
    net.setParameters([first!, kept, last!]);
    const [some, targets] = [x.slice(0, 200), y.slice(0, 200)];
    // What is reported is the loss before the step: that of prediction, in the same order.
    const before = net.evaluate(some, targets).loss;
    const options = { optimizer: sgd({ learningRate: 0.01 }), sampling: "sequential" as const };
    expect((await net.fit(some, targets, { ...options, batchSize: 200 })).loss).toEqual([before]);
    await net.fit(some, targets, { ...options, batchSize: 1, epochs: 2 });
    const after = net.parameters();
    const plain = Object.fromEntries(Object.entries(after[1]!).map(([name, values]) => [name, [...values]]));
    expect(plain).toEqual({ ...kept, shape: [5] });
    expect(after[0]).not.toEqual(first);
    expect(net.evaluate(some, targets).loss).toBeLessThan(before);
  });

  test("has statistics that setParameters leaves as they are where they are left out", async () => {
    const net = await Network.create({ inputs: 2, layers: [batchNorm()], loss: "meanSquaredError", precision: "f64" });
    net.setParameters([{ weights: [2, 3], biases: [1, 1], mean: [5, 6], variance: [7, 8] }]);
    net.setParameters([{ weights: [1, 1], biases: [0, 0] }]);
    const { mean, variance } = net.parameters()[0]!;
    expect([[...mean!], [...variance!]]).toEqual([
      [5, 6],
      [7, 8],
    ]);
  });
});

describe.each(PRECISIONS)("in %s", (precision) => {
  test("a row predicts the same bits alone and in any batch, with every layer", async () => {
    const layers = [
      batchNorm(),
      dropout(0.2),
      dense(33, "gelu"),
      layerNorm(),
      dense(17, "softmax"),
      activation("elu"),
      batchNorm(),
      dense(9),
      activation("hardSigmoid"),
      layerNorm(),
      dense(5, "selu"),
    ];
    const net = await Network.create({ inputs: 7, layers, loss: "softmaxCrossEntropy", precision, seed: 3 });
    const x = rows(700, 7, 4);
    const labels = x.map((_, i) => i % 5);
    await net.fit(x, labels, { optimizer: adam({ learningRate: 0.01 }), epochs: 2 });
    const [all, logits] = [net.predict(x), net.logits(x)];
    expect(new Set(logits).size).toBeGreaterThan(3000);
    for (const i of [0, 1, 3, 255, 256, 511, 699]) {
      expect(net.predict([x[i]!])).toEqual(all.slice(5 * i, 5 * i + 5));
      expect(net.logits([x[i]!])).toEqual(logits.slice(5 * i, 5 * i + 5));
    }
    for (const size of [2, 3, 5, 64, 300]) {
      for (let first = 0; first + size <= 700; first += 97) {
        expect(net.predict(x.slice(first, first + size))).toEqual(all.slice(5 * first, 5 * (first + size)));
      }
    }
  });
});

test("parameters has an entry for each layer, with what it has and how that begins", async () => {
  const init = { weights: constant(0.5), biases: constant(0.25) };
  const layers = [
    batchNorm(),
    dropout(0.5),
    dense(2, "gelu", init),
    activation("tanh"),
    layerNorm(),
    dense(1, "identity", init),
    batchNorm({ trainable: false }),
  ];
  const net = await Network.create({ inputs: 3, layers, loss: "meanSquaredError", precision: "f64" });
  const all = (count: number, value: number) => new Float64Array(count).fill(value);
  const none = { weights: all(0, 0), biases: all(0, 0), shape: [] };
  const scaled = (n: number) => ({ weights: all(n, 1), biases: all(n, 0), shape: [n] });
  const parameters = [
    { ...scaled(3), mean: all(3, 0), variance: all(3, 1) },
    none,
    { weights: all(6, 0.5), biases: all(2, 0.25), shape: [3, 2] },
    none,
    scaled(2),
    { weights: all(2, 0.5), biases: all(1, 0.25), shape: [2, 1] },
    { ...scaled(1), mean: all(1, 0), variance: all(1, 1) },
  ];
  expect(net.parameters()).toEqual(parameters);
  // Gradients are laid out as the parameters are; statistics have none.
  const sizes = net
    .gradients([[1, 2, 3]], [1])
    .layers.map((layer) => Object.entries(layer).map(([k, v]) => [k, v.length]));
  expect(sizes).toEqual(
    parameters.map(({ weights, biases }) => [
      ["weights", weights.length],
      ["biases", biases.length],
    ]),
  );
  // What is given back changes nothing.
  net.setParameters(net.parameters());
  expect(net.parameters()).toEqual(parameters);
});

describe("a network whose layers learn nothing", () => {
  const x = rows(40, 3, 5);
  const y = rows(40, 3, 6);
  // tanh of each number, by the engine: two roundings of numbers below 1 apart at most.
  const expected = x.flat().map(Math.tanh);
  const loss = expected.reduce((sum, value, i) => sum + (value - y.flat()[i]!) ** 2, 0) / expected.length;

  test.each<[string, Layer[]]>([
    ["an activation", [activation("tanh")]],
    ["dropout and an activation", [dropout(0), activation("tanh")]],
    [
      "normalisations that are not trained, with statistics of 0 and 1",
      [batchNorm({ trainable: false, epsilon: 1e-300 }), activation("tanh")],
    ],
  ])("predicts, evaluates and trains without a change: %s", async (_, layers) => {
    const net = await Network.create({ inputs: 3, layers, loss: "meanSquaredError", precision: "f64" });
    const before = net.save();
    for (const [i, value] of net.predict(x).entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-15);
    for (const optimizer of [sgd({ learningRate: 0.1 }), adam(), sgd({ learningRate: 0.1, clipGlobalNorm: 1 })]) {
      const history = await net.fit(x, y, { optimizer, epochs: 2, batchSize: 7 });
      // 120 squares below 10, each rounded to 2⁻⁵³ of a sum below 1200
      for (const value of [...history.loss, net.evaluate(x, y).loss, net.gradients(x, y).loss]) {
        expect(Math.abs(value - loss)).toBeLessThan(1e-13);
      }
    }
    expect((await Network.load(before)).predict(x)).toEqual(net.predict(x));
    expect(net.parameters()).toEqual((await Network.load(before)).parameters());
  });
});

describe("layers in an odd order", () => {
  const x = rows(120, 4, 7);
  const classes = x.map(([a, b]) => (a! > 0.5 ? 0 : b! > 0 ? 1 : 2));
  const oneHot = classes.map((label) => [0, 1, 2].map((j) => Number(j === label)));

  test.each<[string, Layer[], Loss]>([
    ["dropout first", [dropout(0.1), dense(12, "tanh"), dense(3)], "softmaxCrossEntropy"],
    ["batchNorm of the inputs", [batchNorm(), dense(12, "silu"), dense(3)], "softmaxCrossEntropy"],
    ["an activation of the inputs", [activation("softplus"), dense(12, "tanh"), dense(3)], "softmaxCrossEntropy"],
    ["an activation last", [dense(12, "tanh"), dense(3), activation("hardSigmoid")], "meanSquaredError"],
    ["two activations in a row", [dense(12), activation("tanh"), activation("elu"), dense(3)], "softmaxCrossEntropy"],
    ["softmax last", [dense(12, "gelu"), dense(3, "softmax")], "meanSquaredError"],
    ["softmax inside", [dense(12, "softmax"), layerNorm(), dense(3)], "softmaxCrossEntropy"],
    ["a normalisation last", [dense(12, "relu"), dense(3), batchNorm()], "softmaxCrossEntropy"],
    ["dropout last", [dense(12, "relu"), dense(3), dropout(0.05)], "softmaxCrossEntropy"],
    [
      "normalisations in a row",
      [batchNorm(), layerNorm(), batchNorm(), dense(12, "tanh"), dense(3)],
      "softmaxCrossEntropy",
    ],
  ])("learn what any do, and are the same when saved and loaded: %s", async (_, layers, loss) => {
    const net = await Network.create({ inputs: 4, layers, loss, seed: 1 });
    const y = loss === "softmaxCrossEntropy" ? classes : oneHot;
    const before = net.evaluate(x, y);
    await net.fit(x, y, { optimizer: adam({ learningRate: 0.01 }), epochs: 100, batchSize: 30 });
    const after = net.evaluate(x, y);
    expect(after.loss).toBeLessThan(before.loss / 2);
    // Two of the four inputs decide, in three corners: nine of ten are a matter of training, a third of luck.
    expect(after.accuracy).toBeGreaterThan(0.9);
    const loaded = await Network.load(net.save());
    expect(loaded.evaluate(x, y)).toEqual(after);
    expect(loaded.predict(x)).toEqual(net.predict(x));
  });
});
