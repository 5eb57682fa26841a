import { describe, expect, test } from "vitest";
import {
  adam,
  batchNorm,
  dense,
  dropout,
  type FitOptions,
  type Layer,
  type Loss,
  lbfgs,
  Network,
  type Optimizer,
  rprop,
  type Sampling,
  sgd,
} from "../../src/index.ts";
import { draw, shuffle } from "../reference/random.ts";
import { seeded } from "../reference/seeded.ts";
import { drawTargets, flat, LOSSES, type Net, setFlat, type Targets } from "./gradients/differences.ts";

// Weights of samples: against rows that are repeated, left out, or taken one by one, none of which has a weight.

const INPUTS = 3;
const SEED = 9;
const LAYERS = [dense(5, "tanh"), dense(4, "sigmoid"), dense(3)];

const create = (loss: Loss = "softmaxCrossEntropy", layers: Layer[] = LAYERS, precision: "f32" | "f64" = "f64") =>
  Network.create({ inputs: INPUTS, layers, loss, precision, seed: SEED }) as Promise<Net>;

/** Rows, and targets that the loss allows. */
async function samples(loss: Loss, count: number, seed = 1): Promise<{ x: number[][]; y: Targets }> {
  const next = seeded(seed);
  const x = Array.from({ length: count }, () => Array.from({ length: INPUTS }, () => 2 * next() - 1));
  return { x, y: drawTargets(await create(loss), loss, x, next) };
}

/** Each row as often as its weight says. */
const repeated = <T>(rows: readonly T[], weights: readonly number[]) =>
  rows.flatMap((row, i) => new Array<T>(weights[i]!).fill(row));

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) {
    expect(Math.abs(value - expected[i]!), `number ${i}`).toBeLessThanOrEqual(tolerance);
  }
}

describe.each(LOSSES)("with %s", async (_, loss) => {
  const { x, y } = await samples(loss, 40);
  const WHOLE = { batchSize: 1000, epochs: 5, sampling: "sequential" as const };

  test.each<[string, () => Optimizer]>([
    ["sgd", () => sgd({ learningRate: 0.1, momentum: 0.5 })],
    ["adam", () => adam({ learningRate: 0.01 })],
    ["rprop", () => rprop()],
  ])("%s takes a row of weight 2 for the row twice, and one of weight 0 for none", async (_, make) => {
    const weights = x.map((_, i) => i % 3);
    const [net, twin] = [await create(loss), await create(loss)];
    const { loss: losses } = await net.fit(x, y, { ...WHOLE, optimizer: make(), sampleWeight: weights });
    const [rows, targets] = [repeated(x, weights), repeated(y as number[], weights)];
    const expected = await twin.fit(rows, targets, { ...WHOLE, optimizer: make() });
    // Sums of 40 terms below 10 in another order of rounding, in five steps.
    expectNear(flat(net.parameters()), flat(twin.parameters()), 1e-12);
    expectNear(losses, expected.loss, 1e-12);
  });

  test("rows of weight 0 leave the bits of a fit without them", async () => {
    const kept = x.map((_, i) => i % 3 !== 1);
    const [net, twin] = [await create(loss), await create(loss)];
    const options = { ...WHOLE, optimizer: sgd({ learningRate: 0.1 }) };
    const history = await net.fit(x, y, { ...options, sampleWeight: kept.map(Number) });
    const of = <T>(rows: readonly T[]) => rows.filter((_, i) => kept[i]);
    expect(history).toEqual(await twin.fit(of(x), of(y as number[]), options));
    expect(net.parameters()).toEqual(twin.parameters());
  });

  test.each(["f32", "f64"] as const)("weights of 1 have the bits of none, in %s", async (precision) => {
    const [net, twin] = [await create(loss, LAYERS, precision), await create(loss, LAYERS, precision)];
    const options = { optimizer: adam(), batchSize: 7, epochs: 3 };
    const ones = new Float32Array(40).fill(1);
    expect(await net.fit(x, y, { ...options, sampleWeight: ones })).toEqual(await twin.fit(x, y, options));
    expect(net.parameters()).toEqual(twin.parameters());
    expect(net.gradients(x, y, { sampleWeight: ones })).toEqual(twin.gradients(x, y));
    expect(net.evaluate(x, y, { sampleWeight: ones })).toEqual(twin.evaluate(x, y));
  });

  test("gradients and evaluate are the weighted means of those of single rows", async () => {
    const net = await create(loss);
    const weights = x.map((_, i) => (i % 5) / 3);
    const rows = x.map((row, i) => net.gradients([row], [y[i]!] as Targets));
    const mean = (of: (row: (typeof rows)[number]) => number) =>
      sum(rows.map((row, i) => weights[i]! * of(row))) / sum(weights);
    const { loss: value, layers } = net.gradients(x, y, { sampleWeight: weights });
    // Sums of 40 terms below 10.
    expectNear([value], [mean((row) => row.loss)], 1e-13);
    expectNear(
      flat(layers),
      flat(layers).map((_, k) => mean((row) => flat(row.layers)[k]!)),
      1e-13,
    );
    const { loss: evaluated, ...counts } = net.evaluate(x, y, { sampleWeight: weights });
    expect(evaluated).toBe(value);
    expect(counts).toEqual({ ...net.evaluate(x, y), loss: undefined });
  });
});

