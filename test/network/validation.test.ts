import { describe, expect, test } from "vitest";
import { judge, type Patience } from "../../src/earlyStopping.ts";
import {
  batchNorm,
  constant,
  dense,
  dropout,
  type EarlyStopping,
  earlyStopping,
  type FitOptions,
  type History,
  type LearningRate,
  lbfgs,
  Network,
  type Precision,
  type Progress,
  piecewise,
  sgd,
  stepDecay,
} from "../../src/index.ts";
import { shuffle } from "../reference/random.ts";
import { classifier, labels, options, regression, scalars, x } from "./samples.ts";

describe.each<Precision>(["f32", "f64"])("validationSplit in %s", (precision) => {
  const layers = [dense(4, "tanh"), batchNorm(), dropout(0.2), dense(2)];

  /** The rows that a shuffle from the seed puts first, and the others, both as they stood. */
  function divided(seed: number, count: number) {
    const order = shuffle(x.length, seed, 0, 2 ** 32 - 1);
    const held = order.slice(0, count).sort((a, b) => a - b);
    const rest = order.slice(count).sort((a, b) => a - b);
    const rows = (places: number[]) => [places.map((i) => x[i]!), places.map((i) => labels[i]!)] as const;
    return { held: rows(held), rest: rows(rest), places: rest };
  }

  test.each([5, 6, 2 ** 40 + 3])("trains as without the rows that seed %i holds out, bit for bit", async (seed) => {
    const [net, plain] = [await classifier({ precision, seed, layers }), await classifier({ precision, seed, layers })];
    const { held, rest, places } = divided(seed, 3);
    const sampleWeight = x.map((_, i) => 1 + i / 8);
    const more = { ...options, epochs: 3, metrics: ["accuracy"] as const };
    const history = await net.fit(x, labels, { ...more, sampleWeight, validationSplit: 0.3 });
    const expected = await plain.fit(...rest, {
      ...more,
      sampleWeight: places.map((i) => sampleWeight[i]!),
      validationData: held,
    });
    expect(history).toStrictEqual(expected);
    expect(net.save()).toEqual(plain.save());
  });

  test("holds out the same rows for the same seed, whatever the numbers, and others for another seed", async () => {
    const rows = [1, 2, 3].map((seed) => divided(seed, 3).places.join());
    expect(new Set(rows).size).toBe(3);
    // Targets of the rows held out are never in a gradient.
    const [net, other] = [await classifier({ precision, seed: 1 }), await classifier({ precision, seed: 1 })];
    const { places } = divided(1, 3);
    const flipped = labels.map((label, i) => (places.includes(i) ? label : 1 - label));
    const { loss, validationLoss } = await net.fit(x, labels, { ...options, epochs: 3, validationSplit: 0.3 });
    const found = await other.fit(x, flipped, { ...options, epochs: 3, validationSplit: 0.3 });
    expect(net.save()).toEqual(other.save());
    expect(found.loss).toEqual(loss);
    expect(found.validationLoss).not.toEqual(validationLoss);
  });

  test.each([
    [0.01, 1],
    [0.2, 2],
    [0.5, 5],
    [0.99, 10],
  ])("of %d holds out ⌊11 · part⌋ rows, at least 1: %i", async (validationSplit, count) => {
    const net = await classifier({ precision });
    await net.fit(x, labels, { ...options, batchSize: 1, validationSplit });
    expect(net.step).toBe(11 - count);
  });
});

test("after each epoch validationLoss and metrics are those of the network as it predicts then", async () => {
  const net = await classifier({ layers: [dense(4, "tanh"), batchNorm(), dropout(0.5), dense(2)] });
  const held = [x.slice(0, 5), labels.slice(0, 5)] as const;
  const losses: number[] = [];
  const accuracies: number[] = [];
  const told: (number | undefined)[] = [];
  const history = await net.fit(x, labels, {
    ...options,
    epochs: 4,
    validationData: held,
    metrics: ["accuracy", "top1Accuracy"],
    onStep: ({ validationLoss, metrics }) => void told.push(validationLoss, metrics?.accuracy),
    onEpoch: ({ validationLoss, metrics }) => {
      losses.push(net.evaluate(...held).loss);
      const predicted = net.classify(held[0]);
      accuracies.push(held[1].filter((label, i) => label === predicted[i]).length / 5);
      expect([validationLoss, metrics]).toEqual([
        losses.at(-1),
        { accuracy: accuracies.at(-1), top1Accuracy: accuracies.at(-1) },
      ]);
    },
  });
  expect(history.validationLoss).toEqual(losses);
  expect(history.metrics).toEqual({ accuracy: accuracies, top1Accuracy: accuracies });
  expect(told.every((value) => value === undefined)).toBe(true);
});

