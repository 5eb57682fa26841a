import { checkOptimizer, type Optimizer } from "./optimizers/index.ts";
import { checkKnown, oneOf, positiveInteger, unexpected } from "./options.ts";
import type { Progress } from "./training.ts";

/**
 * Which rows the steps of an epoch take.
 * "shuffle": all rows in an order shuffled anew each epoch; "sequential": all rows as they stand;
 * "withReplacement": each row drawn from all (Higham & Higham's stochastic gradient).
 */
export type Sampling = "shuffle" | "sequential" | "withReplacement";

/** Options of `fit`. Where training begins and what it draws depend on the network's seed and counters, never on time. */
export interface FitOptions {
  /** The rule of the update, for example `sgd({ learningRate: 0.1 })`. */
  optimizer: Optimizer;
  /** Epochs of this call, a positive integer; default 1. */
  epochs?: number | undefined;
  /** Rows of a step, a positive integer; default 32. More than there are rows means all of them. */
  batchSize?: number | undefined;
  /** Default "shuffle". */
  sampling?: Sampling | undefined;
  /** Steps of an epoch, a positive integer; default ⌈rows / batchSize⌉. Each epoch begins a new pass over the rows. */
  stepsPerEpoch?: number | undefined;
  /** Part of the rows held out; only 0 is possible so far. */
  validationSplit?: 0;
  /** Stops the training after the step in progress; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called, and awaited, after every whole epoch. What it throws ends the training and is passed on. */
  onEpoch?: ((progress: Progress) => unknown) | undefined;
  /** Called, and awaited, about every 10 ms, between steps. */
  onProgress?: ((progress: Progress) => unknown) | undefined;
}

/** Options of `train`: those of `fit`, and how often it yields. */
export interface TrainOptions extends FitOptions {
  /** Steps between two values, a positive integer; without it `train` yields after each epoch. */
  every?: number | undefined;
}

/** Options with every default filled in. */
export type Settings = ReturnType<typeof checkFit>;

const KNOWN = [
  "optimizer",
  "epochs",
  "batchSize",
  "sampling",
  "stepsPerEpoch",
  "validationSplit",
  "signal",
  "onEpoch",
  "onProgress",
];

/** Checks the options of `where`, "fit" or "train", for `rows` rows. @throws TypeError, RangeError */
export function checkFit(where: "fit" | "train", options: TrainOptions, rows: number) {
  checkKnown(where, options, where === "train" ? [...KNOWN, "every"] : KNOWN);
  const {
    optimizer,
    epochs = 1,
    batchSize: largest = 32,
    sampling = "shuffle",
    signal,
    onEpoch,
    onProgress,
    validationSplit = 0,
  } = options;
  checkOptimizer(where, optimizer);
  if (validationSplit !== 0) throw unexpected(`${where}: validationSplit`, validationSplit, "0", "number");
  if (signal !== undefined && !(Object(signal) instanceof AbortSignal)) {
    throw unexpected(`${where}: signal`, signal, "an AbortSignal");
  }
  for (const [name, value] of Object.entries({ onEpoch, onProgress })) {
    if (value !== undefined && typeof value !== "function") throw unexpected(`${where}: ${name}`, value, "a function");
  }
  const batchSize = Math.min(rows, positiveInteger(where, "batchSize", largest));
  const { stepsPerEpoch = Math.ceil(rows / batchSize) } = options;
  const { every = stepsPerEpoch } = options;
  return {
    optimizer,
    rows,
    batchSize,
    epochs: positiveInteger(where, "epochs", epochs),
    sampling: oneOf(where, "sampling", sampling, ["shuffle", "sequential", "withReplacement"]),
    stepsPerEpoch: positiveInteger(where, "stepsPerEpoch", stepsPerEpoch),
    every: positiveInteger(where, "every", every),
    signal,
    onEpoch,
    onProgress,
  };
}
