import { describe, expect, test } from "vitest";
import {
  adam,
  cosine,
  type Features,
  type FitOptions,
  type History,
  type Item,
  Network,
  type Precision,
  type Progress,
  reduceOnPlateau,
  type Source,
  sgd,
  stepDecay,
  type TargetValues,
} from "../../src/index.ts";
import { bytes, inputs, labels, layers, ROWS, values, weights } from "./bytes.ts";

// Streams of rows. The oracle is the training with all rows in memory, in their order.

type Loss = "softmaxCrossEntropy" | "meanSquaredError";
const make = (loss: Loss = "softmaxCrossEntropy", precision: Precision = "f64") =>
  Network.create<Precision>({ inputs, layers, loss, precision, seed: 2 ** 35 + 1 });

/** Rows in items of these many each, again and again. */
function source(
  x: readonly ArrayLike<number>[],
  y: readonly (number | readonly number[])[],
  sizes: readonly number[],
  w?: readonly number[],
): Source {
  return async function* () {
    for (let first = 0, i = 0; first < x.length; i++) {
      const end = first + sizes[i % sizes.length]!;
      const item: Item = [x.slice(first, end), y.slice(first, end) as TargetValues];
      yield w ? [item[0], item[1], w.slice(first, end)] : item;
      first = end;
    }
  };
}

/** Single rows, of an iterable that is not async. */
const singles: Source = function* () {
  for (const [i, row] of bytes.entries()) yield [row, labels[i]!];
};

const optimizer = adam({ learningRate: 0.02 });
const OPTIONS: FitOptions = { optimizer, batchSize: 5, epochs: 3 };

/** What a network has come to, its optimizer's state included. */
async function outcome(net: Network<Precision>, history: History) {
  const again = await net.fit(bytes.slice(0, 20), net.history && labels.slice(0, 20), { ...OPTIONS, epochs: 1 });
  return { history, again, step: net.step, epoch: net.epoch, saved: net.save() };
}

async function streamed(from: Source, options: FitOptions, precision: Precision = "f64") {
  const net = await make("softmaxCrossEntropy", precision);
  return outcome(net, await net.fit(from, options));
}

async function resident(options: FitOptions, x: Features = bytes, precision: Precision = "f64") {
  const net = await make("softmaxCrossEntropy", precision);
  return outcome(net, await net.fit(x, labels, { ...options, sampling: "sequential" }));
}

/** Limits that make windows of 1, 2 and 7 batches of 5 rows in f64. */
const LIMITS = [1, 2 * 5 * 28, 7 * 5 * 36, undefined];