test("metrics without validation rows are over the training rows", async () => {
  const net = await regression();
  const errors: number[] = [];
  const onEpoch = () => {
    const predicted = net.predict(x);
    errors.push(scalars.reduce((sum, [value], i) => sum + Math.abs(value! - predicted[i]!), 0) / 11);
  };
  const { metrics, validationLoss } = await net.fit(x, scalars, {
    ...options,
    epochs: 3,
    metrics: ["meanAbsoluteError"],
    onEpoch,
  });
  // Sums of 11 f64 in another order.
  for (const [i, error] of errors.entries()) expect(metrics!.meanAbsoluteError![i]).toBeCloseTo(error, 6);
  expect(metrics!.meanAbsoluteError).toHaveLength(3);
  expect(validationLoss).toBeUndefined();
});

/**
 * ŷ = w + b, far below its target: the gradient, beyond 1, is cut to −1, and each step adds the rate to w and to b. With the rate
 * ½ ŷ is 1, 2, 3 … after the epochs of one step, exactly.
 */
async function counting(given: Partial<FitOptions>, learningRate: LearningRate = 0.5) {
  const layers = [dense(1, "identity", { weights: constant(0) })];
  const net = await Network.create({ inputs: 1, layers, loss: "meanSquaredError", precision: "f64" });
  const history = await net.fit([[1]], [1e9], { optimizer: sgd({ learningRate, clipValue: 1 }), epochs: 9, ...given });
  return { history, output: net.predict([[1]])[0], net };
}

describe("early stopping", () => {
  // (ŷ − 3)² is 4, 1, 0, 1, 4, 9 …
  const validationData = [[[1]], [3]] as const;
  test.each<[string, Partial<EarlyStopping>, number, number]>([
    ["patience 0, which counts as 1", { patience: 0 }, 4, 4],
    ["patience 1", { patience: 1 }, 4, 4],
    ["patience 2", { patience: 2 }, 5, 5],
    ["patience 2, the best put back", { patience: 2, restoreBest: true }, 5, 3],
    // 1 is not more than 1 below the best, which stays that of epoch 2.
    ["minDelta 1", { patience: 2, minDelta: 1, restoreBest: true }, 4, 2],
    ["minDelta just below 1", { patience: 2, minDelta: 0.999, restoreBest: true }, 5, 3],
    ["minDelta that nothing reaches", { patience: 3, minDelta: 5, restoreBest: true }, 4, 1],
  ])("with %s", async (_, given, epochs, output) => {
    const result = await counting({ validationData, earlyStopping: earlyStopping(given) });
    expect(result.history.validationLoss).toEqual([4, 1, 0, 1, 4, 9].slice(0, epochs));
    expect([result.history.stopped, result.net.epoch, result.output]).toEqual(["earlyStopping", epochs, output]);
  });

  test("counts epochs in a row: an improvement begins anew", async () => {
    // ŷ is 1, 1, 1, 2, 2, 2, 2
    const rate = piecewise([
      [1, 0.5],
      [2, 0],
      [1, 0.5],
      [9, 0],
    ]);
    const { history, output } = await counting({ validationData, earlyStopping: { patience: 3 } }, rate);
    expect(history.validationLoss).toEqual([4, 4, 4, 1, 1, 1, 1]);
    expect([history.stopped, output]).toEqual(["earlyStopping", 2]);
  });

  test.each(["r2", "meanAbsoluteError"] as const)("by %s stops where it no longer gets better", async (monitor) => {
    // Targets 2 and 4: r2 = 1 − ((ŷ − 2)² + (ŷ − 4)²)/2; the mean of |ŷ − 2| and |ŷ − 4| stays 1 between them.
    const { history, output } = await counting({
      validationData: [
        [[1], [1]],
        [2, 4],
      ],
      metrics: [monitor],
      earlyStopping: { monitor, restoreBest: true },
    });
    const expected = { r2: [-4, -1, 0, -1], meanAbsoluteError: [2, 1, 1] };
    expect(history.metrics![monitor]).toEqual(expected[monitor]);
    expect(history.stopped).toBe("earlyStopping");
    expect(output).toBe(monitor === "r2" ? 3 : 2);
  });

  test("that does not come puts back the best at the end, and leaves the last without restoreBest", async () => {
    const ends = [true, false].map((restoreBest) =>
      counting({ epochs: 5, validationData, earlyStopping: { patience: 9, restoreBest } }),
    );
    for (const { history } of await Promise.all(ends)) expect(history.stopped).toBe("epochs");
    expect((await Promise.all(ends)).map(({ output }) => output)).toEqual([3, 5]);
  });

  test("does not wait for more than NaN, which is never the best", () => {
    const state: Patience = { epoch: 0, waited: 0 };
    const found = [Number.NaN, 1, Number.NaN, 0.5, 0.75, Number.NaN].map((value, i) => {
      const { best, stop } = judge(earlyStopping({ patience: 2 }), state, i + 1, value, false);
      return [best, stop];
    });
    const [better, worse, last] = [
      [true, false],
      [false, false],
      [false, true],
    ];
    expect(found).toEqual([worse, better, worse, better, worse, last]);
    expect(state).toEqual({ best: 0.5, epoch: 4, waited: 2 });
  });
});

