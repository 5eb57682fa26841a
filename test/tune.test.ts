import { describe, expect, test } from "vitest";
import {
  adam,
  DivergedError,
  dense,
  dropout,
  earlyStopping,
  lbfgs,
  type Metric,
  Network,
  reduceOnPlateau,
  sgd,
  type TuneOptions,
  tune,
} from "../src/index.ts";
import { improves } from "../src/metrics/index.ts";
import { loadCore } from "../src/module.ts";
import { type Interval, pointsOf, type Space } from "../src/space.ts";
import { runTrial, trialsOf } from "../src/trial.ts";
import { seeded } from "./reference/seeded.ts";

const next = seeded(17);
const x = Array.from({ length: 60 }, () => [2 * next() - 1, 2 * next() - 1]);
const y = x.map(([a, b]) => Number(a! * b! > 0));

/** What is random and what remembers: the way on from a checkpoint has to keep all of it. */
const build = ({ units = 6, rate = 0.02 }) => ({
  network: {
    inputs: 2,
    layers: [dense(units, "tanh"), dropout(0.1), dense(2)],
    loss: "softmaxCrossEntropy" as const,
  },
  fit: { optimizer: adam({ learningRate: rate }), batchSize: 8 },
});

const space = { units: [2, 5, 9], rate: { min: 1e-4, max: 0.1, log: true } } as const;
const search = { x, y, build, space, trials: 7, epochs: 12, seed: 3 };

const points = async (space: Space, trials: "grid" | number, seed = 0) =>
  pointsOf(space, trials, seed, await loadCore()) as Record<string, number>[];

describe("the points", () => {
  test("of a grid are every combination once", async () => {
    const found = await points({ a: [1, 2], b: ["x"], c: [3, 4, 5] }, "grid");
    const expected = [1, 2].flatMap((a) => [3, 4, 5].map((c) => ({ a, b: "x", c })));
    expect(found).toEqual(expected);
    expect(await points({}, "grid")).toEqual([{}]);
  });

  test("are drawn evenly from values, from intervals and from the logarithms of intervals", async () => {
    const n = 3000;
    const found = await points(
      {
        value: ["a", "b", "c"],
        real: { min: -2, max: 6 },
        whole: { min: -1, max: 2, integer: true },
        log: { min: 1e-5, max: 1e-1, log: true },
        power: { min: 1, max: 15, log: true, integer: true },
      },
      n,
    );
    const part = (of: (point: Record<string, unknown>) => boolean) => found.filter(of).length / n;
    // A part p of n draws has the deviation √(p(1 − p)/n), at most 0.0092; 0.04 is four of these and more.
    const near = (is: number, p: number) => expect(Math.abs(is - p)).toBeLessThan(0.04);
    for (const value of ["a", "b", "c"])
      near(
        part((p) => p.value === value),
        1 / 3,
      );
    for (let i = 0; i < 4; i++) {
      near(
        part(({ real }) => (real as number) >= 2 * i - 2 && (real as number) < 2 * i),
        1 / 4,
      );
      near(
        part(({ whole }) => whole === i - 1),
        1 / 4,
      );
      near(
        part(({ log }) => (log as number) >= 10 ** (i - 5) && (log as number) < 10 ** (i - 4)),
        1 / 4,
      );
      // [1, 2), [2, 4), [4, 8), [8, 16)
      near(
        part(({ power }) => Math.floor(Math.log2(power as number)) === i),
        1 / 4,
      );
    }
    for (const { real, log, power } of found) {
      expect(real! >= -2 && real! <= 6 && log! >= 1e-5 && log! <= 0.1 && power! <= 15 && power! % 1 === 0).toBe(true);
    }
  });

  test("stay in an interval so narrow that rounding leads beyond it", async () => {
    // exp(log x) of so large a number is hundreds of places off: log x has an error of 2⁻⁴⁴.
    const [min, max] = [1e300, 1e300 * (1 + 2 ** -50)];
    const found = await points({ a: { min, max }, b: { min, max, log: true } }, 100);
    for (const { a, b } of found) expect(a! >= min && a! <= max && b! >= min && b! <= max).toBe(true);
  });

  test("depend on the seed alone, and the first of many are those of fewer", async () => {
    const few = await points(space, 5, 8);
    expect((await points(space, 9, 8)).slice(0, 5)).toEqual(few);
    expect(await points(space, 5, 9)).not.toEqual(few);
    expect(new Set(few.map(({ rate }) => rate)).size).toBe(5);
  });
});

