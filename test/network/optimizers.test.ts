import { describe, expect, test } from "vitest";
import {
  type Adam,
  adam,
  constant,
  DivergedError,
  dense,
  type FitOptions,
  Network,
  type Precision,
  sgd,
} from "../../src/index.ts";
import { formula, type State } from "../reference/adam.ts";
import { seeded } from "../reference/seeded.ts";

const INPUTS = 5;
const ROWS = 23;

function rows(count: number, width: number, seed: number): number[][] {
  const next = seeded(seed);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => 2 * next() - 1));
}

const x = rows(ROWS, INPUTS, 1);
const y = rows(ROWS, 3, 2);

/** Widths that leave padding in both precisions. */
const create = <P extends Precision>(precision: P) =>
  Network.create({
    inputs: INPUTS,
    layers: [dense(7, "tanh"), dense(6, "sigmoid"), dense(3)],
    loss: "meanSquaredError",
    precision,
    seed: 4,
  });

type Net = Network<Precision>;

/** All parameters as one list. */
const flat = (layers: readonly { weights: ArrayLike<number>; biases: ArrayLike<number> }[]) =>
  Float64Array.from(layers.flatMap(({ weights, biases }) => [...Array.from(weights), ...Array.from(biases)]));

const SETTINGS = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Trains in the order of the rows, so that an epoch does not depend on its number. */
const train = (net: Net, optimizer: FitOptions["optimizer"], epochs: number, batchSize = 4) =>
  net.fit(x, y, { optimizer, epochs, batchSize, sampling: "sequential" });