describe("a stream trains with the bits of its rows in memory", () => {
  const validationData = [bytes.slice(0, 7), labels.slice(0, 7)] as const;
  test.each<[string, Partial<FitOptions>]>([
    ["with a last batch that is short", {}],
    ["with accumulation", { accumulationSteps: 3 }],
    ["with more rows a batch than there are", { batchSize: 400, accumulationSteps: 2 }],
    ["with weights of classes", { classWeight: { 1: 2 } }],
    ["with fewer steps than a pass", { stepsPerEpoch: 5 }],
    ["with a pass of just these steps", { stepsPerEpoch: 11 }],
    ["with more steps than two passes", { stepsPerEpoch: 25, epochs: 2 }],
    ["with metrics and early stopping", { validationData, metrics: ["f1"], earlyStopping: { patience: 1 }, epochs: 9 }],
    ["with a rate by epochs", { optimizer: adam({ learningRate: stepDecay({ learningRate: 0.1 }) }) }],
    ["with a rate by losses", { optimizer: sgd({ learningRate: reduceOnPlateau({ learningRate: 9, patience: 0 }) }) }],
    [
      "with a rate by steps",
      { stepsPerEpoch: 9, optimizer: adam({ learningRate: cosine({ learningRate: 0.1, epochs: 2, warmUp: 1 }) }) },
    ],
    ["with a rate of the caller's", { stepsPerEpoch: 9, optimizer: sgd({ learningRate: (t) => 1 / (9 + t.step) }) }],
  ])("%s", async (_, given) => {
    const options = { ...OPTIONS, ...given };
    const expected = await resident(options);
    expect(await streamed(singles, options)).toStrictEqual(expected);
    for (const sizes of [[1], [5], [3, 8, 1], [ROWS]]) {
      for (const residentBytes of LIMITS) {
        expect(await streamed(source(bytes, labels, sizes), { ...options, residentBytes })).toStrictEqual(expected);
      }
    }
  });

  test("with weights of samples", async () => {
    const expected = await resident({ ...OPTIONS, sampleWeight: weights, classWeight: [1, 3] });
    for (const residentBytes of LIMITS) {
      const options: FitOptions = { ...OPTIONS, classWeight: [1, 3], residentBytes };
      expect(await streamed(source(bytes, labels, [4, 3], weights), options)).toStrictEqual(expected);
      const alone: Source = () => bytes.map((row, i) => [row, labels[i]!, weights[i]!]);
      expect(await streamed(alone, options)).toStrictEqual(expected);
    }
  });

  test.each<[string, Precision, (row: number[]) => ArrayLike<number>]>([
    ["u8", "f32", (row) => Uint8Array.from(row)],
    ["u8", "f64", (row) => Uint8Array.from(row)],
    ["f32", "f64", (row) => Float32Array.from(row, (value) => value + 1 / 3)],
    ["f64", "f32", (row) => Float64Array.from(row, (value) => value + 1 / 3)],
    ["f64", "f64", (row) => Float64Array.from(row, (value) => value + 1 / 3)],
  ])("with rows of %s in a network of %s, with labels and with values", async (kind, precision, convert) => {
    const x = bytes.map(convert);
    const Kind = { u8: Uint8Array, f32: Float32Array, f64: Float64Array }[kind]!;
    const flat = Kind.from(x.flatMap((row) => Array.from(row)));
    for (const [loss, y] of [["softmaxCrossEntropy", labels] as const, ["meanSquaredError", values] as const]) {
      const [expected, net, flats] = [
        await make(loss, precision),
        await make(loss, precision),
        await make(loss, precision),
      ];
      const history = await expected.fit(flat, y, { ...OPTIONS, sampling: "sequential" });
      const rows: Source = () => x.map((row, i) => [row, y[i]!]);
      expect(await net.fit(rows, { ...OPTIONS, residentBytes: 300 })).toStrictEqual(history);
      const parts: Source = function* () {
        for (let first = 0; first < ROWS; first += 9) {
          yield [flat.subarray(3 * first, 3 * (first + 9)), y.slice(first, first + 9)];
        }
      };
      expect(await flats.fit(parts, OPTIONS)).toStrictEqual(history);
      expect(net.save()).toEqual(expected.save());
      expect(flats.save()).toEqual(expected.save());
    }
  });

  test("with names, a constant for what is missing, and what was fitted before", async () => {
    const names = labels.map((label) => ["cat", "dog"][label]!);
    const holes = bytes.map(([a, b, c], i) => [a!, i % 4 === 3 ? Number.NaN : b!, c!]);
    const from: Source = () => holes.map((row, i) => [row, names[i]!]);
    const options: FitOptions = { ...OPTIONS, missing: { constant: 9 }, labels: ["cat", "dog"] };
    const [net, expected] = [await make(), await make()];
    const history = await expected.fit(holes, names, { ...options, sampling: "sequential" });
    expect(await net.fit(from, options)).toStrictEqual(history);
    expect(net.save()).toEqual(expected.save());
    expect(net.classify(holes, { names: true })).toEqual(expected.classify(holes, { names: true }));
    for (const one of [await make("meanSquaredError"), await make("meanSquaredError", "f32")]) {
      await one.fit(holes, values, { ...OPTIONS, scale: { x: "standard", y: "minMax" }, missing: "mean" });
      const twin = await Network.load(one.save());
      // A file has nothing of what an optimizer keeps.
      const anew = () => ({ ...OPTIONS, optimizer: adam() });
      const later = await twin.fit(holes, values, { ...anew(), sampling: "sequential" });
      expect(await one.fit(() => holes.map((row, i) => [row, values[i]!]), anew())).toStrictEqual(later);
      expect(one.save()).toEqual(twin.save());
    }
  });
});

