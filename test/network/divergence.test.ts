import { describe, expect, test } from "vitest";
import {
  constant,
  DivergedError,
  dense,
  lbfgs,
  levenbergMarquardt,
  Network,
  type Precision,
  sgd,
} from "../../src/index.ts";
import { classifier, labels, options, regression, scalars, x } from "./samples.ts";

const at = (learningRate: number) => ({ optimizer: sgd({ learningRate }), batchSize: 4 });

const divergence = async (result: Promise<unknown>): Promise<DivergedError> => {
  const error = await result.catch((reason) => reason);
  expect(error).toBeInstanceOf(DivergedError);
  return error as DivergedError;
};

describe.each<Precision>(["f32", "f64"])("a loss that becomes infinite in %s", (precision) => {
  test("is a DivergedError with step, epoch and rate, and the network is as before", async () => {
    const net = await regression({ precision });
    const bytes = net.save();
    const error = await divergence(net.fit(x, scalars, { ...at(1e30), epochs: 50 }));
    // A step multiplies the weights by about 10³⁰, the loss by its square: a few steps fill f32 or f64.
    expect(error.step).toBeGreaterThan(0);
    expect(error.step).toBeLessThan(20);
    expect(error).toMatchObject({ learningRate: 1e30, epoch: Math.ceil(error.step / 3) });
    expect(error.message).toContain(`diverged at step ${error.step}, epoch ${error.epoch}, learning rate 1e+30`);
    // The features are within ±1, and the first step's loss was finite.
    expect(error.likely).toMatch(/^the loss grew from \S+ to \S+: lower the learning rate$/);
    expect(error.message.endsWith(`; ${error.likely}`)).toBe(true);
    if (error.epoch === 1) expect(net.save()).toEqual(bytes);
    else expect(net.epoch).toBe(error.epoch - 1);
  });

  test("after good epochs leaves the network at the end of the last whole one, bit for bit", async () => {
    // Each step multiplies the error by about 1 − 2ηΣx²: some −3 for this rate, so that f32 takes tens of steps.
    const [net, expected] = [await regression({ precision }), await regression({ precision })];
    await net.fit(x, scalars, { ...at(0.01), epochs: 3 });
    await expected.fit(x, scalars, { ...at(0.01), epochs: 3 });
    const error = await divergence(net.fit(x, scalars, { ...at(2), epochs: 10_000 }));
    // at least one epoch of the second call was whole
    expect(error.epoch).toBeGreaterThan(4);
    expect(error.learningRate).toBe(2);
    const history = await expected.fit(x, scalars, { ...at(2), epochs: error.epoch - 4 });
    expect(net.save()).toEqual(expected.save());
    expect(net.history.loss).toEqual(history.loss);
    // It is found in the step in which it happens: the steps before have finite losses.
    const whole = error.step - 1 - net.step;
    expect(whole).toBeGreaterThan(0);
    expect((await expected.fit(x, scalars, { ...at(2), stepsPerEpoch: whole })).loss[0]).toBeLessThan(Infinity);
    expect(whole).toBeLessThan(3);
  });

  test("does not keep the network from training at a lower rate", async () => {
    const [net, expected] = [await regression({ precision }), await regression({ precision })];
    await divergence(net.fit(x, scalars, { ...at(1e30), stepsPerEpoch: 100 }));
    const history = await net.fit(x, scalars, { ...at(0.05), epochs: 20 });
    expect(history).toEqual(await expected.fit(x, scalars, { ...at(0.05), epochs: 20 }));
    expect(net.save()).toEqual(expected.save());
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0]! / 2);
  });

  test("rejects the next value of train, and calls onEpoch for whole epochs only", async () => {
    const net = await regression({ precision });
    const epochs: number[] = [];
    const iterator = net.train(x, scalars, { ...at(2), epochs: 10_000, onEpoch: ({ epoch }) => epochs.push(epoch) });
    const drain = async () => {
      for await (const { loss } of iterator) expect(loss).toBeLessThan(Infinity);
    };
    const { epoch } = await divergence(drain());
    expect(epochs).toEqual(Array.from({ length: epoch - 1 }, (_, i) => i + 1));
  });
});

test("a gradient that is not finite is found in the step that makes it, even where the loss is", async () => {
  // ŷ = x·w with x = 10²⁵, w = 10⁻¹⁰: ŷ = 10¹⁵, loss 10³⁰; its derivative by w is 2·10¹⁵·10²⁵ = 2·10⁴⁰: no f32.
  const layers = [dense(1, "identity", { weights: constant(1e-10) })];
  const net = await Network.create({ inputs: 1, layers, loss: "meanSquaredError" });
  const bytes = net.save();
  const error = await divergence(net.fit([[1e25]], [0], { ...at(0.1), epochs: 5 }));
  expect([error.step, error.epoch]).toEqual([1, 1]);
  expect(error.loss).toBeGreaterThan(0.99e30);
  expect(error.loss).toBeLessThan(1.01e30);
  expect(error.layer).toBe(0);
  expect(error.likely).toBe("features reach 1e+25 (column 0): scale them");
  expect(net.save()).toEqual(bytes);
});

