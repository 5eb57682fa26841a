import { describe, expect, test } from "vitest";
import {
  type Features,
  type FitOptions,
  Network,
  type Precision,
  type Progress,
  sgd,
  type TargetValues,
} from "../../src/index.ts";
import { classifier, labels, options, x } from "./samples.ts";

describe.each<Precision>(["f32", "f64"])("history.loss in %s", (precision) => {
  test("is, for full batches, the loss before each step as evaluate and gradients give it", async () => {
    const net = await classifier({ precision });
    const full = { ...options, batchSize: 11, sampling: "sequential" } as const;
    const expected: number[] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      const { loss } = net.evaluate(x, labels);
      expect(net.gradients(x, labels).loss).toBe(loss);
      expected.push(loss);
      // The same kernel sums the same rows in the same order: the same bits.
      expect((await net.fit(x, labels, full)).loss).toEqual([loss]);
    }
    const whole = await classifier({ precision });
    const history = await whole.fit(x, labels, { ...full, epochs: 4 });
    expect(history.loss).toEqual(expected);
  });

  test("is the mean over samples, not over batches, as they were trained", async () => {
    const net = await classifier({ precision });
    const { loss } = await net.fit(x, labels, { ...options, sampling: "sequential" });
    const single = await classifier({ precision });
    let sum = 0;
    for (const [first, end] of [
      [0, 4],
      [4, 8],
      [8, 11],
    ] as const) {
      const [rows, targets] = [x.slice(first, end), labels.slice(first, end)];
      sum += single.evaluate(rows, targets).loss * (end - first);
      await single.fit(rows, targets, { ...options, sampling: "sequential" });
    }
    // evaluate divides the sum of a batch, and this multiplies it again: 2⁻⁵³ each time, three times
    expect(Math.abs(loss[0]! - sum / 11)).toBeLessThan(4 * 2 ** -53 * (sum / 11));
    expect(net.parameters()).toEqual(single.parameters());
  });
});

test("the defaults are one epoch of shuffled batches of 32 rows", async () => {
  const rows = Array.from({ length: 7 }, () => x).flat();
  const targets = Array.from({ length: 7 }, () => labels).flat();
  const [implied, explicit] = [await classifier(), await classifier()];
  await implied.fit(rows, targets, { optimizer: options.optimizer });
  await explicit.fit(rows, targets, { ...options, epochs: 1, batchSize: 32, sampling: "shuffle", validationSplit: 0 });
  expect(implied.save()).toEqual(explicit.save());
  // ⌈77 / 32⌉
  expect([implied.epoch, implied.step]).toEqual([1, 3]);
});

test("a batchSize above the rows is one batch of all rows", async () => {
  const [above, exact] = [await classifier(), await classifier()];
  await above.fit(x, labels, { ...options, batchSize: 2 ** 53 - 1, epochs: 3 });
  await exact.fit(x, labels, { ...options, batchSize: 11, epochs: 3 });
  expect(above.save()).toEqual(exact.save());
  expect(above.step).toBe(3);
});

test("counters of step and epoch go on from one fit to the next, and history begins anew", async () => {
  const net = await classifier();
  expect([net.epoch, net.step, net.history.loss]).toEqual([0, 0, []]);
  const first = await net.fit(x, labels, { ...options, epochs: 2 });
  expect([net.epoch, net.step]).toEqual([2, 6]);
  expect(net.history.loss).toEqual(first.loss);
  const second = await net.fit(x, labels, { ...options, epochs: 3, batchSize: 11 });
  expect([net.epoch, net.step]).toEqual([5, 9]);
  expect(second.loss).toHaveLength(3);
  expect(net.history.loss).toEqual(second.loss);
});

test("two fits are one fit of all epochs, bit for bit", async () => {
  for (const sampling of ["shuffle", "sequential", "withReplacement"] as const) {
    const [once, twice] = [await classifier(), await classifier()];
    const { loss } = await once.fit(x, labels, { ...options, sampling, epochs: 5 });
    const parts = [
      await twice.fit(x, labels, { ...options, sampling, epochs: 2 }),
      await twice.fit(x, labels, { ...options, sampling, epochs: 3 }),
    ];
    expect(twice.save()).toEqual(once.save());
    expect(parts.flatMap((part) => part.loss)).toEqual(loss);
  }
});

test("a fit does not depend on what the memory was planned for before: it gives the bits of a network just loaded", async () => {
  const flat = x.flat();
  const many = Array.from({ length: 30 }, () => x).flat();
  const oneHot = labels.map((label) => [1 - label, label]);
  const three = x.slice(0, 3);
  const calls: [Features, TargetValues, Partial<FitOptions>][] = [
    // An order of one row, and then of all.
    [x, labels, { sampling: "withReplacement", batchSize: 1, stepsPerEpoch: 1 }],
    [x, labels, {}],
    [x, labels, { sampling: "withReplacement", stepsPerEpoch: 500 }],
    [x, labels, { sampling: "sequential", batchSize: 11 }],
    // The same bytes are other numbers in another kind of array.
    [Float32Array.from(flat), labels, {}],
    [Uint8Array.from(flat, (value) => 64 * value + 64), labels, {}],
    [Float64Array.from(flat), labels, { batchSize: 3 }],
    [x, oneHot, {}],
    [x, oneHot.map((row) => Uint8Array.from(row)), {}],
    [x, labels, { batchSize: 7 }],
    // More rows than a batch of predictions has, and fewer again.
    [many, many.map(([a]) => Number(a! > 0)), { batchSize: 300 }],
    [three, labels.slice(0, 3), { optimizer: sgd({ learningRate: 0.5 }) }],
    [many, many.map(([a]) => Number(a! > 0)), { batchSize: 5, sampling: "withReplacement" }],
  ];
  for (const precision of ["f32", "f64"] as const) {
    const used: Network<Precision> = await classifier({ precision });
    for (const [rows, targets, changes] of calls) {
      const fresh = await Network.load(used.save());
      const settings = { ...options, epochs: 2, ...changes };
      expect(await used.fit(rows, targets, settings)).toEqual(await fresh.fit(rows, targets, settings));
      expect(used.save()).toEqual(fresh.save());
    }
  }
});

