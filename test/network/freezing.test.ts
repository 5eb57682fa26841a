import { describe, expect, test } from "vitest";
import {
  activation,
  adam,
  batchNorm,
  constant,
  dense,
  dropout,
  lbfgs,
  Network,
  type Precision,
  StateError,
  sgd,
} from "../../src/index.ts";
import { classifier, labels, options, regression, scalars, x } from "./samples.ts";

describe.each<Precision>(["f32", "f64"])("clone in %s", (precision) => {
  const layers = [dense(4), batchNorm(), activation("tanh"), dropout(0.25), dense(2)];

  test("has the bytes of the original, and neither changes the other", async () => {
    const net = await classifier({ precision, layers });
    await net.fit(x, labels, { ...options, optimizer: adam(), epochs: 3 });
    const bytes = net.save();
    const copy = net.clone();
    expect(copy.save()).toEqual(bytes);
    expect([copy.step, copy.epoch, copy.precision, copy.history.loss]).toEqual([9, 3, precision, []]);
    expect(copy.predict(x)).toEqual(net.predict(x));
    await copy.fit(x, labels, options);
    expect(net.save()).toEqual(bytes);
    expect([net.step, copy.step]).toEqual([9, 12]);
    // With an optimizer that both begin with, both come to the same.
    await net.fit(x, labels, options);
    expect(copy.save()).toEqual(net.save());
    net.dispose();
    expect(copy.predict(x)).toHaveLength(22);
    expect(() => net.clone()).toThrow(StateError);
  });

  test("prepares data as the original does: with its scalers, and with its names for classes", async () => {
    const far = x.map((row) => row.map((value) => 100 + 50 * value));
    const named = labels.map((label) => ["yes", "no"][label]!);
    const net = await classifier({ precision });
    await net.fit(far, named, { ...options, epochs: 5, scale: { x: "standard" } });
    const values = await regression({ precision });
    const targets = scalars.map(([value]) => 1000 + 10 * value!);
    await values.fit(far, targets, { ...options, epochs: 5, scale: { x: "minMax", y: "standard" } });
    const [copy, other] = [net.clone(), values.clone()];
    expect(copy.predict(far)).toEqual(net.predict(far));
    expect(copy.classify(far, { names: true })).toEqual(net.classify(far, { names: true }));
    expect(new Set(copy.classify(far, { names: true }))).toEqual(new Set(["yes", "no"]));
    expect(copy.evaluate(far, named)).toEqual(net.evaluate(far, named));
    expect(other.predict(far)).toEqual(values.predict(far));
    // In the units of y: without its scaler they would lie around 0.
    expect(Math.min(...other.predict(far))).toBeGreaterThan(900);
  });

  test("has no optimizer's state: its Adam begins with the moments 0", async () => {
    const optimizer = adam();
    const net = await classifier({ precision });
    await net.fit(x, labels, { ...options, optimizer });
    const [copy, loaded] = [net.clone(), await Network.load(net.save())];
    for (const one of [net, copy, loaded]) await one.fit(x, labels, { ...options, optimizer });
    expect(copy.save()).toEqual(loaded.save());
    expect(copy.save()).not.toEqual(net.save());
  });
});