describe("a search", () => {
  test("gives the same table and network again with the same seed", async () => {
    const [one, two] = [await tune(search), await tune(search)];
    expect(two.trials).toEqual(one.trials);
    expect(two.network.save()).toEqual(one.network.save());
    expect(one.trials.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(one.trials.map(({ epochs }) => epochs)).toEqual(Array(7).fill(12));
    const values = one.trials.map(({ value }) => value);
    expect(one.best).toBe(one.trials[values.indexOf(Math.min(...values))]);
    expect((await tune({ ...search, seed: 4 })).trials).not.toEqual(one.trials);
  });

  test("ends with the network of its best epoch, whose value is the one of the table", async () => {
    const validation = [x.slice(0, 20), y.slice(0, 20)] as const;
    const options = { ...search, x: x.slice(20), y: y.slice(20), validationData: validation, epochs: 40 };
    for (const monitor of ["validationLoss", "accuracy"] as const) {
      const { best, network } = await tune({ ...options, monitor });
      const { loss, accuracy } = network.evaluate(...validation);
      expect(best.value).toBe(monitor === "accuracy" ? accuracy : loss);
      const history = monitor === "accuracy" ? network.history.metrics!.accuracy! : network.history.validationLoss!;
      expect(history).toHaveLength(40);
      expect(history[best.bestEpoch - 1]).toBe(best.value);
      expect(best.value).toBe(monitor === "accuracy" ? Math.max(...history) : Math.min(...history));
    }
  });

  test("of which more is better takes the largest, also from a metric that build asks for", async () => {
    const asking = (point: { units?: number; rate?: number }) => {
      const { network, fit } = build(point);
      return { network, fit: { ...fit, metrics: ["f1" as Metric, "accuracy" as Metric] } };
    };
    const { trials, best } = await tune({ ...search, build: asking, monitor: "accuracy", halving: { epochs: 4 } });
    const longest = trials.filter(({ epochs }) => epochs === 12);
    expect(longest).toHaveLength(2);
    const rest = trials.filter(({ epochs }) => epochs === 4).map(({ value }) => value);
    expect(best.value).toBe(Math.max(...longest.map(({ value }) => value)));
    for (const { value } of longest) expect(value).toBeGreaterThanOrEqual(Math.max(...rest));
  });

  test("by halving trains the survivors as if they had been trained straight through, bit for bit", async () => {
    const halved = await tune({ ...search, trials: 9, halving: { epochs: 2, factor: 2 } });
    const straight = await tune({ ...search, trials: 9 });
    // 9 train for 2 epochs, 4 for 4, 2 for 8, 1 for 12.
    const count = (epochs: number) => halved.trials.filter((trial) => trial.epochs === epochs).length;
    expect([2, 4, 8, 12].map(count)).toEqual([5, 2, 1, 1]);
    expect(halved.best).toEqual(straight.trials[halved.best.id]);
    // Another scheduler may run a trial from what JSON keeps of it.
    const trials = JSON.parse(JSON.stringify(trialsOf({ ...search, trials: 9 }, await loadCore())));
    const alone = await runTrial(trials[halved.best.id], search, { Network, DivergedError, loadCore, improves });
    expect(halved.network.save()).toEqual(alone.network.save());
    // Nor does it differ from a training without a search, for as many epochs as the best took.
    const { network, fit } = build(halved.best.point);
    const net = await Network.create({ ...network, seed: 3 });
    const history = await net.fit(x, y, { ...fit, epochs: halved.best.bestEpoch, validationSplit: 0.2 });
    expect(net.parameters()).toEqual(halved.network.parameters());
    expect(history.validationLoss!.at(-1)).toBe(halved.best.value);
    // Those that went on were the best.
    const early = await tune({ ...search, trials: 9, epochs: 2 });
    const order = [...early.trials].sort((a, b) => a.value - b.value).map(({ id }) => id);
    const gone = halved.trials.filter(({ epochs }) => epochs > 2).map(({ id }) => id);
    expect(new Set(order.slice(0, 4))).toEqual(new Set(gone));
  });

  test("may stop a trial early, which stays where it is in the rounds that follow", async () => {
    const impatient = (point: { units?: number; rate?: number }) => {
      const { network, fit } = build(point);
      return { network, fit: { ...fit, earlyStopping: earlyStopping({ patience: 1 }) } };
    };
    const options = {
      ...search,
      space: { units: [2, 5], rate: [0.3, 0.5] },
      trials: "grid",
      build: impatient,
    } as const;
    const halved = await tune({ ...options, epochs: 60, halving: { epochs: 20, factor: 2 } });
    const straight = await tune({ ...options, epochs: 60 });
    expect(halved.best.epochs).toBeLessThan(20);
    expect(halved.best.bestEpoch).toBe(halved.best.epochs - 1);
    expect(halved.trials).toEqual(straight.trials);
    expect(halved.network.save()).toEqual(straight.network.save());
  });

  test("gives a trial that has converged no further epochs, and its best one all the same", async () => {
    const validation = [x.slice(0, 50), y.slice(0, 50)] as const;
    const options = {
      ...search,
      ...{ x: x.slice(50), y: y.slice(50), validationData: validation, epochs: 400 },
      space: { units: [1, 3] },
      trials: "grid",
      build: ({ units }: { units: number }) => ({
        network: { ...build({ units }).network, layers: [dense(units, "tanh"), dense(2)], precision: "f64" as const },
        fit: { optimizer: lbfgs() },
      }),
    } as const;
    const straight = await tune(options);
    const halved = await tune({ ...options, halving: { epochs: 300, factor: 2 } });
    expect(halved).toMatchObject({ trials: straight.trials, best: straight.best });
    expect(halved.network.save()).toEqual(straight.network.save());
    expect(halved.network.history.stopped).toBe("converged");
    expect(halved.best.bestEpoch).toBeLessThan(halved.best.epochs);
    expect(halved.network.evaluate(...validation).loss).toBe(halved.best.value);
  });

  test("with refit trains on all rows, for the epochs that the best value took", async () => {
    const { best, network } = await tune({ ...search, refit: true });
    const made = build(best.point);
    const net = await Network.create({ ...made.network, seed: 3 });
    await net.fit(x, y, { ...made.fit, epochs: best.bestEpoch });
    expect(network.save()).toEqual(net.save());
  });

  test("keeps a trial that diverges as a row with its error, and it does not go on", async () => {
    const options = {
      ...search,
      space: { rate: [1e38, 0.05, 0.1] },
      trials: "grid",
      build: ({ rate }: { rate: number }) => ({
        network: { inputs: 2, layers: [dense(2)], loss: "meanSquaredError" as const },
        fit: { optimizer: sgd({ learningRate: rate }) },
      }),
      y: x,
    } as const;
    const { trials, best } = await tune({ ...options, halving: { epochs: 4, factor: 2 } });
    expect(trials[0]).toMatchObject({ epochs: 0, value: Number.NaN, bestEpoch: 0, point: { rate: 1e38 } });
    expect(trials[0]!.error).toBeInstanceOf(DivergedError);
    expect(trials.slice(1).every(({ error, value }) => error === undefined && Number.isFinite(value))).toBe(true);
    expect(best.point.rate).toBe(0.1);
    await expect(tune({ ...options, space: { rate: [1e38] } })).rejects.toBeInstanceOf(DivergedError);
  });

  test("of which the last rounds all diverge returns the best of an earlier one", async () => {
    // The rate of epoch 4 on is too high for anything.
    const { best, network, trials } = await tune({
      ...search,
      space: { rate: [0.05, 0.1] },
      trials: "grid",
      build: ({ rate }) => ({
        network: { inputs: 2, layers: [dense(2)], loss: "meanSquaredError" },
        fit: { optimizer: sgd({ learningRate: ({ epoch }) => (epoch < 4 ? rate : 1e38) }) },
      }),
      y: x,
      halving: { epochs: 3, factor: 2 },
    });
    expect(best).toMatchObject({ epochs: 3, point: { rate: 0.1 } });
    expect(network.epoch).toBe(3);
    expect(trials[best.id]).toMatchObject({ value: Number.NaN, epochs: 4 });
  });

  test("stops when its signal does, with the reason", async () => {
    const stop = new AbortController();
    let epochs = 0;
    const stopping = (point: { units?: number; rate?: number }) => {
      const { network, fit } = build(point);
      return { network, fit: { ...fit, onEpoch: () => ++epochs === 20 && stop.abort("enough") } };
    };
    await expect(tune({ ...search, build: stopping, signal: stop.signal })).rejects.toBe("enough");
    expect(epochs).toBe(20);
  });
});

describe("bad input", () => {
  const refuses = async (options: Record<string, unknown>, message: string) =>
    expect(tune({ ...search, ...options } as unknown as TuneOptions<Space>)).rejects.toThrow(message);

  test("of the search is refused", async () => {
    await refuses({ trails: 3 }, 'tune: unknown option "trails"');
    for (const trials of ["Grid", 0, 1.5]) await refuses({ trials }, 'expected "grid" or a positive integer');
    await refuses({ build: 3 }, "tune: build is 3, expected a function");
    await refuses({ epochs: undefined }, "tune: epochs is undefined, expected a positive integer");
    await refuses({ seed: -1 }, "tune: seed is -1");
    await refuses({ refit: 1 }, "tune: refit is 1, expected true or false");
    await refuses({ monitor: 3 }, "tune: monitor is 3");
    await refuses({ monitor: "kindness" }, 'metric is "kindness"');
    await refuses({ validationSplit: 0 }, "monitors validationLoss, expected validationSplit or validationData");
    await refuses({ halving: { epochs: 13 } }, "halving has epochs 13, factor 3, expected at most 12 epochs");
    await refuses({ halving: { epochs: 1, factor: 1 } }, "a factor from 2");
    await refuses({ halving: {} }, "tune: halving: epochs is undefined");
    await refuses({ x: x.slice(1) }, "59");
  });

  test("of the space is refused", async () => {
    const interval = (choice: Partial<Interval>, message: string) => refuses({ space: { a: choice } }, message);
    await refuses({ space: [] }, "tune: space is an array, expected a plain object");
    await refuses({ space: { a: [] } }, "tune: space a is an empty array, expected at least one value");
    await refuses({ space: { a: 3 } }, "tune: space a is 3, expected an array of values or { min, max }");
    await refuses({ trials: "grid" }, 'tune: space rate is an object, expected an array of values with trials: "grid"');
    await interval({ min: 1 }, "max is undefined");
    await interval({ min: 1, max: Number.POSITIVE_INFINITY }, "max is Infinity");
    await interval({ min: 2, max: 2 }, "tune: space a is from 2 to 2, expected min below max");
    await interval({ min: 0, max: 2, log: true }, "min is 0, expected a number above 0");
    await interval({ min: 0.5, max: 2, integer: true }, "is from 0.5 to 2, expected integers");
  });

  test("of build is refused", async () => {
    const built = (change: object, fit: object = {}) => ({
      build: (point: object) => ({ ...build(point), ...change, fit: { ...build(point).fit, ...fit } }),
    });
    await refuses({ build: () => 3 }, "tune: build: options is 3, expected a plain object");
    await refuses(built({ net: 3 }), 'tune: build: unknown option "net", expected one of network, fit');
    await refuses(built({ network: undefined }), "Network.create: ");
    await refuses(built({}, { epochs: 3 }), "tune: build gives fit epochs, expected it as an option of tune");
    await refuses(built({}, { optimizer: undefined }), "fit: optimizer");
    const plateau = sgd({ learningRate: reduceOnPlateau({ learningRate: 0.1, monitor: "validationLoss" }) });
    await refuses({ ...built({}, { optimizer: plateau }), refit: true }, "expected validationData with refit");
  });
});
