import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import {
  checkKnown,
  describe as describeValue,
  finiteNumber,
  nonNegativeInteger,
  numbers,
  oneOf,
  positiveInteger,
  positiveNumber,
} from "../src/options.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const TINY = Number.MIN_VALUE;

test.each([
  [positiveInteger, [1, 2, MAX], [0, -1, 1.5, MAX + 1, Number.NaN, Infinity]],
  [nonNegativeInteger, [0, 1, MAX], [-1, 0.5, MAX + 1, Number.NaN, Infinity]],
  [positiveNumber, [TINY, 1, Number.MAX_VALUE], [0, -0, -TINY, Number.NaN, Infinity, -Infinity]],
  [finiteNumber, [0, -0, -1, 1.5, Number.MAX_VALUE], [Number.NaN, Infinity, -Infinity]],
] as const)("%o returns the numbers of its range and refuses the rest by kind", (check, accepted, refused) => {
  for (const value of accepted) expect(check("there", "it", value)).toBe(value);
  for (const value of refused) expect(() => check("there", "it", value)).toThrow(RangeError);
  for (const value of ["1", 1n, null, undefined, true, [1], { valueOf: () => 1 }, Symbol("one"), new Number(1)]) {
    expect(() => check("there", "it", value)).toThrow(TypeError);
  }
});

test("messages name the place, the option, the value and what is expected", () => {
  expect(() => positiveInteger("Network.create", "batchSize", 0)).toThrow(
    new RangeError("Network.create: batchSize is 0, expected a positive integer"),
  );
  expect(() => nonNegativeInteger("Network.create", "seed", -1)).toThrow(
    new RangeError("Network.create: seed is -1, expected an integer from 0 to 2^53 - 1"),
  );
  expect(() => positiveNumber("sgd", "learningRate", "0.1")).toThrow(
    new TypeError('sgd: learningRate is "0.1", expected a positive finite number'),
  );
  expect(() => finiteNumber("constant", "value", undefined)).toThrow(
    new TypeError("constant: value is undefined, expected a finite number"),
  );
});

test("oneOf returns an allowed word and lists them all otherwise", () => {
  const allowed = ["shuffle", "sequential"] as const;
  expect(oneOf("fit", "sampling", "shuffle", allowed)).toBe("shuffle");
  expect(() => oneOf("fit", "sampling", "Shuffle", allowed)).toThrow(
    new RangeError('fit: sampling is "Shuffle", expected one of "shuffle", "sequential"'),
  );
  expect(() => oneOf("fit", "sampling", ["shuffle"], allowed)).toThrow(
    new TypeError('fit: sampling is an array, expected one of "shuffle", "sequential"'),
  );
});

test("checkKnown accepts plain objects with known keys, of any realm and without a prototype", () => {
  const known = ["epochs", "batchSize"];
  const bare = Object.assign(Object.create(null), { epochs: 1 });
  for (const options of [{}, { epochs: 1, batchSize: 2 }, Object.freeze({ epochs: 1 }), bare]) {
    expect(() => checkKnown("fit", options, known)).not.toThrow();
  }
  expect(() => checkKnown("fit", runInNewContext("({ epochs: 1 })"), known)).not.toThrow();
});

test("checkKnown names the first unknown key and lists the known ones", () => {
  const known = ["epochs", "batchSize"];
  for (const [key, options, listed = "epochs, batchSize"] of [
    // What differs by case alone comes first.
    ["batchsize", { epochs: 1, batchsize: 2 }, "batchSize, epochs"],
    ["epoch", { epoch: undefined }],
    ["__proto__", JSON.parse('{"__proto__": 1}')],
    ["constructor", { constructor: 1 }],
  ] as const) {
    expect(() => checkKnown("fit", options, known)).toThrow(
      new TypeError(`fit: unknown option "${key}", expected one of ${listed}`),
    );
  }
});

test.each([
  [undefined, "undefined"],
  [null, "null"],
  ["adam", '"adam"'],
  [0.1, "0.1"],
  [[], "an array"],
  [() => {}, "a function"],
  [class Options {}, "a function"],
  [new (class Options {})(), "an object"],
  [new Map(), "an object"],
  [new Float32Array(1), "a Float32Array"],
])("checkKnown refuses %o as options", (options, printed) => {
  expect(() => checkKnown("fit", options, ["epochs"])).toThrow(
    new TypeError(`fit: options is ${printed}, expected a plain object`),
  );
});

test("describe prints primitives as code and the rest by kind, and runs none of a value's code", () => {
  const hostile = {
    toString() {
      throw new Error("ran");
    },
    get [Symbol.toStringTag](): string {
      throw new Error("ran");
    },
  };
  const printed: [unknown, string][] = [
    ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
    ["x".repeat(40), `"${"x".repeat(40)}"`],
    ["x".repeat(41), `"${"x".repeat(40)}…"`],
    [-1.5, "-1.5"],
    [Number.NaN, "NaN"],
    [12n, "12n"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("mark"), "Symbol(mark)"],
    [Object.create(null), "an object"],
    [hostile, "an object"],
    [new ArrayBuffer(1), "an object"],
    [[hostile], "an array"],
    [Math.sin, "a function"],
    [new Int8Array(1), "an Int8Array"],
    [new Uint8Array(1), "a Uint8Array"],
    [new DataView(new ArrayBuffer(1)), "a DataView"],
  ];
  for (const [value, text] of printed) expect(describeValue(value)).toBe(text);
});

test("numbers takes an array of so many, each of its range, and copies it", () => {
  const given = [1, 2];
  const taken = numbers("load", "scale", given, 2, positiveNumber);
  given[0] = 9;
  expect(taken).toEqual([1, 2]);
  expect(Object.isFrozen(taken)).toBe(true);
  for (const [value, error] of [
    [new Float64Array(2), new TypeError("load: scale is a Float64Array, expected an array of 2 numbers")],
    [[1], new RangeError("load: scale has 1 numbers, expected 2")],
    [[1, "2"], new TypeError('load: scale 1 is "2", expected a positive finite number')],
    [[0, 1], new RangeError("load: scale 0 is 0, expected a positive finite number")],
    [new Array(2), new TypeError("load: scale 0 is undefined, expected a positive finite number")],
  ] as const) {
    expect(() => numbers("load", "scale", value, 2, positiveNumber)).toThrow(error);
  }
});