describe("in batches", async () => {
  const [ROWS, BATCH, EPOCHS, RATE] = [23, 4, 4, 0.3];
  const { x, y } = await samples("softmaxCrossEntropy", ROWS);
  const weights = x.map((_, i) => [1, 3, 2, 0][(i * 5) % 4]!);
  const steps = Math.ceil(ROWS / BATCH);
  const orders: Record<Sampling, (epoch: number) => number[]> = {
    sequential: () => x.map((_, row) => row),
    shuffle: (epoch) => shuffle(ROWS, SEED, epoch, 0),
    withReplacement: (epoch) => draw(BATCH * steps, ROWS, SEED, epoch, 0),
  };

  test.each(["sequential", "shuffle", "withReplacement"] as const)(
    "each step goes along the gradient of its own rows, %s",
    async (sampling) => {
      const penalized = [dense(5, "tanh", { l1: 0.01 }), dense(4, "sigmoid"), dense(3, "identity", { l2: 0.02 })];
      const [net, byHand] = [
        await create("softmaxCrossEntropy", penalized),
        await create("softmaxCrossEntropy", penalized),
      ];
      const options = { batchSize: BATCH, epochs: EPOCHS, sampling, optimizer: sgd({ learningRate: RATE }) };
      const history = await net.fit(x, y, { ...options, sampleWeight: weights });
      const losses = Array.from({ length: EPOCHS }, (_, epoch) => {
        const order = orders[sampling](epoch);
        let [total, weight] = [0, 0];
        for (let step = 0; step < steps; step++) {
          const taken = order
            .slice(BATCH * step, BATCH * (step + 1))
            .flatMap((row) => new Array(weights[row]!).fill(row));
          if (taken.length === 0) continue;
          const { loss, layers } = byHand.gradients(
            taken.map((row) => x[row]!),
            taken.map((row) => y[row]!) as number[],
          );
          total += loss * taken.length;
          weight += taken.length;
          const g = flat(layers);
          setFlat(
            byHand,
            flat(byHand.parameters()).map((w, i) => w - RATE * g[i]!),
          );
        }
        return total / weight;
      });
      // 24 steps, each rounded some 1e-16 apart.
      expectNear(flat(net.parameters()), flat(byHand.parameters()), 1e-13);
      expectNear(history.loss, losses, 1e-13);
    },
  );

  test("a batch whose weights are all 0 changes nothing and has no loss", async () => {
    const [net, twin] = [await create(), await create()];
    const options = { batchSize: BATCH, sampling: "sequential" as const, optimizer: sgd({ learningRate: RATE }) };
    // The second batch of six
    const sampleWeight = x.map((_, i) => Number(i < 4 || i >= 8));
    const history = await net.fit(x, y, { ...options, sampleWeight });
    const rest = <T>(rows: readonly T[]) => rows.filter((_, i) => sampleWeight[i]);
    expect(history).toEqual(await twin.fit(rest(x), rest(y as number[]), options));
    expect(net.parameters()).toEqual(twin.parameters());
    expect([net.step, twin.step]).toEqual([6, 5]);
    // An epoch of nothing but such batches has no mean.
    const before = net.parameters();
    const last = x.map((_, i) => Number(i === ROWS - 1));
    expect((await net.fit(x, y, { ...options, stepsPerEpoch: 2, sampleWeight: last })).loss).toEqual([Number.NaN]);
    expect(net.parameters()).toEqual(before);
  });

  test("weights are those of the call alone, also of evaluate and gradients between the steps", async () => {
    const layers = [dense(5, "tanh"), batchNorm(), dropout(0.2), dense(3)];
    const [net, twin] = [await create("softmaxCrossEntropy", layers), await create("softmaxCrossEntropy", layers)];
    const optimizer = adam();
    const options = { batchSize: 5, optimizer };
    const other = { optimizer: adam(), batchSize: 5 };
    const opposite = weights.map((w) => 3 - w);
    for (const sampleWeight of [undefined, weights, undefined, opposite, weights]) {
      const given = { ...options, sampleWeight };
      for await (const _ of net.train(x, y, { ...given, every: 2 })) {
        net.evaluate(x, y, { sampleWeight: opposite });
        net.gradients(x, y, { sampleWeight: opposite });
      }
      // A new network has nothing left of a call before.
      const anew = (await Network.load(twin.save())) as Net;
      const alone = (await Network.load(twin.save())) as Net;
      await anew.fit(x, y, { ...other, optimizer: adam(), sampleWeight });
      await alone.fit(x, y, { ...other, optimizer: adam() });
      expect(flat(anew.parameters()).some((w, i) => w !== flat(alone.parameters())[i])).toBe(
        sampleWeight !== undefined,
      );
      await twin.fit(x, y, { ...other, sampleWeight });
      expect(net.parameters()).toEqual(twin.parameters());
    }
  });
});

