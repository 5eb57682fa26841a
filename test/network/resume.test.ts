import { describe, expect, test, vi } from "vitest";
import {
  adadelta,
  adagrad,
  adam,
  batchNorm,
  cosine,
  DivergedError,
  dense,
  dropout,
  type FitOptions,
  type Layer,
  type LearningRate,
  layerNorm,
  lbfgs,
  levenbergMarquardt,
  Network,
  nadam,
  type Optimizer,
  oneCycle,
  type Precision,
  type Progress,
  reduceOnPlateau,
  rmsprop,
  rprop,
  sgd,
} from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";
import { at, compare, finish, type Trial } from "./cuts.ts";

// A training that was cut and goes on elsewhere, against the same training in one piece. The oracle is the training itself: where
// the two part, something that it needs is not in the checkpoint.

const ROWS = 23;
const next = seeded(17);
/** Multiples of 1/64 in [−1, 1), which f32 holds. */
const x = Array.from({ length: ROWS }, () => [next(), next(), next()].map((u) => Math.floor(128 * u) / 64 - 1));
const y = x.map(([a, b, c]) => Number(a! * b! + c! > 0));
const others = x.slice(0, 9).map((row) => row.map((value) => value / 2));

type Make = (learningRate: LearningRate) => Optimizer;

const FIRST_ORDER: [string, Make[]][] = [
  [
    "sgd",
    [(learningRate) => sgd({ learningRate, momentum: 0.9, nesterov: true }), (learningRate) => sgd({ learningRate })],
  ],
  ["rmsprop", [(learningRate) => rmsprop({ learningRate, centered: true, momentum: 0.5 })]],
  ["adagrad", [(learningRate) => adagrad({ learningRate })]],
  ["adadelta", [(learningRate) => adadelta({ learningRate })]],
  ["adam", [(learningRate) => adam({ learningRate, amsgrad: true }), (learningRate) => adam({ learningRate })]],
  ["nadam", [(learningRate) => nadam({ learningRate, clipGlobalNorm: 0.5 })]],
  ["rprop", [() => rprop()]],
];

const RATES: LearningRate[] = [
  0.02,
  reduceOnPlateau({ learningRate: 0.05, patience: 0, factor: 0.5, cooldown: 1 }),
  ({ epoch, step, steps }) => 0.05 / (1 + epoch + step / steps),
  cosine({ learningRate: 0.02, epochs: 3, warmUp: 0.7, restarts: true }),
  oneCycle({ learningRate: 0.03, epochs: 4 }),
];

/** A training whose network, data and options are drawn. */
function draw(makes: readonly Make[], random: () => number): Trial {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const optimizer = one(makes)(one(RATES));
  const fullBatch = optimizer.type === "rprop";
  const layers: Layer[] = [
    dense(5, "tanh"),
    ...one<Layer[]>([[], [batchNorm()], [layerNorm()]]),
    ...(fullBatch ? [] : one<Layer[]>([[], [dropout(0.3)]])),
    dense(2),
  ];
  const precision = one<Precision>(["f32", "f64"]);
  const seed = Math.floor(2 ** 32 * random());
  const validation = one<FitOptions | object>([
    {},
    { validationSplit: 0.2, metrics: ["accuracy", "rocAuc"] },
    { validationData: [others, y.slice(0, 9)], earlyStopping: { patience: 1, restoreBest: true } },
    { metrics: ["accuracy"], earlyStopping: { monitor: "accuracy", patience: 2, restoreBest: true } },
  ]);
  const options: FitOptions = {
    optimizer,
    epochs: one([3, 4, 5]),
    ...validation,
    ...one([{}, { classWeight: "balanced" as const }, { sampleWeight: x.map((_, i) => i % 3) }]),
    ...(fullBatch
      ? { sampling: one(["shuffle", "sequential"] as const) }
      : {
          batchSize: one([4, 5, 7, ROWS]),
          accumulationSteps: one([1, 1, 2]),
          sampling: one(["shuffle", "shuffle", "sequential", "withReplacement"] as const),
          stepsPerEpoch: one([undefined, undefined, 2, 9]),
        }),
  };
  return {
    make: () => Network.create({ inputs: 3, layers, loss: "softmaxCrossEntropy", precision, seed }),
    x,
    y,
    options,
    next: { optimizer, epochs: 2, ...(fullBatch ? {} : { batchSize: 6 }) },
  };
}

const WAYS = Object.keys(at) as (keyof typeof at)[];

