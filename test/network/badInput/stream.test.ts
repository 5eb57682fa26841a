import { describe, expect, test } from "vitest";
import {
  adam,
  batchNorm,
  cosine,
  dense,
  exponentialDecay,
  type Item,
  lbfgs,
  oneCycle,
  rprop,
  type Source,
  sgd,
} from "../../../src/index.ts";
import { classifier, labels, options, x } from "../samples.ts";
import { any, refuses, type Table } from "./refuses.ts";

// Streams that cannot be trained on, refused before anything starts.

const source: Source = () => x.map((row, i) => [row, labels[i]!]);
const rate = (learningRate: unknown) => ({ ...options, optimizer: sgd({ learningRate: any(learningRate) }) });

/** Options of `fit` and of `train`. */
const OPTIONS: Table<unknown> = {
  TypeError: {
    "options is undefined, expected a plain object": undefined,
    "options is an array, expected a plain object": [options],
    'unknown option "batchsize", expected one of batchSize': { ...options, batchsize: 4 },
    'optimizer is "sgd", expected one such as sgd({ learningRate: 0.1 })': { optimizer: "sgd" },
    'sampling is null, expected "sequential", as a stream is taken in the order': { ...options, sampling: null },
    'batchSize is "3", expected a positive integer': { ...options, batchSize: "3" },
  },
  RangeError: {
    'sampling is "shuffle", and a stream is taken in the order in which it comes; expected "sequential"': {
      ...options,
      sampling: "shuffle",
    },
    'sampling is "withReplacement", and a stream is taken in the order': { ...options, sampling: "withReplacement" },
    "stepsPerEpoch is Infinity, expected a positive integer": { ...options, stepsPerEpoch: Infinity },
    "residentBytes is 0, expected a positive integer": { ...options, residentBytes: 0 },
    "validationSplit is 0.2, and how many rows a stream has is not known; expected validationData": {
      ...options,
      validationSplit: 0.2,
    },
    "sampleWeight is given, and a stream has it in its items; expected [x, y, sampleWeight] there": {
      ...options,
      sampleWeight: x.map(() => 1),
    },
    'classWeight is "balanced", and the classes of a stream are not counted before its end; expected a weight': {
      ...options,
      classWeight: "balanced",
    },
    'classWeight names class "2", expected one of 0 to 1': { ...options, classWeight: { 2: 1 } },
    "metrics are given, and the rows of a stream are gone when an epoch ends; expected validationData": {
      ...options,
      metrics: ["accuracy"],
    },
    "earlyStopping monitors validationLoss, expected validationSplit or validationData": {
      ...options,
      earlyStopping: { patience: 2 },
    },
    "optimizer is rprop, and a step of it takes all rows; expected one that takes batches": { optimizer: rprop() },
    "optimizer is lbfgs, and a step of it takes all rows; expected one that takes batches": { optimizer: lbfgs() },
    "learningRate is cosine, and goes by the steps of an epoch, which a stream does not tell before its end; expected stepsPerEpoch":
      rate(cosine({ learningRate: 0.1, epochs: 2 })),
    "learningRate is oneCycle, and goes by": rate(oneCycle({ learningRate: 0.1, epochs: 2 })),
    "learningRate is exponentialDecay, and goes by": rate(exponentialDecay({ learningRate: 0.1, factor: 0.5 })),
    "learningRate is a function, and goes by": rate(() => 0.1),
    'scale x is "standard", and a stream has passed by before that is known; expected none, or a network': {
      ...options,
      scale: { x: "standard" },
    },
    'missing is "mean", and a stream has passed by': { ...options, missing: "mean" },
  },
};

describe("fit", () => {
  refuses("fit: ", OPTIONS, (net, given) => net.fit(source, any(given)));
});

describe("train", () => {
  refuses("train: ", OPTIONS, (net, given) => net.train(source, any(given)).next());
});

const of = (...items: unknown[]) => any(() => items);