describe("a training that ends", () => {
  /** What a call of fit came to, however it ended, and what onEnd was told. */
  async function ended(given: Partial<FitOptions>, rate: LearningRate = 0.25) {
    const net = await regression({ precision: "f64" });
    const told: History[] = [];
    const all = {
      optimizer: sgd({ learningRate: rate }),
      batchSize: 4,
      epochs: 3,
      onEnd: (h: History) => void told.push(h),
      ...given,
    };
    const error: unknown = await net.fit(x, scalars, all).then(
      () => undefined,
      (reason) => reason,
    );
    const { history } = net;
    expect(history.seconds).toHaveLength(history.loss.length);
    expect(history.learningRate).toHaveLength(history.loss.length);
    expect(history.seconds.every((seconds) => seconds >= 0 && seconds < 60)).toBe(true);
    expect(Object.keys(history)).not.toContain("seconds");
    return { net, history, told, error };
  }

  test.each<[string, Partial<FitOptions>, string, number, number]>([
    ["with its epochs", {}, "epochs", 3, 9],
    ["by onEpoch", { onEpoch: ({ epoch }) => (epoch === 2 ? "stop" : undefined) }, "callback", 2, 6],
    ["by a promise of onEpoch's", { onEpoch: async () => "stop" }, "callback", 1, 3],
    ["by onStep in an epoch", { onStep: ({ step }) => (step === 4 ? "stop" : undefined) }, "callback", 1, 4],
    ["by a promise of onStep's", { onStep: async () => "stop" }, "callback", 0, 1],
    [
      "by onStep at an epoch's last step, which ends",
      { onStep: ({ step }) => (step === 3 ? "stop" : 0) },
      "callback",
      1,
      3,
    ],
    ["not by other words", { onStep: () => "Stop", onEpoch: () => true }, "epochs", 3, 9],
    ["where it has converged", { optimizer: lbfgs(), batchSize: undefined, epochs: 99 }, "converged", -1, -1],
  ])("%s tells onEnd its history", async (_, given, stopped, epochs, steps) => {
    const { net, history, told, error } = await ended(given);
    expect(error).toBeUndefined();
    expect(history.stopped).toBe(stopped);
    if (epochs >= 0) expect([history.loss.length, net.step]).toEqual([epochs, steps]);
    expect(told).toStrictEqual([history]);
  });

  // Not a timer's: it would run from here on, and might end before the training begins.
  const cut = new AbortController();
  test.each<[string, Partial<FitOptions>, LearningRate, string]>([
    ["by what a callback throws", { onEpoch: () => Promise.reject(new Error("own")) }, 0.25, "error"],
    ["by its signal", { signal: cut.signal, onEpoch: () => cut.abort(), epochs: 1e9 }, 0.25, "abort"],
    ["diverging", { epochs: 1e9 }, 1e200, "divergence"],
  ])("%s does not call onEnd", async (_, given, rate, stopped) => {
    const { history, told, error } = await ended(given, rate);
    expect(error).toBeInstanceOf(Error);
    expect([history.stopped, told]).toEqual([stopped, []]);
  });

  test("with its loop has broken off", async () => {
    const net = await regression();
    const seen: Progress[] = [];
    for await (const progress of net.train(x, scalars, { ...options, epochs: 3 })) {
      expect(net.history.stopped).toBeUndefined();
      seen.push(progress);
      if (progress.epoch === 2) break;
    }
    expect([net.history.stopped, net.history.loss.length, seen.length]).toEqual(["break", 2, 2]);
  });

  test("has awaited onEnd, and passes on what that throws", async () => {
    const net = await regression();
    let done = false;
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      done = true;
    };
    await net.fit(x, scalars, { ...options, onEnd: later });
    expect(done).toBe(true);
    const error = new Error("own");
    await expect(net.fit(x, scalars, { ...options, onEnd: () => Promise.reject(error) })).rejects.toBe(error);
    // The training has ended: another may begin.
    await net.fit(x, scalars, options);
    expect(net.epoch).toBe(3);
  });

  test("has the rate of each epoch's last step", async () => {
    const { history } = await ended({}, stepDecay({ learningRate: 0.25, factor: 0.5 }));
    expect(history.learningRate).toEqual([0.25, 0.125, 0.0625]);
    const within = await ended({}, ({ epoch, step }) => 1 / (4 + 3 * epoch + step));
    expect(within.history.learningRate).toEqual([1 / 6, 1 / 9, 1 / 12]);
    expect((await ended({ optimizer: lbfgs(), batchSize: undefined, epochs: 1 })).history.learningRate).toEqual([
      Number.NaN,
    ]);
  });
});