test("adam's defaults are those of Kingma & Ba", () => {
  expect(adam()).toEqual({ type: "adam", learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
});

test.each([
  ["its defaults", {}],
  ["other settings", { learningRate: 0.05, beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }],
  ["no moments", { beta1: 0, beta2: 0 }],
])("full batches with adam, %s, take the steps of Kingma & Ba's formula along gradients()", async (_, options) => {
  const net = await create("f64");
  const optimizer = adam(options);
  const w = flat(net.parameters());
  const state: State = { w, m: new Float64Array(w.length), v: new Float64Array(w.length), t: 0 };
  for (let step = 1; step <= 50; step++) {
    formula(state, flat(net.gradients(x, y).layers), { ...SETTINGS, learningRate: 0.001, ...options });
    await train(net, optimizer, 1, ROWS);
    // Both follow the network's own gradients, whose rows `gradients` adds up in the same order: what is left is the rounding of the
    // update, about 1e-16 a step, carried on by the moments; 1e-12 leaves room for steps by √v near 0.
    const actual = flat(net.parameters());
    for (const [i, value] of actual.entries())
      expect(Math.abs(value - state.w[i]!), `step ${step}`).toBeLessThan(1e-12);
    // The next step begins where the network is.
    state.w.set(actual);
  }
});

describe.each(["f32", "f64"] as const)("%s", (precision) => {
  test("two fits of 5 epochs with one optimizer equal one of 10, bit for bit", async () => {
    const [once, twice] = [await create(precision), await create(precision)];
    const optimizer = adam(SETTINGS);
    const whole = await train(once, adam(SETTINGS), 10);
    const first = await train(twice, optimizer, 5);
    const second = await train(twice, optimizer, 5);
    expect(twice.parameters()).toEqual(once.parameters());
    expect([...first.loss, ...second.loss]).toEqual(whole.loss);
  });

  test("a new optimizer starts anew, though it is alike", async () => {
    const [onward, anew, reference] = [await create(precision), await create(precision), await create(precision)];
    const optimizer = adam(SETTINGS);
    await train(onward, optimizer, 5);
    await train(onward, optimizer, 5);
    await train(anew, adam(SETTINGS), 5);
    const between = anew.parameters();
    await train(anew, adam(SETTINGS), 5);
    expect(anew.parameters()).not.toEqual(onward.parameters());
    // What starts anew has nothing but the parameters.
    reference.setParameters(between);
    await train(reference, adam(SETTINGS), 5);
    expect(anew.parameters()).toEqual(reference.parameters());
  });

  const BETWEEN: [string, (net: Net) => unknown][] = [
    ["predict of more rows than a plan holds", (net) => net.predict(rows(1000, INPUTS, 3))],
    ["gradients", (net) => net.gradients(x, y)],
    ["evaluate", (net) => net.evaluate(x, y)],
    ["derivatives", (net) => net.derivatives(x[0]!)],
    ["save", (net) => net.save()],
    ["setParameters of its own", (net) => net.setParameters(net.parameters())],
    [
      "a fit that is refused",
      (net) => expect(train(net, { type: "adam", learningRate: -1 } as Adam, 1)).rejects.toThrow(RangeError),
    ],
  ];

  test.each(BETWEEN)("slots survive %s between two fits", async (_, between) => {
    const [straight, interrupted] = [await create(precision), await create(precision)];
    await train(straight, adam(SETTINGS), 10);
    const optimizer = adam(SETTINGS);
    await train(interrupted, optimizer, 5);
    await between(interrupted);
    await train(interrupted, optimizer, 5);
    expect(interrupted.parameters()).toEqual(straight.parameters());
  });

  test("divergence puts the slots and the time back too: the next fit equals one that never diverged", async () => {
    const [straight, diverged] = [await create(precision), await create(precision)];
    await train(straight, adam(SETTINGS), 10);
    const optimizer = adam(SETTINGS);
    await train(diverged, optimizer, 5);
    const before = diverged.parameters();
    // Five steps on other targets before one whose gradient, loss or square of a gradient overflows.
    const targets = rows(ROWS, 3, 9);
    targets[ROWS - 1] = new Array(3).fill(precision === "f32" ? 3e38 : 1e300);
    const bad = diverged.fit(x, targets, { optimizer, epochs: 3, batchSize: 4, sampling: "sequential" });
    await expect(bad).rejects.toThrow(DivergedError);
    expect(diverged.parameters()).toEqual(before);
    await train(diverged, optimizer, 5);
    expect(diverged.parameters()).toEqual(straight.parameters());
    expect([diverged.epoch, diverged.step]).toEqual([straight.epoch, straight.step]);
  });
});

test("divergence in a later epoch puts the slots and the time back to the end of the one before", async () => {
  // A step of 1e160 in the first epoch, whose square overflows in the second.
  const settings = { learningRate: 1e160, beta1: 0.5, beta2: 0.75, epsilon: 1e-8 };
  const begin = () =>
    Network.create({
      inputs: 2,
      layers: [dense(1, "identity", { weights: constant(1) })],
      loss: "meanSquaredError",
      precision: "f64",
    });
  const take = (net: Net, optimizer: Adam, epochs: number, targets = [0.5, 3]) =>
    net.fit(
      [
        [1, 2],
        [3, -1],
      ],
      targets,
      { optimizer, epochs, sampling: "sequential" },
    );
  const again = async (net: Net, optimizer: Adam) => {
    net.setParameters([{ weights: [1, -2], biases: [3] }]);
    await take(net, optimizer, 1, [-7, 1]);
    return net.parameters();
  };
  const [diverged, straight, fresh] = [await begin(), await begin(), await begin()];
  const [first, second] = [adam(settings), adam(settings)];
  await expect(take(diverged, first, 5)).rejects.toMatchObject({ name: "DivergedError", epoch: 2, step: 2 });
  await take(straight, second, 1);
  expect(diverged.parameters()).toEqual(straight.parameters());
  const after = await again(diverged, first);
  expect(after).toEqual(await again(straight, second));
  expect(after).not.toEqual(await again(fresh, adam(settings)));
});

test("slots survive plans for other rows and batches: every step is that of the formula with the moments of all before", async () => {
  const [net, twin] = [await create("f64"), await create("f64")];
  const optimizer = adam(SETTINGS);
  const w = flat(net.parameters());
  const state: State = { w, m: new Float64Array(w.length), v: new Float64Array(w.length), t: 0 };
  const bytes = Uint8Array.from({ length: 8 * INPUTS }, (_, i) => (37 * i) % 4);
  const sets: [rows: number, features: number[][] | Uint8Array][] = [
    [4, rows(4, INPUTS, 5)],
    [23, x],
    [300, rows(300, INPUTS, 6)],
    [8, bytes],
    [1, rows(1, INPUTS, 7)],
    [700, rows(700, INPUTS, 8)],
  ];
  for (const [count, features] of [...sets, ...sets]) {
    const targets = rows(count, 3, count);
    twin.setParameters(net.parameters());
    formula(state, flat(twin.gradients(features, targets).layers), SETTINGS);
    await net.fit(features, targets, { optimizer, batchSize: count, sampling: "sequential" });
    // `gradients` adds up a batch of 300 or 700 rows in the same order, chunk by chunk: the tolerance is that of the update alone.
    const actual = flat(net.parameters());
    for (const [i, value] of actual.entries())
      expect(Math.abs(value - state.w[i]!), `${count} rows`).toBeLessThan(1e-12);
    state.w.set(actual);
  }
});

test("slots survive when rows of more than 16 MiB are let go after a fit", async () => {
  const [large, small] = [await create("f64"), await create("f64")];
  const [many, few] = [adam(SETTINGS), adam(SETTINGS)];
  const count = 2 ** 24 / (8 * INPUTS);
  const features = Float64Array.from({ length: INPUTS * Math.ceil(count) }, (_, i) => Math.sin(i));
  const targets = Float64Array.from({ length: 3 * Math.ceil(count) }, (_, i) => Math.cos(i));
  for (let call = 0; call < 3; call++) {
    const options = { batchSize: 4, sampling: "sequential" as const };
    await large.fit(features, targets, { optimizer: many, stepsPerEpoch: 2, ...options });
    // The first two batches alone.
    await small.fit(features.slice(0, 8 * INPUTS), targets.slice(0, 8 * 3), { optimizer: few, ...options });
  }
  expect(large.parameters()).toEqual(small.parameters());
});

test("sgd after adam, and adam after sgd, begin with nothing but the parameters", async () => {
  const [net, reference] = [await create("f64"), await create("f64")];
  await train(net, adam(SETTINGS), 3);
  reference.setParameters(net.parameters());
  await train(net, sgd({ learningRate: 0.1 }), 3);
  await train(reference, sgd({ learningRate: 0.1 }), 3);
  expect(net.parameters()).toEqual(reference.parameters());
  const onward = await create("f64");
  onward.setParameters(net.parameters());
  await train(net, adam(SETTINGS), 3);
  await train(onward, adam(SETTINGS), 3);
  expect(net.parameters()).toEqual(onward.parameters());
});

test("a network without parameters is fitted with adam, and stays as it is", async () => {
  const net = await Network.create({ inputs: 1, layers: [], loss: "meanSquaredError", precision: "f64" });
  const { loss } = await net.fit([[1], [2]], [1, 4], { optimizer: adam(), epochs: 2 });
  // ((1 − 1)² + (2 − 4)²) / 2
  expect(loss).toEqual([2, 2]);
});

describe("adam's bad options are named with their values and what is allowed", () => {
  const UNIT = "expected a number in [0, 1)";
  const POSITIVE = "expected a positive finite number";
  test.each([
    [{ beta1: 1 }, RangeError, `adam: beta1 is 1, ${UNIT}`],
    [{ beta1: -0.1 }, RangeError, `adam: beta1 is -0.1, ${UNIT}`],
    [{ beta1: Number.NaN }, RangeError, `adam: beta1 is NaN, ${UNIT}`],
    [{ beta1: "0.9" }, TypeError, `adam: beta1 is "0.9", ${UNIT}`],
    [{ beta2: 1 }, RangeError, `adam: beta2 is 1, ${UNIT}`],
    [{ beta2: -0.1 }, RangeError, `adam: beta2 is -0.1, ${UNIT}`],
    [{ beta2: Number.NaN }, RangeError, `adam: beta2 is NaN, ${UNIT}`],
    [{ beta2: null }, TypeError, `adam: beta2 is null, ${UNIT}`],
    [{ epsilon: 0 }, RangeError, `adam: epsilon is 0, ${POSITIVE}`],
    [{ epsilon: -1e-8 }, RangeError, `adam: epsilon is -1e-8, ${POSITIVE}`],
    [{ epsilon: Infinity }, RangeError, `adam: epsilon is Infinity, ${POSITIVE}`],
    [{ learningRate: 0 }, RangeError, `adam: learningRate is 0, ${POSITIVE}`],
    [{ learningRate: Number.NaN }, RangeError, `adam: learningRate is NaN, ${POSITIVE}`],
    [
      { momentum: 0.9 },
      TypeError,
      'adam: unknown option "momentum", expected one of learningRate, weightDecay, decoupled, clipValue, clipNorm, clipGlobalNorm, beta1, beta2, epsilon, amsgrad',
    ],
    [0.001, TypeError, "adam: options is 0.001, expected a plain object"],
  ])("%j", (options, kind, message) => {
    expect(() => adam(options as object)).toThrow(new kind(message));
    expect(() => adam(options as object)).toThrow(kind);
  });
});
