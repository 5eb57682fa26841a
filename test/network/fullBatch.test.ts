import { describe, expect, test } from "vitest";
import {
  adam,
  DivergedError,
  dense,
  type Features,
  type Layer,
  lbfgs,
  levenbergMarquardt,
  Network,
  type Optimizer,
  type Precision,
  sgd,
  type TargetValues,
} from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";
import { solve } from "../reference/solve.ts";
import { classifier, labels, x } from "./samples.ts";

// L-BFGS and Levenberg–Marquardt as `fit` uses them. What they compute, given a loss and its derivatives, is tested by itself.

const METHODS: [string, (options?: { tolerance?: number }) => Optimizer][] = [
  ["lbfgs", lbfgs],
  ["levenbergMarquardt", levenbergMarquardt],
];

const next = seeded(21);
const draw = (rows: number, width: number) =>
  Array.from({ length: rows }, () => Array.from({ length: width }, () => 2 * next() - 1));

const rows = draw(40, 3);
/** A surface that two units make, and noise, so that the best fit is not a perfect one. */
const heights = rows.map(([a, b, c]) => Math.tanh(2 * a! + b!) - Math.tanh(b! - 2 * c!) + 0.2 * next());

/** 3-2-1 in f64: 11 parameters. */
const create = (layers: Layer[] = [dense(2, "tanh"), dense(1)]) =>
  Network.create({ inputs: 3, layers, loss: "meanSquaredError", precision: "f64", seed: 2 });

const largestOf = (values: readonly number[]) => Math.max(...values.map(Math.abs));

const flat = (layers: readonly { weights: ArrayLike<number>; biases: ArrayLike<number> }[]) =>
  layers.flatMap(({ weights, biases }) => [...Array.from(weights), ...Array.from(biases)]);

/** That the losses are those of a descent from `before` to the network's own. */
function expectDescent(before: number, losses: readonly number[], after: number): void {
  for (const [i, loss] of losses.entries()) expect(loss, `epoch ${i + 1}`).toBeLessThanOrEqual(losses[i - 1] ?? before);
  // A mean times the rows, divided by them: two roundings.
  expect(Math.abs(losses.at(-1)! - after)).toBeLessThanOrEqual(2 ** -51 * after);
}