describe("freeze", () => {
  const layers = [dense(4), batchNorm(), activation("tanh"), dense(2)];

  test("keeps parameters and statistics, trains as trainable: false does, and is saved", async () => {
    const net = await classifier({ layers });
    await net.fit(x, labels, options);
    const before = net.parameters();
    net.freeze([0, 1]);
    expect(net.parameters()).toEqual(before);
    const made = await classifier({
      layers: [dense(4, "identity", { trainable: false }), batchNorm({ trainable: false }), ...layers.slice(2)],
    });
    made.setParameters(before);
    await made.fit(x, labels, { ...options, optimizer: sgd({ learningRate: 1e-30 }) });
    made.setParameters(before);
    const loaded = await Network.load(net.save());
    expect(loaded.save()).toEqual(net.save());
    // All have taken one epoch, so that the orders of the next are the same.
    for (const one of [net, made, loaded]) await one.fit(x, labels, { ...options, epochs: 3 });
    expect(net.parameters().slice(0, 2)).toEqual(before.slice(0, 2));
    expect(net.parameters()[3]).not.toEqual(before[3]);
    expect(net.parameters()).toEqual(made.parameters());
    expect(net.save()).toEqual(made.save());
    expect(net.save()).toEqual(loaded.save());
  });

  test("and unfreeze leave the bytes as they were, and the moments where they stand", async () => {
    const optimizer = adam({ learningRate: 0.01 });
    const [net, plain] = [await classifier({ layers }), await classifier({ layers })];
    for (const one of [net, plain]) await one.fit(x, labels, { ...options, optimizer });
    net.freeze();
    net.unfreeze();
    expect(net.save()).toEqual(plain.save());
    for (const one of [net, plain]) await one.fit(x, labels, { ...options, optimizer });
    expect(net.save()).toEqual(plain.save());
    net.freeze();
    const frozen = net.parameters();
    await net.fit(x, labels, { ...options, optimizer, epochs: 2 });
    expect(net.parameters()).toEqual(frozen);
    net.unfreeze([3]);
    await net.fit(x, labels, { ...options, optimizer });
    expect(net.parameters().slice(0, 3)).toEqual(frozen.slice(0, 3));
    expect(net.parameters()[3]).not.toEqual(frozen[3]);
  });

  test("lets Adam go on with the moments of a layer: one parameter by hand", async () => {
    // ŷ = w₁·w₀·x with w₀ frozen at 1, x = 1, y = 0: g = 2·w₁. Moments of two steps, both of the same rate.
    const optimizer = adam({ learningRate: 0.5 });
    const one = () => dense(1, "identity", { weights: constant(1), rates: { biases: 0 } });
    const net = await Network.create({
      inputs: 1,
      layers: [one(), one()],
      loss: "meanSquaredError",
      precision: "f64",
    });
    const train = () => net.fit([[1]], [0], { optimizer });
    net.freeze([0]);
    await train();
    net.unfreeze();
    net.freeze([0]);
    await train();
    let [w, m, v] = [1, 0, 0];
    for (let t = 1; t <= 2; t++) {
      const g = 2 * w;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      w -= (0.5 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    }
    expect(net.parameters()[0]!.weights[0]).toBe(1);
    // A few roundings of f64.
    expect(net.parameters()[1]!.weights[0]).toBeCloseTo(w, 12);
  });

  test("keeps what lbfgs would move", async () => {
    const optimizer = lbfgs();
    const net = await Network.create({
      inputs: 3,
      layers: [dense(4, "tanh"), dense(1)],
      loss: "meanSquaredError",
      precision: "f64",
    });
    const train = () => net.fit(x, scalars, { optimizer, epochs: 5 });
    await train();
    net.freeze([0]);
    const [first] = net.parameters();
    const { loss } = await train();
    expect(net.parameters()[0]).toEqual(first);
    for (const [i, value] of loss.slice(1).entries()) expect(value).toBeLessThanOrEqual(loss[i]!);
  });

  test("is refused for other indices, and during fit", async () => {
    const net = await classifier({ layers });
    const bytes = net.save();
    for (const wrong of [[2], [4], [-1], [0.5], [0, 7]]) {
      expect(() => net.freeze(wrong)).toThrow(RangeError);
      expect(() => net.freeze(wrong)).toThrow(
        `freeze: layer is ${wrong.at(-1)}, expected one of those with parameters: 0, 1, 3`,
      );
    }
    expect(() => net.unfreeze(0 as never)).toThrow("unfreeze: layers is 0, expected an array of indices");
    expect(() => net.freeze(["0"] as never)).toThrow(TypeError);
    expect(net.save()).toEqual(bytes);
    for await (const _ of net.train(x, labels, { ...options, every: 1 })) {
      for (const change of [() => net.freeze(), () => net.unfreeze()]) expect(change).toThrow(StateError);
      expect(net.clone().save()).toEqual(net.save());
      break;
    }
  });
});