test("lbfgs reaches the weighted least squares, which are those of the rows repeated", async () => {
  const next = seeded(4);
  const x = Array.from({ length: 30 }, () => [next(), next(), next()]);
  const y = x.map(([a, b, c]) => [a! - 2 * b! + c! * c! + 0.1 * next()]);
  const weights = x.map((_, i) => (i * 7) % 4);
  const make = () => create("meanSquaredError", [dense(1)]);
  const [net, twin, plain] = [await make(), await make(), await make()];
  const options = { optimizer: lbfgs({ tolerance: 1e-13 }), epochs: 100 };
  const { loss } = await net.fit(x, y, { ...options, sampleWeight: weights });
  const expected = await twin.fit(repeated(x, weights), repeated(y, weights), options);
  await plain.fit(x, y, options);
  // A loss below 0.1 is flat to its rounding where the parameters are within √(2⁻⁵³·0.1 / curvature), the least of which is about 0.1.
  expectNear(flat(net.parameters()), flat(twin.parameters()), 2e-8);
  expectNear([loss.at(-1)!], [expected.loss.at(-1)!], 1e-15);
  expect(Math.abs(net.parameters()[0]!.weights[0]! - plain.parameters()[0]!.weights[0]!)).toBeGreaterThan(1e-3);
});

describe("classWeight", async () => {
  // 4 rows of class 0, 1 of class 1 and 3 of class 2
  const labels = [0, 2, 0, 1, 2, 0, 2, 0];
  const { x } = await samples("softmaxCrossEntropy", 8);
  const OPTIONS = { optimizer: sgd({ learningRate: 0.5 }), batchSize: 3, epochs: 4 };

  /** The parameters after a fit, and its history. */
  async function trained(y: Targets, options: Partial<FitOptions>, loss: Loss = "softmaxCrossEntropy", outputs = 3) {
    const net = await create(loss, [dense(4, "tanh"), dense(outputs)]);
    const history = await net.fit(x, y, { ...OPTIONS, ...options });
    return { history, parameters: net.parameters() };
  }

  test("balanced is n / (classes · count), scikit-learn's", async () => {
    // 8 / (3·4), 8 / (3·1), 8 / (3·3)
    const sampleWeight = labels.map((label) => [8 / 12, 8 / 3, 8 / 9][label]!);
    expect(await trained(labels, { classWeight: "balanced" })).toEqual(await trained(labels, { sampleWeight }));
    // Two classes of three: 8 / (2·6), 8 / (2·2)
    const two = [0, 2, 0, 0, 2, 0, 0, 0];
    const byTwo = two.map((label) => (label === 0 ? 8 / 12 : 2));
    expect(await trained(two, { classWeight: "balanced" })).toEqual(await trained(two, { sampleWeight: byTwo }));
    // 0 and 1 of a single output: 8 / (2·5), 8 / (2·3)
    const binary = [0, 1, 0, 0, 1, 0, 1, 0];
    const bySign = binary.map((label) => (label === 0 ? 0.8 : 8 / 6));
    for (const loss of ["binaryCrossEntropy", "hinge", "meanSquaredError"] as const) {
      const balanced = await trained(binary, { classWeight: "balanced" }, loss, 1);
      expect(balanced).toEqual(await trained(binary, { sampleWeight: bySign }, loss, 1));
    }
  });

  test("is an array, or an object that leaves the other classes at 1, and is multiplied by sampleWeight", async () => {
    const sampleWeight = labels.map((_, i) => 1 + i / 8);
    const expected = await trained(labels, {
      sampleWeight: labels.map((label, i) => sampleWeight[i]! * [1, 5, 0.25][label]!),
    });
    for (const classWeight of [[1, 5, 0.25], Float32Array.of(1, 5, 0.25), { 1: 5, 2: 0.25 }]) {
      expect(await trained(labels, { sampleWeight, classWeight })).toEqual(expected);
    }
    const oneHot = labels.map((label) => [0, 1, 2].map((j) => Number(j === label)));
    expect(await trained(oneHot, { sampleWeight, classWeight: [1, 5, 0.25] })).toEqual(expected);
  });
});