describe("the likeliest cause", () => {
  const line = (inputs: number | { shape: number; scale?: number; offset?: number }, layers = [dense(1)]) =>
    Network.create({ inputs, layers, loss: "meanSquaredError", precision: "f64" });
  const rows = x.map(([a, b, c], i) => [a!, b!, i === 7 ? -50_123 : c!]);
  const diverging = { optimizer: sgd({ learningRate: 1e3 }), epochs: 1000 };

  test("is the feature that is largest as the first layer sees it, beyond 1000", async () => {
    const likely = async (net: Promise<Network<"f64">>, features: number[][]) =>
      (await divergence((await net).fit(features, scalars, diverging))).likely;
    expect(await likely(line(3), rows)).toBe("features reach 50100 (column 2): scale them");
    const bytes = x.map((row) => Uint8Array.from(row, (_, i) => 10 * i));
    expect(await likely(line({ shape: 3, scale: 100, offset: -1e4 }), bytes as never)).toBe(
      "features reach 10000 (column 0): scale them",
    );
    const scaled = await likely(line({ shape: 3, scale: 1 / 50_123 }), rows);
    expect(scaled).toMatch(/^the loss grew from/);
  });

  test("is the growth of the loss, from the lowest that the history has", async () => {
    const net = await line(3);
    await net.fit(x, scalars, { optimizer: sgd({ learningRate: 0.1 }), epochs: 2 });
    const { likely } = await divergence(net.fit(x, scalars, { ...diverging, optimizer: sgd({ learningRate: 2 }) }));
    const { loss } = net.history;
    const [, from, to] = /^the loss grew from (\S+) to (\S+): lower the learning rate$/.exec(likely)!;
    expect(Number(from)).toBe(Number(Math.min(...loss).toPrecision(3)));
    expect(Number(to)).toBeGreaterThanOrEqual(Number(loss.at(-1)!.toPrecision(3)));
  });

  test("is not known where the first step fails; and without a learning rate only features help", async () => {
    // The squares of targets of 10²⁰⁰ are no f64; the parameters change by a finite amount.
    const targets = scalars.map(() => 1e200);
    const first = await divergence(
      (await line(3)).fit(x, targets, { ...diverging, optimizer: sgd({ learningRate: 1e-9 }) }),
    );
    expect(first).toMatchObject({ step: 1, layer: undefined, likely: "lower the learning rate or scale the features" });
    expect(first.message).not.toContain("in layer");
    const other = await divergence((await line(3)).fit(x, targets, { optimizer: lbfgs() }));
    expect(other).toMatchObject({ layer: undefined, learningRate: undefined, likely: "scale the features" });
  });

  test("names the first layer that is not finite", async () => {
    // Only the last layer is trained: its weights, 10³⁰⁸ after one step, are no f64 after another.
    const net = await line(3, [dense(2, "tanh", { trainable: false }), dense(1)]);
    const error = await divergence(net.fit(x, scalars, { ...diverging, optimizer: sgd({ learningRate: 1e308 }) }));
    expect(error.layer).toBe(1);
    expect(error.message).toContain(`loss ${error.loss}, first in layer 1; the network is`);
  });
});

test("after an interrupted epoch, divergence goes back to where the next call began", async () => {
  const [net, expected] = [await classifier(), await classifier()];
  for (const one of [net, expected]) {
    for await (const { step } of one.train(x, labels, { ...options, every: 1 })) if (step === 2) break;
  }
  // ŷ grows by η·x: softmax's loss is linear in it, and parameters beyond f32 end it.
  await divergence(net.fit(x, labels, { ...at(3e38), epochs: 9 }));
  expect(net.save()).toEqual(expected.save());
});

test.each([
  // ŷ = 10¹⁵ as above: only its derivative, 2·10⁴⁰, is no f32.
  ["lbfgs, by a gradient", lbfgs(), "f32", 1e-10, 1e25],
  // The derivative is 10¹⁸⁰, but JᵀJ 10³²⁰.
  ["levenbergMarquardt, by JᵀJ", levenbergMarquardt(), "f64", 1e-140, 1e160],
  // After a step that changes nothing, w² is no f64.
  ["sgd with a largest norm, by a square", sgd({ learningRate: 1e-300 }), "f64", 1e200, 1e-200],
] as const)(
  "what is not finite is found in the step that makes it with %s",
  async (_, optimizer, precision, w, feature) => {
    const layers = [
      dense(1, "identity", { weights: constant(w), ...(optimizer.type === "sgd" ? { maxNorm: 3 } : {}) }),
    ];
    const net = await Network.create({ inputs: 1, layers, loss: "meanSquaredError", precision });
    const bytes = net.save();
    const error = await divergence(net.fit([[feature]], [0], { optimizer, epochs: 5 }));
    expect(error).toMatchObject({ step: 1, epoch: 1, learningRate: optimizer.type === "sgd" ? 1e-300 : undefined });
    expect(error.loss).toBeLessThan(Infinity);
    expect(net.save()).toEqual(bytes);
    expect(net.history.loss).toEqual([]);
  },
);
