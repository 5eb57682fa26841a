import { describe } from "vitest";
import { type classifier, labels, options, regression, x } from "../samples.ts";
import { any, refuses, type Table } from "./refuses.ts";

/** x with one element replaced. */
const having = (row: number, column: number, value: unknown) =>
  x.map((numbers, i) => (i === row ? numbers.with(column, any(value)) : numbers));

/** Rows of 3 numbers, for everything that takes them. */
const FEATURES: Table<unknown> = {
  TypeError: {
    "undefined, expected an array of rows, an array of numbers or a typed array of numbers": undefined,
    "null, expected an array of rows": null,
    "3, expected an array of rows": 3,
    '"123", expected an array of rows': "123",
    "Symbol(x), expected an array of rows": Symbol("x"),
    "an object, expected an array of rows": { length: 3, 0: 1, 1: 2, 2: 3 },
    "an object, expected an array": new Set([1, 2, 3]),
    "a BigInt64Array, expected an array of rows": new BigInt64Array(3),
    "a DataView, expected an array of rows": new DataView(new ArrayBuffer(12)),
  },
};

const ROWS: Table<unknown> = {
  TypeError: {
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    "row 1 is undefined, expected an array of 3 numbers": [[1, 2, 3], , [1, 2, 3]],
    "row 1 is 4, expected an array of 3 numbers": [[1, 2, 3], 4],
    'row 10, column 0 is "1", expected a number': having(10, 0, "1"),
    'row 0, column 2 is "3", expected a number': [1, 2, "3"],
    "row 4, column 1 is null, expected a number": having(4, 1, null),
    "row 4, column 1 is true, expected a number": having(4, 1, true),
    "row 4, column 1 is 1n, expected a number": having(4, 1, 1n),
    "row 4, column 1 is Symbol(s), expected a number": having(4, 1, Symbol("s")),
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    "row 0, column 1 is undefined, expected a number": [[1, , 3]],
    "row 0 holds arrays, expected 3 numbers, of an image pixel by pixel (flat(2) gives them)": [[[1], [2], [3]]],
  },
  RangeError: {
    "row 7, column 2 is NaN, expected a finite number": having(7, 2, Number.NaN),
    "row 0, column 1 is -Infinity, expected a finite number": having(0, 1, -Infinity),
    "row 1, column 1 is NaN, expected a finite number": Float64Array.of(1, 2, 3, 4, Number.NaN, 6),
    "row 1, column 2 is Infinity, expected a finite number": Float32Array.of(1, 2, 3, 4, 5, Infinity),
    "row 3, column 0 is 1e+39, expected a finite number in the range of f32": having(3, 0, 1e39),
    "row 2 has 2 numbers, expected 3": [...x.slice(0, 2), [1, 2]],
    "row 0 has 4 numbers, expected 3": [[1, 2, 3, 4], ...x],
    "is empty, expected at least one row": [],
    "is empty, expected at least one": new Float32Array(),
    "has 4 numbers, expected a multiple of 3": [1, 2, 3, 4],
    "has 32 numbers, expected a multiple of 3": new Uint8Array(32),
  },
};

/** One label for each row of x, or 11 × 2 probabilities. */
const TARGETS: Table<unknown> = {
  TypeError: {
    "is undefined, expected an array of rows": undefined,
    'is "01", expected an array of rows': "01",
    "is a BigUint64Array, expected an array of rows": new BigUint64Array(11),
    'row 1 is "1", expected a class label': labels.with(1, any("1")),
    "row 1 is undefined, expected a class label": labels.with(1, any(undefined)),
    'row 2, column 0 is "0", expected a number': labels.map((_, i) => [i === 2 ? "0" : 0, 1]),
  },
  RangeError: {
    "has 0 numbers and x has 11 rows, expected 11 class labels or 11 × 2 values": [],
    "has 10 numbers and x has 11 rows, expected 11 class labels or 11 × 2 values": labels.slice(1),
    "has 12 rows and x has 11 rows, expected 11 class labels or 11 × 2 values": [0, ...labels].map(() => [0, 1]),
    "has 33 numbers and x has 11 rows, expected 11 class labels or 11 × 2 values": new Float32Array(33),
    "row 0 has 3 numbers, expected 2": labels.map(() => [0, 1, 0]),
    "row 5 has 1 numbers, expected 2": labels.map((_, i) => (i === 5 ? [1] : [0, 1])),
    "row 3 is 2, expected a class label, an integer from 0 to 1": labels.with(3, 2),
    "row 0 is -1, expected a class label, an integer from 0 to 1": labels.with(0, -1),
    "row 10 is 0.5, expected a class label": labels.with(10, 0.5),
    "row 1 is NaN, expected a class label": labels.with(1, Number.NaN),
    "row 2, column 1 is NaN, expected a finite number": labels.map((_, i) => [0, i === 2 ? Number.NaN : 1]),
    "row 2 sums to 0.5, expected probabilities that sum to 1": labels.map((_, i) => [0, i === 2 ? 0.5 : 1]),
    "row 0, column 0 is -1, expected a probability, at least 0": labels.map(() => [-1, 2]),
  },
};

describe.each(["predict", "logits", "classify", "derivatives"] as const)("%s", (where) => {
  refuses(`${where}: x is `, FEATURES, (net, features) => net[where](any(features)));
  refuses(`${where}: x `, ROWS, (net, features) => net[where](any(features)));
});

describe.each([
  ["fit", (net, features, targets) => net.fit(features, targets, options)],
  ["train", (net, features, targets) => net.train(features, targets, options).next()],
  ["evaluate", (net, features, targets) => net.evaluate(features, targets)],
  ["gradients", (net, features, targets) => net.gradients(features, targets)],
] as [string, (net: Awaited<ReturnType<typeof classifier>>, features: never, targets: never) => unknown][])(
  "%s",
  (where, call) => {
    refuses(`${where}: x is `, FEATURES, (net, features) => call(net, any(features), any(labels)));
    refuses(`${where}: x `, ROWS, (net, features) => call(net, any(features), any(labels)));
    refuses(`${where}: y `, TARGETS, (net, targets) => call(net, any(x), any(targets)));
  },
);

describe("other losses", () => {
  refuses(
    "evaluate: y ",
    {
      RangeError: {
        "row 4, column 0 is 1.5, expected a value from 0 to 1": labels.with(4, 1.5),
        "row 0, column 0 is -1, expected a value from 0 to 1": labels.map(() => [-1]),
      },
    },
    async (_, y) => (await regression({ loss: "binaryCrossEntropy" })).evaluate(x, y),
  );
  refuses(
    "fit: y ",
    {
      RangeError: {
        "row 0 has 3 numbers, expected 1": x,
        "has 12 numbers and x has 11 rows, expected 11 × 1 values": [0, ...labels],
      },
    },
    async (_, y) => (await regression()).fit(x, y, options),
  );
  refuses(
    "classify: ",
    { RangeError: { "meanSquaredError with 1 output has no labels, expected at least 2 outputs; use predict": x } },
    async (_, rows) => (await regression()).classify(rows),
  );
});
