import { describe } from "vitest";
import { constant, dense, Network, normal, sgd, uniform } from "../../../src/index.ts";
import { classifier } from "../samples.ts";
import { any, refuses, values } from "./refuses.ts";

const NOT_COUNTS = [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53];
const NOT_POSITIVE = [0, -0.1, Number.NaN, Infinity];
const unprintable = Object.create(null);

describe("Network.create", () => {
  refuses(
    "",
    {
      TypeError: {
        "Network.create: options is undefined, expected a plain object": () => Network.create(any(undefined)),
        "Network.create: options is null": () => Network.create(any(null)),
        "Network.create: options is an array": () => Network.create(any([])),
        "Network.create: options is Symbol(s)": () => Network.create(any(Symbol("s"))),
        "new Network() is not public, expected Network.create or Network.load": () => Reflect.construct(Network, []),
      },
    },
    (_, call: () => unknown) => call(),
  );

  refuses<object>(
    "Network.create: ",
    {
      TypeError: {
        'unknown option "layer", expected one of inputs, layers, loss': { layer: [] },
        "inputs is undefined, expected a positive integer": { inputs: undefined },
        "inputs is null, expected a positive integer, an array of sizes, or { shape, scale, offset }": { inputs: null },
        'inputs is "3", expected a positive integer': { inputs: "3" },
        "inputs is 3n, expected a positive integer": { inputs: 3n },
        "inputs is Symbol(s), expected a positive integer": { inputs: [Symbol("s")] },
        'inputs: unknown option "scal", expected one of shape, scale, offset': { inputs: { shape: 3, scal: 1 } },
        'scale is "1", expected a finite number': { inputs: { shape: 3, scale: "1" } },
        "offset is null, expected a finite number": { inputs: { shape: 3, offset: null } },
        "layers is undefined, expected an array of layers": { layers: undefined },
        "layers is an object, expected an array of layers": { layers: { 0: dense(2) } },
        "layer 1 is null, expected one of dense(…)": { layers: [dense(2), null] },
        // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
        "layer 1 is undefined, expected one of dense(…)": { layers: [dense(2), , dense(2)] },
        'layer 0 is "dense", expected one of dense(…)': { layers: ["dense"] },
        "layer 0 is 4, expected one of dense(…)": { layers: [4, 2] },
        "layer 0 is Symbol(l), expected one of dense(…)": { layers: [Symbol("l")] },
        "layer 0 is a function, expected one of dense(…)": { layers: [dense] },
        'layer 0 is "conv", expected one of dense(…)': { layers: [{ type: "conv" }] },
        'layer 0 is "constructor", expected one of dense(…)': { layers: [{ type: "constructor" }] },
        "layer 0 is an array, expected one of dense(…)": { layers: [{ ...dense(2), type: ["dense"] }] },
        "layer 0 is an object, expected one of dense(…)": { layers: [{ type: unprintable }] },
        'loss is undefined, expected one of "meanSquaredError", "meanAbsoluteError"': { loss: undefined },
        "loss is an array, expected one of": { loss: ["meanSquaredError"] },
        "loss is Symbol(s), expected one of": { loss: Symbol("s") },
        'precision is 64, expected one of "f32", "f64"': { precision: 64 },
        'seed is "1", expected an integer from 0 to 2^53 - 1': { seed: "1" },
        "seed is null, expected an integer from 0": { seed: null },
        'threads is "auto", expected 1': { threads: "auto" },
        'numerics is 1, expected one of "reproducible", "relaxed"': { numerics: 1 },
      },
      RangeError: {
        ...values("inputs is $, expected a positive integer", NOT_COUNTS, (inputs) => ({ inputs })),
        "inputs has 2 dimensions, expected 1 or [height, width, channels] of an image": { inputs: [28, 28] },
        "inputs has 0 dimensions, expected 1 or [height, width, channels] of an image": { inputs: { shape: [] } },
        "scale is NaN, expected a finite number": { inputs: { shape: 3, scale: Number.NaN } },
        "offset is -Infinity, expected a finite number": { inputs: { shape: 3, offset: -Infinity } },
        'loss is "mse", expected one of "meanSquaredError", "meanAbsoluteError", "huber"': {
          loss: "mse",
        },
        ...values(
          'loss is "$", which has no useful gradient to train by; train with softmaxCrossEntropy',
          ["zeroOne", "zeroOneLoss", "zero-one", "0-1", "01"],
          (loss) => ({ loss }),
        ),
        'the last layer has activation "softmax", which the loss softmaxCrossEntropy adds itself; leave it out': {
          layers: [dense(3, "softmax")],
          loss: "softmaxCrossEntropy",
        },
        'the last layer has activation "sigmoid", which the loss binaryCrossEntropy adds itself; leave it out': {
          layers: [dense(1, "sigmoid")],
          loss: "binaryCrossEntropy",
        },
        "softmaxCrossEntropy needs at least 2 outputs, the last layer has 1; use binaryCrossEntropy": {
          layers: [dense(1)],
        },
        'precision is "f16", expected one of "f32", "f64"': { precision: "f16" },
        ...values("seed is $, expected an integer from 0 to 2^53 - 1", [-1, 0.5, Number.NaN, 2 ** 53], (seed) => ({
          seed,
        })),
        ...values("threads is $, expected 1", [0, 2, Number.NaN], (threads) => ({ threads })),
        'numerics is "fast", expected one of "reproducible", "relaxed"': { numerics: "fast" },
      },
    },
    (_, changes: object) => classifier(any(changes)),
  );

  // 10⁹ numbers and many times more: refused before a byte of them is asked for
  describe.each<[string, object]>([
    ["10⁹ units", { layers: [dense(1e9), dense(2)] }],
    ["10⁹ inputs", { inputs: 1e9 }],
    ["2⁵³ − 1 inputs and units", { inputs: 2 ** 53 - 1, layers: [dense(2 ** 53 - 1)] }],
  ])("%s", (_, large) => {
    refuses("", { RangeError: { ", 4 GiB are the most": large } }, (_, changes) => classifier(changes));
  });
});