test("an item whose numbers the first one's kind holds is taken, in any precision", async () => {
  const mixed: Source = () =>
    bytes.map((row, i) => [i % 2 ? Uint8Array.from(row) : Float32Array.from(row), labels[i]!]);
  expect(await streamed(mixed, OPTIONS)).toStrictEqual(await resident(OPTIONS));
});

test("each epoch is a pass of its own, and progress tells what is known of its steps", async () => {
  let calls = 0;
  const [told, expected]: Progress[][] = [[], []];
  const counted: Source = () => {
    calls += 1;
    return singles();
  };
  const net = await make();
  await net.fit(counted, { ...OPTIONS, onStep: (progress) => void told!.push(progress) });
  expect(calls).toBe(3);
  const onStep = (progress: Progress) => void expected!.push({ ...progress, steps: Number.POSITIVE_INFINITY });
  await (await make()).fit(bytes, labels, { ...OPTIONS, sampling: "sequential", onStep });
  expect(told).toHaveLength(33);
  expect(told).toEqual(expected);
  await net.fit(counted, { ...OPTIONS, stepsPerEpoch: 25, epochs: 2, onStep: ({ steps }) => expect(steps).toBe(83) });
  expect(calls).toBe(9);
});

test("train yields epochs, or every so many steps", async () => {
  const steps = async (more: object) => {
    const list: number[] = [];
    for await (const { step } of (await make()).train(singles, { ...OPTIONS, ...more })) list.push(step);
    return list;
  };
  expect(await steps({})).toEqual([11, 22, 33]);
  expect(await steps({ every: 8 })).toEqual([8, 16, 24, 32]);
  expect(await steps({ stepsPerEpoch: 4 })).toEqual([4, 8, 12]);
});

/** A source that counts its calls, the items given and the iterators that were told to return. */
function watched(rows = ROWS, wait?: (i: number) => unknown) {
  const seen = { calls: 0, items: 0, returned: 0, ended: 0 };
  const from: Source = async function* () {
    seen.calls += 1;
    try {
      for (let i = 0; i < rows; i++) {
        await wait?.(i);
        seen.items += 1;
        yield [bytes[i % ROWS]!, labels[i % ROWS]!];
      }
      seen.ended += 1;
    } finally {
      seen.returned += 1;
    }
  };
  return { from, seen };
}