describe("source", () => {
  refuses<unknown>(
    "fit: ",
    {
      TypeError: {
        "source is an object, expected a function that returns an iterable of [x, y], for each pass": (
          source() as Item[]
        ).values(),
        "source returns undefined, expected an iterable or async iterable of [x, y], as generators make": () => {},
        "source returns a promise, expected an iterable": async () => x,
        "source returns an object, expected an iterable": () => ({ [Symbol.iterator]: () => ({}) }),
        'source returns "rows", expected an iterable': () => "rows",
        "item 0 is an object, expected [x, y] or [x, y, sampleWeight]": of({ x: 1 }),
        "item 0 is an array of 1, expected [x, y]": of([x]),
        "item 0 is an array of 4, expected [x, y]": of([1, 2, 3, 4]),
        "item 0: x is 1, expected an array of rows": of([1, 2]),
        'item 0: y is "cat", a name, and others may come later; expected labels: [ … ]': of([x[0], "cat"]),
        "item 0: y is true, a name, and others may come later": of([x.slice(0, 2), [true, false]]),
        "item 0: y row 0 is undefined, expected a class label": of([x[0], undefined]),
        'item 0: sampleWeight is "1", expected an array': of([x[0], 1, "1"]),
      },
      RangeError: {
        "source yields nothing, expected at least one item from each of its calls": of(),
        "item 0: x has 4 numbers, expected a multiple of 3": of([[1, 2, 3, 4], 0]),
        "item 0: x row 1 has 2 numbers, expected 3": of([
          [
            [1, 2, 3],
            [1, 2],
          ],
          [0, 1],
        ]),
        "item 0: x is empty, expected at least one row": of([[], 0]),
        "item 0: x row 0, column 2 is NaN, expected a finite number": of([[1, 2, Number.NaN], 0]),
        "item 0: y row 0 is 2, expected a class label, an integer from 0 to 1": of([x[0], 2]),
        "item 0: y has 1 numbers and x has 2 rows": of([x.slice(0, 2), 1]),
        "item 0: sampleWeight of row 0 is -1, expected a finite number from 0": of([x[0], 1, -1]),
        "item 0: sampleWeight has 1 numbers and x has 2 rows": of([x.slice(0, 2), [0, 1], [1]]),
      },
    },
    (net, given) => net.fit(given as Source, options),
  );

  test("what it throws before its first item is passed on, and nothing has begun", async () => {
    const net = await classifier();
    const saved = net.save();
    const error = new Error("own");
    const fails: Source[] = [
      () => {
        throw error;
      },
      // biome-ignore lint/correctness/useYield: it fails before
      async function* () {
        throw error;
      },
    ];
    for (const one of fails) await expect(net.fit(one, options)).rejects.toBe(error);
    expect([net.save(), net.history.loss, net.history.stopped]).toEqual([saved, [], undefined]);
    await net.fit(source, options);
  });

  test("whose first item is refused has its iterator return", async () => {
    let returned = 0;
    const net = await classifier();
    const items: Source = function* () {
      try {
        yield [x[0]!, 7] as Item;
      } finally {
        returned += 1;
      }
    };
    await expect(net.fit(items, options)).rejects.toThrow("fit: item 0: y row 0 is 7");
    expect(returned).toBe(1);
  });

  test("with numbers that the first item's kind does not hold", async () => {
    const net = await classifier();
    const items: Source = () => [
      [Uint8Array.of(1, 2, 3), 0],
      [[1, 2, 0.5], 1],
    ];
    await expect(net.fit(items, options)).rejects.toThrow(
      new TypeError(
        "fit: item 1: x is a Float32Array, and the first item's is a Uint8Array, which is smaller; expected the same",
      ),
    );
  });

  test("in batches of 1 row where there are statistics of batches", async () => {
    const net = await classifier({ layers: [batchNorm(), dense(2)] });
    await expect(net.fit(source, { optimizer: adam(), batchSize: 1 })).rejects.toThrow(
      "fit: layer 0 is batchNorm, which has no variance in batches of 1 row, expected at least 2 rows in every batch",
    );
  });
});