describe.each(METHODS)("%s", (_, method) => {
  test("never lets the loss rise, and ends where the gradient is within the tolerance", async () => {
    const net = await create();
    const optimizer = method({ tolerance: 1e-5 });
    const before = net.evaluate(rows, heights).loss;
    const { loss } = await net.fit(rows, heights, { optimizer, epochs: 5000 });
    expectDescent(before, loss, net.evaluate(rows, heights).loss);
    expect(loss.at(-1)).toBeLessThan(before / 5);
    expect(largestOf(flat(net.gradients(rows, heights).layers))).toBeLessThanOrEqual(1e-5);
    expect(loss.length).toBeLessThan(5000);
    expect([net.epoch, net.step]).toEqual([loss.length, loss.length]);
    // At the end there is nothing left to do.
    const bytes = net.parameters();
    expect((await net.fit(rows, heights, { optimizer, epochs: 100 })).loss).toEqual([loss.at(-1)]);
    expect(net.parameters()).toEqual(bytes);
  });

  test("goes on from fit to fit: 4 epochs and 6 equal 10, bit for bit, whatever is read between and during them", async () => {
    const [once, twice] = [await create(), await create()];
    const whole = await once.fit(rows, heights, { optimizer: method(), epochs: 10 });
    const optimizer = method();
    const read = () => {
      twice.gradients(
        x,
        x.map((row) => row[0]!),
      );
      twice.evaluate(
        x,
        x.map((row) => row[1]!),
      );
      twice.predict(draw(300, 3));
      twice.derivatives(x[0]!);
    };
    const first = await twice.fit(rows, heights, { optimizer, epochs: 4, onEpoch: read });
    read();
    const second = await twice.fit(rows, heights, { optimizer, epochs: 6 });
    expect([...first.loss, ...second.loss]).toEqual(whole.loss);
    expect(twice.save()).toEqual(once.save());
  });

  test("begins anew with a new optimizer, and for new rows or parameters finds their loss", async () => {
    const [net, fresh] = [await create(), await create()];
    const optimizer = method();
    await net.fit(rows, heights, { optimizer, epochs: 5 });
    fresh.setParameters(net.parameters());
    const options = { optimizer: method(), epochs: 5 };
    expect(await net.fit(rows, heights, options)).toEqual(await fresh.fit(rows, heights, options));
    expect(net.parameters()).toEqual(fresh.parameters());
    // The optimizer that has been elsewhere begins at these rows' loss.
    const others = x.map((row) => row[2]!);
    net.setParameters((await create()).parameters());
    const before = net.evaluate(x, others).loss;
    const { loss } = await net.fit(x, others, { ...options, epochs: 20 });
    expectDescent(before, loss, net.evaluate(x, others).loss);
  });

  test("an abort from onEpoch or from a timer stops it after a whole iteration", async () => {
    const make = () => create([dense(24, "tanh"), dense(1)]);
    const features = draw(1500, 3);
    const targets = features.map(() => next());
    const net = await make();
    const controller = new AbortController();
    const options = { epochs: 1e6, signal: controller.signal };
    const onEpoch = ({ epoch }: { epoch: number }) => epoch === 2 && controller.abort("two are enough");
    const optimizer = method();
    await expect(net.fit(features, targets, { optimizer, ...options, onEpoch })).rejects.toBe("two are enough");
    expect([net.epoch, net.history.loss.length]).toEqual([2, 2]);
    // Noise: after so short a time it is not at the end.
    const signal = AbortSignal.timeout(20);
    await expect(net.fit(features, targets, { optimizer, ...options, signal })).rejects.toThrow(
      expect.objectContaining({ name: "TimeoutError" }),
    );
    expect(net.step).toBeGreaterThan(2);
    const expected = await make();
    await expected.fit(features, targets, { optimizer: method(), epochs: net.step });
    expect(net.save()).toEqual(expected.save());
  });

  test.each([
    ["loss", 1e200, [1, 2, 3]],
    // ŷ = 10¹⁰⁰, the loss 10²⁰⁰; its derivative 2·10¹⁰⁰·10²⁵⁰ is no f64.
    ["gradient", 1e-150, [1e250, 0, 0]],
  ])("a start whose %s is not finite is a DivergedError, and leaves the network as it was", async (_, weight, row) => {
    const [net, fresh] = [await create([dense(1)]), await create([dense(1)])];
    const parameters = net.parameters();
    const start = [{ weights: [weight, 0, 0], biases: [0] }];
    net.setParameters(start);
    const bytes = net.save();
    const optimizer = method();
    const error = await net.fit([row], [0], { optimizer, epochs: 5 }).catch((reason) => reason);
    expect(error).toBeInstanceOf(DivergedError);
    expect(error).toMatchObject({ step: 1, epoch: 1, learningRate: undefined });
    expect(net.save()).toEqual(bytes);
    // The optimizer has not begun.
    net.setParameters(parameters);
    const history = await fresh.fit(rows, heights, { optimizer: method(), epochs: 5 });
    expect(await net.fit(rows, heights, { optimizer, epochs: 5 })).toEqual(history);
    expect(net.save()).toEqual(fresh.save());
  });

  test("leaves layers and biases that do not learn their bits, and moves the others", async () => {
    const frozen = { trainable: false };
    const fixed = { rates: { biases: 0 } };
    const net = await create([
      dense(3, "tanh", frozen),
      dense(5, "tanh"),
      dense(2, "tanh", fixed),
      dense(1, "identity", frozen),
    ]);
    const start = net.parameters().map(({ weights, biases }) => ({ weights, biases }));
    // A zero's sign and the smallest numbers are bits too.
    start[0]!.weights.set([-0, 2 ** -1074, -(2 ** -1074)]);
    start[2]!.biases.set([-0, 0.5]);
    start[3]!.biases.set([-0]);
    net.setParameters(start);
    const { loss } = await net.fit(rows, heights, { optimizer: method(), epochs: 20 });
    expect(loss.at(-1)).toBeLessThan(loss[0]!);
    const after = net.parameters();
    expect(after[0]).toMatchObject(start[0]!);
    expect(after[3]).toMatchObject(start[3]!);
    expect(after[2]!.biases).toEqual(start[2]!.biases);
    for (const [l, name] of [
      [1, "weights"],
      [1, "biases"],
      [2, "weights"],
    ] as const) {
      for (const [i, value] of after[l]![name].entries()) expect(value).not.toBe(start[l]![name][i]);
    }
  });

  test("trains what follows a layer that does not learn as it trains that alone, bit for bit", async () => {
    // 32 numbers do not learn: the sums over those that do are divided into the same partial sums.
    const fixed = dense(8, "tanh", { trainable: false });
    const [whole, hidden] = [await create([fixed, dense(2, "tanh"), dense(1)]), await create([fixed])];
    const rest = await Network.create({
      inputs: 8,
      layers: [dense(2, "tanh"), dense(1)],
      loss: "meanSquaredError",
      precision: "f64",
    });
    hidden.setParameters(whole.parameters().slice(0, 1));
    rest.setParameters(whole.parameters().slice(1));
    const { loss } = await rest.fit(hidden.predict(rows), heights, { optimizer: method(), epochs: 20 });
    expect((await whole.fit(rows, heights, { optimizer: method(), epochs: 20 })).loss).toEqual(loss);
    expect(whole.parameters().slice(1)).toEqual(rest.parameters());
  });

  test("fits a straight line to four points as by hand", async () => {
    // x̄ = 3/2, ȳ = 11/4, Sxx = 5, Sxy = 11/2, Syy = 35/4: w = Sxy/Sxx = 1.1, b = ȳ − w·x̄ = 1.1, loss (Syy − Sxy²/Sxx)/4 = 0.675
    const net = await Network.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError", precision: "f64" });
    const { loss } = await net.fit([[0], [1], [2], [3]], [1, 3, 2, 5], { optimizer: method(), epochs: 100 });
    expect(loss.length).toBeLessThanOrEqual(12);
    expect(loss.at(-1)).toBeCloseTo(0.675, 14);
    const [w, b] = flat(net.parameters());
    // The loss tells parameters apart down to the root of its own rounding, 2⁻⁵².
    expect(Math.abs(w! - 1.1)).toBeLessThan(2 ** -26);
    expect(Math.abs(b! - 1.1)).toBeLessThan(2 ** -26);
  });

  test("is fitted to a network without parameters, which stays as it is", async () => {
    const net = await Network.create({ inputs: 1, layers: [], loss: "meanSquaredError", precision: "f64" });
    const { loss } = await net.fit([[1], [2]], [1, 4], { optimizer: method(), epochs: 5 });
    // ((1 − 1)² + (2 − 4)²) / 2
    expect(loss).toEqual([2]);
    expect(Array.from(net.predict([[1], [2]]))).toEqual([1, 2]);
  });
});