describe("the iterator is told to return", () => {
  test.each<[string, (net: Network<Precision>, from: Source) => Promise<unknown>, string]>([
    [
      "by break",
      async (net, from) => {
        for await (const { step } of net.train(from, { ...OPTIONS, every: 1 })) if (step === 2) break;
      },
      "break",
    ],
    ["by stop", (net, from) => net.fit(from, { ...OPTIONS, onStep: () => "stop" }), "callback"],
    [
      "by what a callback throws",
      (net, from) => net.fit(from, { ...OPTIONS, onStep: () => Promise.reject(new Error("own")) }),
      "error",
    ],
    ["by its last step", (net, from) => net.fit(from, { ...OPTIONS, stepsPerEpoch: 2, epochs: 1 }), "epochs"],
  ])("%s", async (_, train, stopped) => {
    const { from, seen } = watched(1e9);
    const net = await make();
    await train(net, from).catch((error) => expect(error.message).toBe("own"));
    expect([seen.calls, seen.returned, seen.ended]).toEqual([1, 1, 0]);
    expect(net.history.stopped).toBe(stopped);
    // It is free for another.
    await net.fit(singles, { ...OPTIONS, epochs: 1 });
  });

  test("by an abort while it is waited for, which rejects at once", async () => {
    for (const held of [0, 12]) {
      const controller = new AbortController();
      let release: (() => void) | undefined;
      const { from, seen } = watched(ROWS, (i) => i === held && new Promise<void>((resolve) => (release = resolve)));
      const net = await make();
      const options = { ...OPTIONS, batchSize: 4, stepsPerEpoch: 14, signal: controller.signal, residentBytes: 1 };
      const fit = net.fit(from, options);
      while (!release) await new Promise((resolve) => setTimeout(resolve, 1));
      const reason = new Error("cut");
      controller.abort(reason);
      await expect(fit).rejects.toBe(reason);
      expect(net.step).toBe(held / 4);
      // The source still hangs; it returns when it comes to itself.
      expect(seen.returned).toBe(0);
      release();
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect([seen.returned, seen.ended]).toEqual([1, 0]);
      await net.fit(singles, { ...OPTIONS, epochs: 1 });
    }
  });

  test("not where it has ended or thrown by itself", async () => {
    const calls: string[] = [];
    const iterable = (fails: boolean) => ({
      [Symbol.iterator]() {
        let i = 0;
        return {
          next() {
            if (fails && i === 9) throw new Error("source");
            return i < ROWS ? { value: [bytes[i]!, labels[i++]!] as Item } : { done: true as const, value: undefined };
          },
          return: () => ({ done: true as const, value: calls.push("return") }),
        };
      },
    });
    await (await make()).fit(() => iterable(false), OPTIONS);
    await expect((await make()).fit(() => iterable(true), OPTIONS)).rejects.toThrow("source");
    expect(calls).toEqual([]);
  });
});

test("a signal that is aborted already calls no source", async () => {
  const { from, seen } = watched();
  await expect((await make()).fit(from, { ...OPTIONS, signal: AbortSignal.abort() })).rejects.toThrow("abort");
  expect(seen.calls).toBe(0);
});

test("a network waits for its source as one that trains: no other fit, but predictions", async () => {
  let release: (() => void) | undefined;
  const { from } = watched(ROWS, (i) => i % 20 === 0 && new Promise<void>((resolve) => (release = resolve)));
  const net = await make();
  const before = net.predict(bytes);
  const fit = net.fit(from, { ...OPTIONS, epochs: 1, stepsPerEpoch: 11, residentBytes: 1 });
  for (const step of [0, 4, 8]) {
    while (!release || net.step < step) await new Promise((resolve) => setTimeout(resolve, 1));
    await expect(net.fit(singles, OPTIONS)).rejects.toThrow("fit: the network is training");
    expect(String(net.predict(bytes)) === String(before)).toBe(step === 0);
    const resume = release;
    release = undefined;
    resume();
  }
  await fit;
  expect(net.epoch).toBe(1);
});

test("rows that come slowly are trained on as their steps are there, and the event loop is served", async () => {
  const { from } = watched(30, () => new Promise((resolve) => setTimeout(resolve, 6)));
  const net = await make();
  const steps: number[] = [];
  const timer = setInterval(() => steps.push(net.step), 3);
  await net.fit(from, { ...OPTIONS, stepsPerEpoch: 6, epochs: 1 });
  clearInterval(timer);
  // Not one window of all 30 rows.
  expect(new Set(steps).size).toBeGreaterThan(2);
});

test("a source that is not async lets timers run, in one step of many rows too", async () => {
  const net = await make();
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  const many: Source = function* () {
    for (let i = 0; i < 40_000; i++) yield [bytes[i % ROWS]!, labels[i % ROWS]!];
  };
  await net.fit(many, { ...OPTIONS, batchSize: 40_000, epochs: 1 });
  going = false;
  // 40,000 items take longer than 3 times the 10 ms that are read at a time.
  expect(turns).toBeGreaterThan(2);
});

