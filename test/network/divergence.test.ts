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
  expect(net.save()).toEqual(bytes);
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