describe("l2 with lbfgs is the minimum that a long descent reaches, and that by hand", () => {
  // The line through the four points above with λ = 1/8: w = (Sxy/4) / (Sxx/4 + λ) = 1.375 / 1.375 = 1, b = ȳ − x̄ = 1.25, loss
  // Syy/4 − 2·Sxy/4 + Sxx/4 + λ = 0.6875 + 0.125. The four over and over have the same.
  // A loss is known to ε, some 2⁻²² and 2⁻⁵¹ after its sums; at a distance d from the minimum it is larger by about d².
  test.each<[number, Precision, number]>([
    [4, "f32", 2 ** -22],
    [4, "f64", 2 ** -51],
    [1000, "f32", 2 ** -22],
    [1000, "f64", 2 ** -51],
  ])("of %i rows in %s", async (count, precision, epsilon) => {
    const features = Array.from({ length: count }, (_, i) => [i % 4]);
    const targets = features.map(([i]) => [1, 3, 2, 5][i!]!);
    const options: [Optimizer, number][] = [
      [lbfgs(), 50],
      // Errors shrink by 1 − 0.2·0.33 a step: 500 steps bring them below 1e-14.
      [sgd({ learningRate: 0.1 }), 500],
    ];
    for (const [optimizer, epochs] of options) {
      const layers = [dense(1, "identity", { l2: 0.125 })];
      const net = await Network.create({ inputs: 1, layers, loss: "meanSquaredError", precision });
      const { loss } = await net.fit(features, targets, { optimizer, epochs, batchSize: count });
      const [w, b] = flat(net.parameters());
      expect(Math.abs(w! - 1)).toBeLessThan(Math.sqrt(epsilon));
      expect(Math.abs(b! - 1.25)).toBeLessThan(Math.sqrt(epsilon));
      expect(Math.abs(loss.at(-1)! - 0.8125)).toBeLessThan(2 * epsilon);
    }
  });
});