describe("what goes wrong on the way leaves the state of the last whole step", () => {
  const failing: Source = function* () {
    yield* Array.from(singles() as Iterable<Item>).slice(0, 23);
    throw new Error("source");
  };
  const withItem = (item: unknown): Source =>
    function* () {
      yield* Array.from(singles() as Iterable<Item>).slice(0, 23);
      yield item as Item;
    };
  const ending =
    (rows: number): Source =>
    () =>
      Array.from(singles() as Iterable<Item>).slice(0, rows);

  test.each<[string, Source, string, number]>([
    ["a source that throws", failing, "source", 4],
    ["an item that is no pair", withItem([1, 2, 3, 4]), "fit: item 23 is an array of 4, expected [x, y]", 4],
    [
      "a row of another width",
      withItem([
        [[1, 2, 3], [1]],
        [0, 1],
      ]),
      "fit: item 23: x row 1 has 1 numbers, exp",
      4,
    ],
    [
      "values for labels",
      withItem([
        [1, 2, 3],
        [0, 1],
      ]),
      "item 23: y is values, and the first item's is labels",
      4,
    ],
    ["NaN", withItem([[1, Number.NaN, 3], 0]), "fit: item 23: x row 0, column 1 is NaN, expected a finite", 4],
    ["a weight", withItem([[1, 2, 3], 0, 1]), "item 23: sampleWeight is given, and the first item's is absent", 4],
    ["a last batch of 1 row", ending(26), "no variance in a last batch of 1 row (26 rows in batches of 5)", 5],
  ])("%s", async (_, from, message, steps) => {
    const expected = await make();
    const rows = [bytes.slice(0, 5 * steps), labels.slice(0, 5 * steps)] as const;
    await expected.fit(...rows, { ...OPTIONS, epochs: 1, sampling: "sequential" });
    for (const residentBytes of LIMITS) {
      const net = await make();
      await expect(net.fit(from, { ...OPTIONS, residentBytes })).rejects.toThrow(message);
      expect([net.step, net.history.stopped, net.history.loss]).toEqual([steps, "error", []]);
      expect(net.parameters()).toEqual(expected.parameters());
    }
  });

  test("a source that gives an iterator twice", async () => {
    const items = singles() as IterableIterator<Item>;
    const net = await make();
    await expect(net.fit(() => items, OPTIONS)).rejects.toThrow(
      "fit: source yields nothing, expected at least one item from each of its calls",
    );
    expect([net.step, net.epoch, net.history.stopped]).toEqual([11, 1, "error"]);
  });

  test("and a checkpoint of it goes on where the source is mended", async () => {
    const net = await make();
    await expect(net.fit(failing, OPTIONS)).rejects.toThrow("source");
    const resumed = await Network.resume(net.checkpoint());
    expect(await outcome(resumed, await resumed.fit(singles, OPTIONS))).toStrictEqual(await resident(OPTIONS));
  });
});