describe("dense", () => {
  refuses<unknown[]>(
    "dense: ",
    {
      TypeError: {
        ...values("units is $, expected a positive integer", [undefined, null, true], (units) => [units]),
        'units is "3", expected a positive integer': ["3"],
        "units is 3n, expected a positive integer": [3n],
        "units is Symbol(u), expected a positive integer": [Symbol("u")],
        "activation is null, expected one of identity, relu, tanh, sigmoid": [3, null],
        "activation is a function, expected one of": [3, Math.tanh],
        "options is null, expected a plain object": [3, "tanh", null],
        "options is an array, expected a plain object": [3, "tanh", []],
        'unknown option "weight", expected one of weights, biases': [3, "tanh", { weight: normal(1) }],
        "weights is not an initializer, expected one of glorotUniform(), glorotNormal()": [
          3,
          "tanh",
          { weights: null },
        ],
        "weights is not an initializer, expected one of": [3, "tanh", { weights: normal }],
        "weights is not an initializer": [3, "tanh", { weights: { type: "truncated" } }],
        "biases is not an initializer": [3, "tanh", { biases: 0.5 }],
      },
      RangeError: {
        ...values("units is $, expected a positive integer", NOT_COUNTS, (units) => [units]),
        'activation is "swish", expected one of identity, relu, tanh, sigmoid': [3, "swish"],
        'activation is "toString", expected one of': [3, "toString"],
      },
    },
    (_, given: unknown[]) => dense(...(given as Parameters<typeof dense>)),
  );

  refuses<object>(
    "",
    {
      TypeError: {
        "dense: units is undefined, expected a positive integer": { type: "dense" },
        'dense: unknown option "unit", expected one of weights, biases': { ...dense(2), unit: 3 },
        "normal: std is undefined, expected a positive finite number": { ...dense(2), weights: { type: "normal" } },
      },
    },
    (_, layer: object) => classifier({ layers: [any(layer)] }),
  );
});

describe("the initialisers and sgd", () => {
  const kinds = ["1", null, undefined, 1n, [1]];
  refuses(
    "normal: std is ",
    {
      TypeError: Object.fromEntries(kinds.map((std, i) => [['"1"', "null", "undefined", "1n", "an array"][i], std])),
      RangeError: values("$, expected a positive finite number", NOT_POSITIVE, (std) => std),
    },
    (_, std) => normal(any(std)),
  );
  refuses(
    "uniform: limit is ",
    {
      TypeError: { "an object, expected a positive finite number": { limit: 1 } },
      RangeError: values("$, expected a positive finite number", NOT_POSITIVE, (limit) => limit),
    },
    (_, limit) => uniform(any(limit)),
  );
  refuses(
    "constant: value is ",
    {
      TypeError: { "undefined, expected a finite number": undefined, "null, expected a finite number": null },
      RangeError: values("$, expected a finite number", [Number.NaN, Infinity, -Infinity], (value) => value),
    },
    (_, value) => constant(any(value)),
  );
  refuses(
    "sgd: ",
    {
      TypeError: {
        "options is undefined, expected a plain object": undefined,
        "options is 0.1, expected a plain object": 0.1,
        "options is an array, expected a plain object": [0.1],
        "learningRate is undefined, expected a positive finite number": {},
        'learningRate is "0.1", expected a positive finite number': { learningRate: "0.1" },
        'unknown option "lr", expected one of learningRate': { learningRate: 0.1, lr: 0.1 },
      },
      RangeError: values("learningRate is $, expected a positive finite number", NOT_POSITIVE, (learningRate) => ({
        learningRate,
      })),
    },
    (_, given) => sgd(any(given)),
  );
});