test.each<Precision>(["f32", "f64"])(
  "lbfgs trains a classifier on labels, and ends where rounding does, %s",
  async (precision) => {
    const net = await classifier({ precision });
    const before = net.evaluate(x, labels).loss;
    const { loss } = await net.fit(x, labels, { optimizer: lbfgs({ tolerance: 1e-30 }), epochs: 5000 });
    expectDescent(before, loss, net.evaluate(x, labels).loss);
    expect(net.evaluate(x, labels).correct).toBe(x.length);
    expect(loss.length).toBeLessThan(5000);
  },
);

/** A network, and its Jacobian and residuals by `derivatives`, sample by sample. */
async function linearised(inputs: number, layers: Layer[], features: Features[], targets: number[][]) {
  const net = await Network.create({ inputs, layers, loss: "meanSquaredError", precision: "f64", seed: 3 });
  const learns = net.parameters().flatMap(({ weights, biases }, l) => {
    const { trainable = true, rates = {} } = layers[l] as { trainable?: boolean; rates?: { biases?: number } };
    return [...Array.from(weights, () => trainable), ...Array.from(biases, () => trainable && rates.biases !== 0)];
  });
  const jacobian: number[][] = [];
  const residuals: number[] = [];
  for (const [row, wanted] of targets.entries()) {
    for (const [output, y] of wanted.entries()) {
      const derivatives = net.derivatives(features[row]!, { output });
      jacobian.push(flat(derivatives.layers).map((value, i) => (learns[i] ? value : 0)));
      residuals.push(derivatives.output - y);
    }
  }
  const column = (i: number) => jacobian.map((row) => row[i]!);
  const times = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const columns = learns.map((_, i) => column(i));
  return {
    net,
    residuals,
    normal: columns.map((a) => columns.map((b) => times(a, b))),
    projection: columns.map((a) => times(a, residuals)),
  };
}

const oneHot = (list: readonly number[], classes: number) =>
  list.map((label) => Array.from({ length: classes }, (_, c) => Number(c === label)));

interface Case {
  inputs: number;
  layers: Layer[];
  features: number[][];
  targets: number[][];
  /** What `fit` is given in place of the targets. */
  given?: TargetValues;
}

const CASES: Record<string, Case> = {
  "one input, two parameters": { inputs: 1, layers: [dense(1)], features: draw(7, 1), targets: draw(7, 1) },
  "three outputs, rows of odd lengths, 900 rows of J": {
    inputs: 3,
    layers: [dense(5, "tanh"), dense(3)],
    features: draw(300, 3),
    targets: draw(300, 3),
  },
  "1,000 rows": {
    inputs: 3,
    layers: [dense(7, "sigmoid"), dense(1, "tanh")],
    features: draw(1000, 3),
    targets: draw(1000, 1),
  },
  "more outputs than rows of J at a time": {
    inputs: 1,
    layers: [dense(1, "tanh"), dense(131)],
    features: draw(2, 1),
    targets: draw(2, 131),
  },
  "labels as targets": {
    inputs: 3,
    layers: [dense(3, "tanh"), dense(5, "sigmoid")],
    features: x,
    targets: oneHot(
      x.map((_, i) => (3 * i) % 5),
      5,
    ),
    given: x.map((_, i) => (3 * i) % 5),
  },
  "what does not learn": {
    inputs: 3,
    layers: [dense(3, "tanh", { trainable: false }), dense(3, "tanh", { rates: { biases: 0 } }), dense(2)],
    features: draw(20, 3),
    targets: draw(20, 2),
  },
};