describe.each(FIRST_ORDER)("%s", (name, makes) => {
  test("goes on bit for bit after 200 cuts drawn at random, also with the fit that follows", async () => {
    const random = seeded(name.length * 1000 + name.charCodeAt(1));
    for (let cuts = 0; cuts < 200; ) {
      const trial = draw(makes, random);
      const whole = await trial.make();
      const expected = await finish(whole, trial);
      for (let i = 0; i < 5; i++, cuts++) {
        const steps: number[] = [];
        const ways: string[] = [];
        let net: Network<Precision> = await trial.make();
        // The second cut is of the resumed training; some are at the same step as the first.
        for (const again of random() < 0.3 ? [false, true] : [false]) {
          const way = WAYS[Math.floor(random() * WAYS.length)]!;
          const first = again ? steps[0]! : 1;
          const step = first + Math.floor(random() * (expected.step - first + 1));
          steps.push(step);
          ways.push(way);
          net = await Network.resume(await at[way](net, trial, step, expected));
        }
        const what = JSON.stringify({ ways, steps, options: trial.options });
        compare(what, await finish(net, trial), expected);
      }
    }
  });
});

const values = x.map(([a, b, c]) => a! - 2 * b! + c! * c!);
const network = (layers: Layer[]) =>
  Network.create({ inputs: 3, layers, loss: "meanSquaredError", precision: "f64", seed: 4 });

describe.each<[string, Optimizer]>([
  ["lbfgs", lbfgs({ memory: 3 })],
  ["levenbergMarquardt", levenbergMarquardt()],
])("%s", (_, optimizer) => {
  test.each([
    ["after any epoch", [dense(4, "tanh"), dense(1)], { epochs: 7 }, "epochs"],
    ["where it has converged", [dense(1)], { epochs: 60 }, "converged"],
    [
      "where early stopping ends it",
      [dense(6, "tanh"), dense(1)],
      { epochs: 60, validationSplit: 0.4, earlyStopping: { patience: 2, restoreBest: true } },
      "earlyStopping",
    ],
  ])("goes on bit for bit %s", async (_, layers, given, stopped) => {
    const options = { optimizer, ...given };
    const trial = { make: () => network(layers), x, y: values, options, next: { optimizer, epochs: 2 } };
    const expected = await finish(await trial.make(), trial);
    expect(expected.history.stopped).toBe(stopped);
    for (let step = 1; step <= expected.step; step++) {
      for (const way of WAYS) {
        const bytes = await at[way](await trial.make(), trial, step, expected);
        compare(`${way} ${step}`, await finish(await Network.resume(bytes), trial), expected);
      }
    }
  });
});

test("a network that has not been trained begins as it would have", async () => {
  const layers = [batchNorm(), dense(4, "tanh"), dropout(0.2), dense(1)];
  const trial = {
    make: () => network(layers),
    x,
    y: values,
    options: { optimizer: adam(), epochs: 3 },
    next: { optimizer: sgd({ learningRate: 0.1 }) },
  };
  const bytes = (await trial.make()).checkpoint();
  compare("untrained", await finish(await Network.resume(bytes), trial), await finish(await trial.make(), trial));
});

test("after the best epoch was put back, predictions are the best epoch's, and more epochs go on from the last", async () => {
  const layers = [dense(8, "tanh"), dense(1)];
  // The validation rows have other targets: what is learnt makes them worse.
  const validationData = [x, values.map((value) => -value)] as const;
  const options = {
    optimizer: sgd({ learningRate: 0.1 }),
    validationData,
    earlyStopping: { patience: 50, restoreBest: true },
  };
  const [ended, whole] = [await network(layers), await network(layers)];
  await ended.fit(x, values, { ...options, epochs: 4 });
  const expected = await whole.fit(x, values, { ...options, epochs: 9 });
  const resumed = await Network.resume(ended.checkpoint());
  expect(resumed.parameters()).toStrictEqual(ended.parameters());
  expect(resumed.predict(x)).toStrictEqual(ended.predict(x));
  expect(await resumed.fit(x, values, { ...options, epochs: 9 })).toStrictEqual(expected);
  expect(resumed.parameters()).toStrictEqual(whole.parameters());
});