describe("onEpoch", () => {
  test("is called after every whole epoch with where the training stands", async () => {
    const net = await classifier();
    const seen: Progress[] = [];
    const onEpoch = (progress: Progress) => {
      expect([net.epoch, net.step]).toEqual([progress.epoch, progress.step]);
      seen.push(progress);
    };
    const first = await net.fit(x, labels, { ...options, epochs: 2, onEpoch });
    const second = await net.fit(x, labels, { ...options, epochs: 2, batchSize: 6, onEpoch });
    const [a, b, c, d] = [...first.loss, ...second.loss];
    expect(seen).toEqual([
      { epoch: 1, epochs: 2, step: 3, steps: 6, loss: a, learningRate: 0.25 },
      { epoch: 2, epochs: 2, step: 6, steps: 6, loss: b, learningRate: 0.25 },
      { epoch: 3, epochs: 4, step: 8, steps: 10, loss: c, learningRate: 0.25 },
      { epoch: 4, epochs: 4, step: 10, steps: 10, loss: d, learningRate: 0.25 },
    ]);
  });

  test("passes on what it throws; the network has the whole epochs and can go on", async () => {
    const net = await classifier();
    const reason = { not: "even an Error" };
    const onEpoch = ({ epoch }: Progress) => {
      if (epoch === 3) throw reason;
    };
    await expect(net.fit(x, labels, { ...options, epochs: 9, onEpoch })).rejects.toBe(reason);
    const expected = await classifier();
    const history = await expected.fit(x, labels, { ...options, epochs: 3 });
    expect(net.save()).toEqual(expected.save());
    expect(net.history.loss).toEqual(history.loss);
    expect(await net.fit(x, labels, options)).toEqual(await expected.fit(x, labels, options));
    expect(net.save()).toEqual(expected.save());
  });
});

describe("onProgress", () => {
  test("is called between steps, again and again, with where the training stands; what it throws is passed on", async () => {
    const net = await classifier();
    const seen: Progress[] = [];
    const reason = new Error("enough");
    const onProgress = (progress: Progress) => {
      expect(net.step).toBe(progress.step);
      if (seen.push(progress) === 5) throw reason;
    };
    // More steps than could ever be taken: only the error ends this.
    const endless = { ...options, stepsPerEpoch: 1e9, epochs: 7, onProgress };
    await expect(net.fit(x, labels, endless)).rejects.toBe(reason);
    for (const { epoch, epochs, steps, loss } of seen) {
      expect({ epoch, epochs, steps }).toEqual({ epoch: 1, epochs: 7, steps: 7e9 });
      expect(loss).toBeGreaterThan(0);
    }
    const steps = seen.map(({ step }) => step);
    expect(new Set(steps).size).toBe(5);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    // The epoch that was interrupted has used up its number.
    expect([net.epoch, net.step, net.history.loss]).toEqual([1, steps.at(-1), []]);
    await net.fit(x, labels, options);
    expect([net.epoch, net.step]).toEqual([2, steps.at(-1)! + 3]);
  });
});

describe("stepsPerEpoch", () => {
  test.each(["shuffle", "sequential", "withReplacement"] as const)(
    "sets the steps of an epoch under %s",
    async (sampling) => {
      for (const stepsPerEpoch of [1, 2, 3, 4, 10]) {
        const net = await classifier();
        const { loss } = await net.fit(x, labels, { ...options, sampling, stepsPerEpoch, epochs: 3 });
        expect([net.epoch, net.step, loss.length]).toEqual([3, 3 * stepsPerEpoch, 3]);
      }
    },
  );

  test("of ⌈rows / batchSize⌉ is the default under every sampling", async () => {
    for (const sampling of ["shuffle", "sequential", "withReplacement"] as const) {
      const [implied, explicit] = [await classifier(), await classifier()];
      await implied.fit(x, labels, { ...options, sampling, epochs: 2 });
      await explicit.fit(x, labels, { ...options, sampling, epochs: 2, stepsPerEpoch: 3 });
      expect(implied.save()).toEqual(explicit.save());
    }
  });
});

test("an optimizer as plain data is as good as sgd()", async () => {
  const [plain, made] = [await classifier(), await classifier()];
  await plain.fit(x, labels, { ...options, optimizer: { type: "sgd", learningRate: 0.25 } });
  await made.fit(x, labels, { ...options, optimizer: sgd({ learningRate: 0.25 }) });
  expect(plain.save()).toEqual(made.save());
});