describe.each(Object.entries(CASES))(
  "one iteration with %s",
  (_, { inputs, layers, features, targets, given = targets }) => {
    test("of levenbergMarquardt is w − (JᵀJ + μI)⁻¹Jᵀr", async () => {
      const { net, residuals, normal, projection } = await linearised(inputs, layers, features, targets);
      const damping = 0.5;
      const mu = damping * Math.max(...normal.map((row, i) => row[i]!));
      const damped = normal.map((row, i) => row.map((value, j) => (i === j ? value + mu : value)));
      const step = solve(damped, projection);
      const start = flat(net.parameters());
      const before = net.evaluate(features, given).loss;
      expect(Math.abs(before - residuals.reduce((sum, r) => sum + r * r, 0) / residuals.length)).toBeLessThan(1e-13);
      const { loss } = await net.fit(features, given, { optimizer: levenbergMarquardt({ damping }) });
      expectDescent(before, loss, net.evaluate(features, given).loss);
      expect(loss[0]).toBeLessThan(before);
      // Sums of at most 1,000 products, 1e-13, times the condition of the damped matrix, at most its size over the damping, some 100.
      const tolerance = 1e-11 * largestOf(step);
      for (const [i, w] of flat(net.parameters()).entries()) {
        expect(Math.abs(w - (start[i]! - step[i]!)), `parameter ${i}`).toBeLessThanOrEqual(tolerance);
      }
    });

    test("of lbfgs goes along the gradient 2/n·Jᵀr", async () => {
      const { net, projection } = await linearised(inputs, layers, features, targets);
      const start = flat(net.parameters());
      const before = net.evaluate(features, given).loss;
      const { loss } = await net.fit(features, given, { optimizer: lbfgs() });
      expectDescent(before, loss, net.evaluate(features, given).loss);
      expect(loss[0]).toBeLessThan(before);
      const moved = flat(net.parameters()).map((w, i) => w - start[i]!);
      const top = projection.findIndex((value) => Math.abs(value) === largestOf(projection));
      const alpha = moved[top]! / projection[top]!;
      expect(alpha).toBeLessThan(0);
      // The difference of two parameters of about 1 is exact to 2⁻⁵³ of them, the gradient's sums to 1e-13.
      const tolerance = 1e-12 * Math.max(1, Math.abs(moved[top]!));
      for (const [i, step] of moved.entries()) {
        expect(Math.abs(step - alpha * projection[i]!), `parameter ${i}`).toBeLessThanOrEqual(tolerance);
      }
    });
  },
);

test("levenbergMarquardt goes on where JᵀJ, being large, was let go of between two fits", async () => {
  // 8-135-1: 1,351 parameters, 1,622 numbers with padding, 21 MB of JᵀJ.
  const make = () =>
    Network.create({ inputs: 8, layers: [dense(135, "tanh"), dense(1)], loss: "meanSquaredError", precision: "f64" });
  const [once, twice] = [await make(), await make()];
  const features = draw(30, 8);
  const targets = features.map(() => next());
  const whole = await once.fit(features, targets, { optimizer: levenbergMarquardt(), epochs: 2 });
  const optimizer = levenbergMarquardt();
  const first = await twice.fit(features, targets, { optimizer });
  twice.predict(features);
  const second = await twice.fit(features, targets, { optimizer });
  expect([...first.loss, ...second.loss]).toEqual(whole.loss);
  expect(twice.parameters()).toEqual(once.parameters());
});

test("adam after lbfgs, and lbfgs after adam, begin with nothing but the parameters", async () => {
  const [net, reference] = [await create(), await create()];
  for (const make of [() => lbfgs(), () => adam(), () => levenbergMarquardt(), () => lbfgs()]) {
    reference.setParameters(net.parameters());
    const options = { epochs: 3, batchSize: rows.length };
    const history = await net.fit(rows, heights, { optimizer: make(), ...options });
    expect(await reference.fit(rows, heights, { optimizer: make(), ...options })).toEqual(history);
    expect(net.parameters()).toEqual(reference.parameters());
    // The next begins elsewhere than the reference's slots.
    await reference.fit(rows, heights, { optimizer: sgd({ learningRate: 0.1 }) });
    await net.fit(rows, heights, { optimizer: sgd({ learningRate: 0.2 }) });
  }
});
