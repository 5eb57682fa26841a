import { describe } from "vitest";
import { sgd } from "../../../src/index.ts";
import { labels, options, x } from "../samples.ts";
import { any, refuses, type Table, values } from "./refuses.ts";

const by = (learningRate: unknown) => ({ optimizer: { type: "sgd", learningRate } });
type Count = "epochs" | "batchSize" | "accumulationSteps" | "stepsPerEpoch" | "residentBytes";
const counts = (name: Count) =>
  values(`${name} is $, expected a positive integer`, [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53], (value) => ({
    ...options,
    [name]: value,
  }));
const notNumbers = (name: Count) => ({
  [`${name} is "3", expected a positive integer`]: { ...options, [name]: "3" },
  [`${name} is 3n, expected a positive integer`]: { ...options, [name]: 3n },
  [`${name} is null, expected a positive integer`]: { ...options, [name]: null },
  [`${name} is an array, expected a positive integer`]: { ...options, [name]: [3] },
  [`${name} is Symbol(n), expected a positive integer`]: { ...options, [name]: Symbol("n") },
});

/** Options of `fit` and of `train`. */
const OPTIONS: Table<unknown> = {
  TypeError: {
    "options is undefined, expected a plain object": undefined,
    "options is null, expected a plain object": null,
    "options is an array, expected a plain object": [options],
    "options is Symbol(o), expected a plain object": Symbol("o"),
    'unknown option "type", expected one of optimizer, epochs, batchSize': options.optimizer,
    'unknown option "batchsize", expected one of batchSize, optimizer, epochs': { ...options, batchsize: 4 },
    "optimizer is undefined, expected one such as sgd({ learningRate: 0.1 })": {},
    "optimizer is a function, expected one such as sgd({ learningRate: 0.1 })": { optimizer: sgd },
    'optimizer is "sgd", expected one such as sgd({ learningRate: 0.1 })': { optimizer: "sgd" },
    'optimizer is an object of type "adamw", expected one such as': { optimizer: { type: "adamw", learningRate: 1 } },
    'optimizer is an object of type "valueOf", expected one': { optimizer: { type: "valueOf", learningRate: 1 } },
    "optimizer is an object, expected one": { optimizer: { type: ["sgd"], learningRate: 1 } },
    'learningRate is "0.1", expected a positive finite number': by("0.1"),
    "learningRate is undefined, expected a positive finite number": by(undefined),
    ...notNumbers("epochs"),
    ...notNumbers("batchSize"),
    ...notNumbers("accumulationSteps"),
    ...notNumbers("stepsPerEpoch"),
    ...notNumbers("residentBytes"),
    'sampling is null, expected one of "shuffle", "sequential", "withReplacement"': { ...options, sampling: null },
    'validationSplit is "0", expected a number in (0, 1), or 0': { ...options, validationSplit: "0" },
    "signal is an object, expected an AbortSignal": { ...options, signal: { aborted: true } },
    "signal is an object, expected": { ...options, signal: new AbortController() },
    "signal is null, expected an AbortSignal": { ...options, signal: null },
    'onEpoch is "log", expected a function': { ...options, onEpoch: "log" },
    "onEpoch is null, expected a function": { ...options, onEpoch: null },
    "onProgress is an object, expected a function": { ...options, onProgress: {} },
  },
  RangeError: {
    ...values("learningRate is $, expected a positive finite number", [0, -1, Number.NaN, Infinity], by),
    ...counts("epochs"),
    ...counts("batchSize"),
    ...counts("accumulationSteps"),
    ...counts("stepsPerEpoch"),
    ...counts("residentBytes"),
    'sampling is "random", expected one of "shuffle", "sequential", "withReplacement"': {
      ...options,
      sampling: "random",
    },
    "validationSplit is 1, expected a number in (0, 1), or 0": { ...options, validationSplit: 1 },
  },
};

describe("fit", () => {
  refuses("fit: ", OPTIONS, (net, given) => net.fit(x, labels, any(given)));
  refuses("fit: ", { TypeError: { 'unknown option "every"': { ...options, every: 2 } } }, (net, given) =>
    net.fit(x, labels, given),
  );
});

describe("train", () => {
  refuses("train: ", OPTIONS, (net, given) => net.train(x, labels, any(given)).next());
  refuses(
    "train: every is ",
    {
      TypeError: { "null, expected a positive integer": null, '"2", expected a positive integer': "2" },
      RangeError: values("$, expected a positive integer", [0, -1, 1.5, Number.NaN], (every) => every),
    },
    (net, every) => net.train(x, labels, { ...options, every: any(every) }).next(),
  );
});
