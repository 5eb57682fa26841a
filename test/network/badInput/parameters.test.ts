import { describe } from "vitest";
import { Network } from "../../../src/index.ts";
import { x } from "../samples.ts";
import { any, refuses, values } from "./refuses.ts";

/** New parameters for layer 0 of 3-4-2, so that a network would change whose layers are written before all are checked. */
const valid = { weights: new Float32Array(12).fill(0.5), biases: [1, 2, 3, 4] };
const weights = new Float32Array(8).fill(0.25);
const biases = [5, 6];

describe("setParameters", () => {
  refuses<unknown>(
    "setParameters: ",
    {
      TypeError: {
        "layers is undefined, expected an array of one entry for each layer": undefined,
        "layers is null, expected an array": null,
        "layers is an object, expected an array": { 0: valid, 1: { weights, biases }, length: 2 },
        "layer 1: options is null, expected a plain object": [valid, null],
        // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
        "layer 0: options is undefined, expected a plain object": [, { weights, biases }],
        "layer 1: options is undefined, expected a plain object": Object.assign([valid], { length: 2 }),
        "layer 1: options is an array, expected a plain object": [valid, [weights, biases]],
        'layer 1: unknown option "bias", expected one of weights, biases, shape': [valid, { weights, bias: biases }],
        "layer 1 weights is undefined, expected an array": [valid, { biases }],
        "layer 1 biases is undefined, expected an array": [valid, { weights }],
        'layer 1 biases row 0, column 1 is "1", expected a number': [valid, { weights, biases: [0, "1"] }],
        "layer 1 biases is a BigInt64Array, expected an array": [valid, { weights, biases: new BigInt64Array(2) }],
      },
      RangeError: {
        "layers has 0 entries, expected 2": [],
        "layers has 1 entries, expected 2": [valid],
        "layers has 3 entries, expected 2": [valid, { weights, biases }, { weights, biases }],
        "layer 1 weights has 3 rows of 2, expected 4": [valid, { weights: weights.slice(2), biases }],
        "layer 1 weights has 7 numbers, expected a multiple of 2": [valid, { weights: weights.slice(1), biases }],
        "layer 1 weights row 0 has 4 numbers, expected 2": [
          valid,
          { weights: [weights.slice(4), weights.slice(4)], biases },
        ],
        "layer 1 biases has 2 rows of 2, expected 1": [valid, { weights, biases: [1, 2, 3, 4] }],
        "layer 1 biases is empty, expected at least one row": [valid, { weights, biases: [] }],
        "layer 1 weights row 2, column 1 is NaN, expected a finite number": [
          valid,
          { weights: weights.with(5, Number.NaN), biases },
        ],
        "layer 1 biases row 0, column 1 is 1e+39, expected a finite number in the range of f32": [
          valid,
          { weights, biases: [0, 1e39] },
        ],
      },
    },
    (net, layers) => net.setParameters(any(layers)),
  );
});

describe("derivatives", () => {
  refuses("derivatives: ", { RangeError: { "x has 11 rows, expected 1": x } }, (net, rows) => net.derivatives(rows));
  refuses(
    "derivatives: ",
    {
      TypeError: {
        "options is null, expected a plain object": null,
        "options is 1, expected a plain object": 1,
        'unknown option "outputs", expected one of output': { outputs: 1 },
        'output is "0", expected an integer from 0 to 1': { output: "0" },
        "output is null, expected an integer from 0 to 1": { output: null },
        "output is Symbol(o), expected an integer from 0 to 1": { output: Symbol("o") },
      },
      RangeError: values("output is $, expected an integer from 0 to 1", [2, -1, 0.5, Number.NaN], (output) => ({
        output,
      })),
    },
    (net, given) => net.derivatives(x[0]!, any(given)),
  );
});

describe("Network.load", () => {
  refuses<unknown>(
    "Cannot read safetensors: ",
    {
      TypeError: {
        "file is undefined, expected a Uint8Array": undefined,
        'file is "net.safetensors", expected a Uint8Array': "net.safetensors",
        "file is a DataView, expected a Uint8Array": new DataView(new ArrayBuffer(99)),
        "file is a Float32Array, expected a Uint8Array": new Float32Array(99),
        "file is an array, expected a Uint8Array": [1, 2, 3],
      },
      FormatError: {
        "file has 0 bytes, expected at least 8": new Uint8Array(),
        "header has the end at character 0": new Uint8Array(999),
      },
    },
    (_, file) => Network.load(any(file)),
  );
  refuses(
    "Network.load: ",
    {
      TypeError: {
        "options is null, expected a plain object": null,
        'unknown option "precision", expected one of numerics, core': { precision: "f64" },
      },
    },
    (net, given) => Network.load(net.save(), any(given)),
  );
});