describe("a stream that was cut", () => {
  const validationData = [bytes.slice(0, 7), labels.slice(0, 7)] as const;
  const cases: [string, FitOptions][] = [
    ["in epochs of one pass", { ...OPTIONS, epochs: 2, validationData }],
    ["in epochs of two passes and a half", { ...OPTIONS, epochs: 1, stepsPerEpoch: 27 }],
    ["in parts of passes", { ...OPTIONS, epochs: 3, stepsPerEpoch: 6, accumulationSteps: 2 }],
  ];

  test.each(cases)("goes on bit for bit from every step, %s", async (_, options) => {
    const whole = await make();
    const history = await whole.fit(singles, options);
    const expected = { last: whole.checkpoint(), ...(await outcome(whole, history)) };
    for (let step = 1; step <= expected.step - 4; step++) {
      for (const i of [step, step + 1]) {
        const residentBytes = LIMITS[i % LIMITS.length];
        const from = source(bytes, labels, [1 + ((3 * step + i) % 9)]);
        let inside: Uint8Array | undefined;
        const net = await make();
        for await (const progress of net.train(from, { ...options, residentBytes, every: 1 })) {
          if (progress.step < step) continue;
          inside = net.checkpoint();
          break;
        }
        expect(net.checkpoint()).toEqual(inside);
        const resumed = await Network.resume(inside!);
        const other = LIMITS[Math.floor(i / 2 + 1) % LIMITS.length];
        const rest = await resumed.fit(source(bytes, labels, [2, 7]), { ...options, residentBytes: other });
        const last = resumed.checkpoint();
        const came = { last, ...(await outcome(resumed, rest)) };
        expect(came, `step ${step}, ${residentBytes}`).toStrictEqual(expected);
      }
    }
  });

  test("in the middle of a wait goes on from there", async () => {
    const whole = await make();
    const expected = await outcome(whole, await whole.fit(singles, OPTIONS));
    const files: Uint8Array[] = [];
    const net = await make();
    const waiting = watched(ROWS, () => void (net.step > 0 && files.push(net.checkpoint())));
    await net.fit(waiting.from, { ...OPTIONS, residentBytes: 1 });
    expect(files.length).toBeGreaterThan(100);
    for (const file of files.filter((_, i) => i % 9 === 0)) {
      const resumed = await Network.resume(file);
      expect(await outcome(resumed, await resumed.fit(singles, OPTIONS))).toStrictEqual(expected);
    }
  });

  test("refuses other data and options, and then goes on with the same", async () => {
    const net = await make();
    for await (const { step } of net.train(singles, { ...OPTIONS, every: 1 })) if (step === 15) break;
    const file = net.checkpoint();
    const expected = await streamed(singles, OPTIONS);
    const resumed = await Network.resume(file);
    const flipped = labels.map((label, i) => (i === 19 ? 1 - label : label));
    const cases: [Source, Partial<FitOptions>, string][] = [
      [source(bytes, flipped, [4]), {}, "fit: x or y are not those of the checkpoint"],
      [source(bytes.toReversed(), labels, [4]), {}, "fit: x or y are not those of the checkpoint"],
      [source(bytes.slice(0, 12), labels, [4]), {}, "fit: x or y are not those (12 rows, then "],
      [source(bytes.slice(0, 20), labels, [4]), {}, "fit: x or y are not those (20 rows, then more)"],
      [singles, { batchSize: 6 }, "fit: option batchSize is 6, and the checkpoint"],
      [singles, { stepsPerEpoch: 11 }, "fit: option stepsPerEpoch is 11, and the checkpoint"],
      [singles, { validationData }, "fit: the validation data are not those of the checkpoint"],
    ];
    for (const [from, more, message] of cases) {
      const error: Error = await resumed.fit(from, { ...OPTIONS, ...more }).catch((reason) => reason);
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toContain(message);
      expect(error.message.length).toBeLessThan(240);
    }
    await expect(resumed.fit(bytes, labels, { ...OPTIONS, sampling: "sequential" })).rejects.toThrow("fit: option");
    // A label that comes later is not known to be another.
    await resumed.fit(source(bytes, [...labels.slice(0, 20), ...flipped.slice(20)], [4]), OPTIONS);
    expect(await outcome(resumed, resumed.history)).toStrictEqual(expected);
  });
});

test("items without rows are passed over, as a source that filters makes them", async () => {
  const some = source(bytes, labels, [4]);
  const sparse: Source = async function* () {
    for await (const item of some()) {
      yield [[], []];
      yield item;
    }
  };
  expect(await streamed(sparse, OPTIONS)).toEqual(await streamed(some, OPTIONS));
});

test("dispose ends a training that waits for its source, which is closed", async () => {
  let closed = false;
  const waiting: Source = async function* () {
    try {
      yield [bytes, labels];
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield [bytes, labels];
    } finally {
      closed = true;
    }
  };
  const net = await make();
  const fit = net.fit(waiting, { ...OPTIONS, epochs: 1, onProgress: () => net.dispose() });
  setTimeout(() => net.dispose(), 10);
  await expect(fit).rejects.toThrow("fit: the network was disposed of");
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(closed).toBe(true);
});

test("onProgress stops a training as onEpoch and onStep do", async () => {
  const net = await make();
  const rows: Source = function* () {
    for (let i = 0; i < 1e9; i++) yield [bytes, labels];
  };
  const { stopped } = await net.fit(rows, { ...OPTIONS, onProgress: () => "stop" });
  expect(stopped).toBe("callback");
});
