import { describe } from "vitest";
import { levenbergMarquardt } from "../../../src/index.ts";
import { labels, options, regression, scalars, x } from "../samples.ts";
import { any, refuses, type Table, values } from "./refuses.ts";

const ones: unknown[] = new Array(x.length).fill(1);
const soft = labels.map((label) => [0.25, 0.75].map((p) => (label ? p : 1 - p)));

/** Weights of samples, for 11 rows. */
const SAMPLES: Table<unknown> = {
  TypeError: {
    "sampleWeight is null, expected an array or a typed array": null,
    "sampleWeight is 1, expected an array or a typed array": 1,
    'sampleWeight is "balanced", expected an array': "balanced",
    "sampleWeight is an object, expected an array": { 0: 1, length: 1 },
    "sampleWeight is a BigInt64Array, expected an array": new BigInt64Array(11),
    'sampleWeight of row 3 is "1", expected a finite number from 0': ones.with(3, "1"),
    "sampleWeight of row 10 is undefined, expected a finite number from 0": ones.with(10, undefined),
    "sampleWeight of row 0 is an array, expected a finite number from 0": ones.map((one) => [one]),
  },
  RangeError: {
    "sampleWeight has 10 numbers and x has 11 rows, expected one a row": ones.slice(1),
    "sampleWeight has 12 numbers and x has 11 rows, expected one a row": [...ones, 1],
    "sampleWeight has 0 numbers and x has 11 rows, expected one a row": new Float32Array(),
    ...values("sampleWeight of row 7 is $, expected a finite number from 0", [-1, Number.NaN, Infinity], (value) =>
      ones.with(7, value),
    ),
    "sampleWeight is 0 in every row, expected a weight above 0": new Float32Array(11),
    "the sum of sampleWeight over the rows is Infinity, expected a finite number": ones.with(1, 1e308).with(2, 1e308),
  },
};

/** Weights of the classes 0 and 1. */
const CLASSES: Table<unknown> = {
  TypeError: {
    "classWeight is null, expected": null,
    "classWeight is 2, expected": 2,
    "classWeight is an object, expected": new Map([[0, 1]]),
    'classWeight of class 1 is "2", expected a finite number from 0': { 1: "2" },
    "classWeight of class 0 is undefined, expected a finite number from 0": [undefined, 1],
  },
  RangeError: {
    'classWeight is "auto", expected "balanced", or an array or a plain object of weights by class': "auto",
    "classWeight has 3 numbers, expected one for each of 2 classes": [1, 1, 1],
    'classWeight names class "2", expected one of 0 to 1': { 0: 1, 2: 1 },
    'classWeight names class "-1", expected one of 0 to 1': { "-1": 1 },
    'classWeight names class "01", expected one of 0 to 1': { "01": 1 },
    'classWeight names class "cat", expected one of 0 to 1': { cat: 1 },
    'classWeight names class "length", expected one of 0 to 1': { length: 1 },
    ...values("classWeight of class 1 is $, expected a finite number from 0", [-1, Number.NaN, Infinity], (value) => ({
      1: value,
    })),
    "classWeight is 0 in every row, expected a weight above 0": [0, 0],
  },
};

describe("fit and train", () => {
  refuses("fit: ", SAMPLES, (net, sampleWeight) => net.fit(x, labels, { ...options, sampleWeight: any(sampleWeight) }));
  refuses("fit: ", CLASSES, (net, classWeight) => net.fit(x, labels, { ...options, classWeight: any(classWeight) }));
  refuses("train: ", { RangeError: { "sampleWeight is 0 in every row": new Array(11).fill(0) } }, (net, sampleWeight) =>
    net.train(x, labels, { ...options, sampleWeight }).next(),
  );
  refuses(
    "fit: ",
    { RangeError: { "classWeight of class 1 is 2, and y has no row of it, expected an object without it": { 1: 2 } } },
    (net, classWeight) => net.fit(x, new Uint8Array(11), { ...options, classWeight }),
  );
  refuses(
    "fit: ",
    { RangeError: { "classWeight needs classes, and y row 0 is [0.": "balanced" as const } },
    (net, classWeight) => net.fit(x, soft, { ...options, classWeight }),
  );
  refuses("fit: ", { RangeError: { "sampleWeight times classWeight is 0 in every row": [0, 1] } }, (net, classWeight) =>
    net.fit(x, labels, { ...options, classWeight, sampleWeight: labels.map((label) => 1 - label) }),
  );
  refuses(
    "fit: ",
    { RangeError: { "classWeight needs classes, and y row 0 is [": "balanced" as const } },
    async (_, w) => (await regression()).fit(x, scalars, { ...options, classWeight: w }),
  );
  refuses(
    "fit: ",
    {
      RangeError: {
        "sampleWeight is given, expected none with levenbergMarquardt": { sampleWeight: new Array(11).fill(1) },
        "classWeight is given, expected none with levenbergMarquardt": { classWeight: "balanced" as const },
      },
    },
    async (_, weights) =>
      (await regression({ precision: "f64" })).fit(x, scalars, { optimizer: levenbergMarquardt(), ...weights }),
  );
});

describe.each(["evaluate", "gradients"] as const)("%s", (name) => {
  refuses(`${name}: `, SAMPLES, (net, sampleWeight) => net[name](x, labels, { sampleWeight: any(sampleWeight) }));
  const names: Table<unknown> = {
    TypeError: {
      'unknown option "classWeight", expected one of sampleWeight': { classWeight: "balanced" },
      'unknown option "sampleWeights", expected one of sampleWeight': { sampleWeights: ones },
      "options is an array, expected a plain object": ones,
      "options is null, expected a plain object": null,
    },
  };
  refuses(`${name}: `, names, (net, given) => net[name](x, labels, any(given)));
});
