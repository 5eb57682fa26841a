import type { Architecture } from "./architecture.ts";
import { checkFactors, checkMethod } from "./fullBatch.ts";
import { layerKind } from "./layers/index.ts";
import { checkOptimizer, type Optimizer, optimizerKind } from "./optimizers/index.ts";
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
  /**
   * Rows of a step, a positive integer; default 32. More than there are rows means all of them, which is also what optimizers for the
   * gradient over all rows (`rprop`, `lbfgs`, `levenbergMarquardt`) take.
   */
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
export function checkFit(where: "fit" | "train", options: TrainOptions, rows: number, architecture: Architecture) {
  checkKnown(where, options, where === "train" ? [...KNOWN, "every"] : KNOWN);
  const { optimizer, epochs = 1, sampling = "shuffle", signal, onEpoch, onProgress, validationSplit = 0 } = options;
  checkOptimizer(where, optimizer, architecture.precision);
  const { fullBatch, method } = optimizerKind(optimizer);
  if (fullBatch) checkFactors(where, optimizer, architecture);
  if (method) checkMethod(where, optimizer, architecture);
  const { batchSize: largest = fullBatch ? rows : 32 } = options;
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
  if (fullBatch) checkFullBatch(where, options, rows, architecture);
  if (sampling !== "withReplacement") checkSmallestBatch(where, rows, batchSize, stepsPerEpoch, architecture);
  else if (batchSize === 1) checkSmallestBatch(where, 1, 1, 1, architecture);
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

/** An optimizer for the gradient over all rows takes each of them once a step, and finds the same loss at the same parameters. */
function checkFullBatch(where: string, options: FitOptions, rows: number, { layers }: Architecture): void {
  const { optimizer, batchSize, sampling, stepsPerEpoch } = options;
  const refuse = (what: string, expected: string) => {
    throw new RangeError(
      `${where}: ${what}, and ${optimizer.type} takes the gradient over all rows; expected ${expected}`,
    );
  };
  if (batchSize !== undefined && batchSize < rows) {
    refuse(`batchSize is ${batchSize} of ${rows} rows`, "none, or at least as many as there are rows");
  }
  if (sampling === "withReplacement") refuse('sampling is "withReplacement"', '"shuffle" or "sequential"');
  if (stepsPerEpoch !== undefined && stepsPerEpoch !== 1) refuse(`stepsPerEpoch is ${stepsPerEpoch}`, "1");
  const l = layers.findIndex((layer) => layerKind(layer).random);
  if (l >= 0) refuse(`layer ${l} is ${layers[l]!.type}, which is drawn anew each step`, "a network without it");
}

/** Layers whose training takes statistics over the rows of a batch need two of them in every step. */
function checkSmallestBatch(
  where: string,
  rows: number,
  batchSize: number,
  stepsPerEpoch: number,
  { layers }: Architecture,
): void {
  const l = layers.findIndex((layer) => layerKind(layer).acrossRows?.(layer));
  if (l < 0) return;
  const last = rows % batchSize || batchSize;
  const smallest = stepsPerEpoch >= Math.ceil(rows / batchSize) ? last : batchSize;
  if (smallest > 1) return;
  const which =
    batchSize === 1 ? "batches of 1 row" : `a last batch of 1 row (${rows} rows in batches of ${batchSize})`;
  throw new RangeError(
    `${where}: layer ${l} is ${layers[l]!.type}, which has no variance in ${which}, expected at least 2 rows in every batch`,
  );
}