test("a training that diverges after it was resumed goes back to the same whole epoch", async () => {
  const options = { optimizer: sgd({ learningRate: 2 }), batchSize: 4, epochs: 1000 };
  const layers = [dense(1)];
  const whole = await network(layers);
  const expected: DivergedError = await whole.fit(x, values, options).catch((error) => error);
  expect(expected).toBeInstanceOf(DivergedError);
  expect(expected.step).toBeGreaterThan(8);
  const trial = { make: () => network(layers), x, y: values, options, next: options };
  const steps = [1, 6, 7, expected.step - 1].flatMap((step) =>
    [at.body, at.onStep, at.abort].map((cut) => ({ step, cut })),
  );
  const files = steps.map(async ({ step, cut }) => {
    const net = await trial.make();
    if (cut !== at.onStep) return cut(net, trial, step, undefined as never);
    let bytes: Uint8Array | undefined;
    const onStep = (progress: Progress) => {
      if (progress.step === step) bytes = net.checkpoint();
    };
    await net.fit(x, values, { ...options, onStep }).catch(() => undefined);
    return bytes!;
  });
  // And where it has diverged it does so again.
  for (const bytes of [...(await Promise.all(files)), whole.checkpoint()]) {
    const resumed = await Network.resume(bytes);
    const error: DivergedError = await resumed.fit(x, values, options).catch((reason) => reason);
    expect(error).toStrictEqual(expected);
    expect(resumed.save()).toEqual(whole.save());
    expect(resumed.history).toStrictEqual(whole.history);
  }
});

test("a checkpoint between two batches of the validation rows goes on with the epoch's end", async () => {
  const many = Array.from({ length: 600 }, (_, i) => x[i % ROWS]!);
  const validationData = [many, many.map((_, i) => values[i % ROWS]!)] as const;
  const options = { optimizer: adam(), epochs: 2, batchSize: 12, validationData, metrics: ["r2"] as const };
  const trial = { make: () => network([dense(4, "tanh"), dense(1)]), x, y: values, options, next: options };
  const expected = await finish(await trial.make(), trial);
  const net = await trial.make();
  const files: [number, Uint8Array][] = [];
  let now = performance.now();
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 20));
  const onProgress = () => void files.push([net.step, net.checkpoint()]);
  await net.fit(x, values, { ...options, onProgress }).finally(() => clock.mockRestore());
  // After each of 4 steps, the last of an epoch being its end; and after each of 3 batches of at most 256 rows.
  expect(files.map(([step]) => step)).toEqual([1, 2, 2, 2, 2, 3, 4, 4, 4, 4]);
  for (const [step, bytes] of files) compare(`${step}`, await finish(await Network.resume(bytes), trial), expected);
});

test("train yields what it would have, once", async () => {
  const options = {
    optimizer: adam(),
    epochs: 3,
    batchSize: 5,
    every: 2,
    validationSplit: 0.2,
    metrics: ["r2"] as const,
  };
  const layers = [dense(4, "tanh"), dense(1)];
  const yields = async (net: Network<Precision>, more: Partial<FitOptions> = {}) => {
    const list: Progress[] = [];
    for await (const progress of net.train(x, values, { ...options, ...more })) list.push(progress);
    return list;
  };
  const whole = await yields(await network(layers));
  expect(whole.map(({ step }) => step)).toEqual([2, 4, 6, 8, 10, 12]);
  for (const name of ["onStep", "onEpoch"] as const) {
    for (let step = 1; step <= 12; step++) {
      const net = await network(layers);
      let bytes: Uint8Array | undefined;
      const called = (progress: Progress) => {
        if (progress.step === step) bytes = net.checkpoint();
      };
      const before = (await yields(net, { [name]: called })).filter((progress) => progress.step < step);
      if (bytes)
        expect([...before, ...(await yields(await Network.resume(bytes)))], `${name} ${step}`).toStrictEqual(whole);
    }
  }
});

test("a rate that failed at any step goes on where it is mended", async () => {
  const layers = [dense(4, "tanh"), dense(1)];
  const options = (fails: number) => {
    const learningRate: LearningRate = ({ epoch, step }) => {
      if (5 * epoch + step === fails) throw new Error("no rate");
      return 0.1 / (1 + epoch + step);
    };
    return { optimizer: sgd({ learningRate, momentum: 0.5 }), epochs: 3, batchSize: 5 };
  };
  const whole = await network(layers);
  const expected = await whole.fit(x, values, options(-1));
  for (let fails = 0; fails < 15; fails++) {
    const net = await network(layers);
    await expect(net.fit(x, values, options(fails))).rejects.toThrow("no rate");
    expect([net.step, net.history.stopped]).toEqual([fails, "error"]);
    const resumed = await Network.resume(net.checkpoint());
    expect(await resumed.fit(x, values, options(-1)), `step ${fails}`).toStrictEqual(expected);
    expect(resumed.parameters()).toStrictEqual(whole.parameters());
  }
});

test("an epoch of which all steps were taken and a callback failed is not drawn again by the next fit", async () => {
  const net = await network([dense(1)]);
  const onStep = ({ step }: Progress) => {
    if (step === 5) throw new Error("cut");
  };
  const options = { optimizer: adam(), batchSize: 5 };
  await expect(net.fit(x, values, { ...options, onStep })).rejects.toThrow("cut");
  expect([net.step, net.epoch]).toEqual([5, 1]);
});
