import { type Architecture, outputsOf, shapes } from "./architecture.ts";
import { type Augment, checkAugment } from "./augment.ts";
import { type EarlyStopping, earlyStopping } from "./earlyStopping.ts";
import { checkFactors, checkMethod } from "./fullBatch.ts";
import type { History } from "./history.ts";
import { layerKind } from "./layers/index.ts";
import { checkMetrics, type Metric } from "./metrics/index.ts";
import { checkOptimizer, type Optimizer, optimizerKind, rateOf } from "./optimizers/index.ts";
import { checkKnown, describe, oneOf, positiveInteger, unexpected } from "./options.ts";
import type { PreparationOptions } from "./preparation.ts";
import type { Features, TargetValues } from "./results.ts";
import { sizeOf } from "./shape.ts";
import type { Progress } from "./training.ts";
import { splitCount } from "./validation.ts";
import type { WeightOptions } from "./weights.ts";

/**
 * Which rows the steps of an epoch take.
 * "shuffle": all rows in an order shuffled anew each epoch; "sequential": all rows as they stand;
 * "withReplacement": each row drawn from all (Higham & Higham's stochastic gradient).
 */
export type Sampling = "shuffle" | "sequential" | "withReplacement";

/** Options of `fit`. Where training begins and what it draws depend on the network's seed and counters, never on time. */
export interface FitOptions extends WeightOptions, PreparationOptions {
  /** The rule of the update, for example `sgd({ learningRate: 0.1 })`. */
  optimizer: Optimizer;
  /** Epochs of this call, a positive integer; default 1. */
  epochs?: number | undefined;
  /**
   * Rows of a batch, a positive integer; default 32. More than there are rows means all of them, which is also what optimizers for the
   * gradient over all rows (`rprop`, `lbfgs`, `levenbergMarquardt`) take.
   */
  batchSize?: number | undefined;
  /**
   * Batches of a step, a positive integer; default 1. Their gradients are added up and the parameters updated once, so that a step takes
   * batchSize · accumulationSteps rows with the memory of batchSize, and the mean is over all of them; the last step of an
   * epoch may have fewer. Only `batchNorm` tells this from one large batch: its statistics are those of each batch, and it
   * gathers them batch by batch. `lbfgs` and `levenbergMarquardt`, which take all rows, have no use for it.
   */
  accumulationSteps?: number | undefined;
  /** Default "shuffle". */
  sampling?: Sampling | undefined;
  /**
   * Steps of an epoch, a positive integer; default ⌈rows / (batchSize · accumulationSteps)⌉, which of a stream is found when it ends.
   * Each epoch begins a new pass over the rows.
   */
  stepsPerEpoch?: number | undefined;
  /**
   * Varies images while the network is trained: `{ flip: true, crop: 4 }` mirrors and shifts them, each by draws of its own from the
   * network's seed. Optimizers over all rows refuse it.
   */
  augment?: Augment | undefined;
  /**
   * Bytes of x, y and weights, as they are kept, up to which all of them stay in the network's memory, a positive integer; default 2^28
   * (256 MiB). Of more, the rows that steps take are copied in as it goes, in their order: at most so many bytes at a time and no more
   * than 4 MiB, but one step at least; and the network's memory has but 4 bytes for each row of them all: x and y are read until the
   * training has ended, and not to be changed before. The same goes for the rows of a stream, without the 4 bytes. The result is the same
   * bits.
   */
  residentBytes?: number | undefined;
  /** Part of the rows that is held out for validation, drawn by the network's seed: in (0, 1), or 0, the default, for none. */
  validationSplit?: number | undefined;
  /** Rows and targets for validation; not together with `validationSplit`. */
  validationData?: readonly [x: Features, y: TargetValues] | undefined;
  /** What is measured after each epoch, over the validation rows or, where there are none, over the training rows. */
  metrics?: readonly Metric[] | undefined;
  /** Ends the training when what is monitored improves no more: `earlyStopping({ patience: 5 })`. */
  earlyStopping?: Partial<EarlyStopping> | undefined;
  /** Makes a checkpoint after every so many epochs or steps: `{ epochs: 1, to: "run.checkpoint" }`; what fails there ends the training. */
  checkpointEvery?: CheckpointEvery | undefined;
  /** Stops the training after the step in progress; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Called, and awaited, after every whole epoch. Where it returns "stop" the training ends. What it throws ends it too, and is
   * passed on.
   */
  onEpoch?: ((progress: Progress) => unknown) | undefined;
  /** The same after every step; which makes small steps many times slower. */
  onStep?: ((progress: Progress) => unknown) | undefined;
  /** Called, and awaited, when the training has ended, unless by an error or by leaving the loop over `train`. */
  onEnd?: ((history: History) => unknown) | undefined;
  /** Called, and awaited, about every 10 ms, between steps. "stop" ends the training here too. */
  onProgress?: ((progress: Progress) => unknown) | undefined;
}

/** When checkpoints are made, and where they go. */
export interface CheckpointEvery {
  /** Epochs, or steps, of the call between two of them, a positive integer; one of both is given. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** The file that is replaced, as by `checkpointTo`; or what is called, and awaited, with the bytes of `checkpoint`. */
  readonly to: string | URL | ((bytes: Uint8Array) => unknown);
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
  "accumulationSteps",
  "sampling",
  "stepsPerEpoch",
  "residentBytes",
  "sampleWeight",
  "classWeight",
  "scale",
  "missing",
  "images",
  "augment",
  "labels",
  "validationSplit",
  "validationData",
  "metrics",
  "earlyStopping",
  "checkpointEvery",
  "signal",
  "onEpoch",
  "onStep",
  "onEnd",
  "onProgress",
];

/**
 * Checks the options of `where`, "fit" or "train", for `all` rows: Infinity of a stream, whose epochs have as many steps where no other
 * number is given.
 * @throws TypeError, RangeError
 */
export function checkFit(where: "fit" | "train", options: TrainOptions, all: number, architecture: Architecture) {
  checkKnown(where, options, where === "train" ? [...KNOWN, "every"] : KNOWN);
  const { optimizer, epochs = 1, sampling = "shuffle", signal, onEpoch, onStep, onEnd, onProgress } = options;
  const { validationSplit = 0, validationData, metrics = [], checkpointEvery } = options;
  checkOptimizer(where, optimizer, architecture.precision);
  const { fullBatch, method, leastSquares } = optimizerKind(optimizer);
  if (fullBatch) checkFactors(where, optimizer, architecture);
  if (method) checkMethod(where, optimizer, architecture);
  if (leastSquares) checkNoWeights(where, options);
  const rows = all - heldOut(where, validationSplit, all);
  const { batchSize: largest = fullBatch ? rows : 32, accumulationSteps = 1 } = options;
  if (validationData !== undefined && !(Array.isArray(validationData) && validationData.length === 2)) {
    throw new TypeError(`${where}: validationData is ${describe(validationData)}, expected [x, y]`);
  }
  if (validationData && validationSplit > 0) {
    throw new RangeError(
      `${where}: validationData and validationSplit ${validationSplit} are given, expected one of them`,
    );
  }
  const known = checkMetrics(where, metrics, { loss: architecture.loss, outputs: outputsOf(architecture) });
  const validated = validationSplit > 0 || validationData !== undefined;
  const stopping = options.earlyStopping && earlyStopping(options.earlyStopping);
  if (stopping) checkMonitor(`${where}: earlyStopping`, stopping.monitor, known, validated);
  const rate = rateOf(optimizer);
  if (typeof rate === "object" && rate.type === "reduceOnPlateau") {
    checkMonitor(`${where}: reduceOnPlateau`, rate.monitor, known, validated);
  }
  if (signal !== undefined && !(Object(signal) instanceof AbortSignal)) {
    throw unexpected(`${where}: signal`, signal, "an AbortSignal");
  }
  for (const [name, value] of Object.entries({ onEpoch, onStep, onEnd, onProgress })) {
    if (value !== undefined && typeof value !== "function") throw unexpected(`${where}: ${name}`, value, "a function");
  }
  const batchSize = Math.min(rows, positiveInteger(where, "batchSize", largest));
  const stepSize = Math.min(rows, batchSize * positiveInteger(where, "accumulationSteps", accumulationSteps));
  const { stepsPerEpoch: steps } = options;
  const stepsPerEpoch =
    steps === undefined ? Math.ceil(rows / stepSize) : positiveInteger(where, "stepsPerEpoch", steps);
  const { every, residentBytes = 2 ** 28 } = options;
  if (method && accumulationSteps > 1) {
    throw new RangeError(`${where}: accumulationSteps is ${accumulationSteps}, expected none with ${optimizer.type}`);
  }
  if (fullBatch) checkFullBatch(where, options, rows, stepSize, architecture);
  // Draws are whole steps.
  const last = sampling === "withReplacement" ? stepSize : rows;
  checkSmallestBatch(where, last, batchSize, stepsPerEpoch * stepSize >= last, architecture);
  return {
    optimizer,
    rows,
    batchSize,
    stepSize,
    epochs: positiveInteger(where, "epochs", epochs),
    sampling: oneOf(where, "sampling", sampling, ["shuffle", "sequential", "withReplacement"]),
    stepsPerEpoch,
    residentBytes: positiveInteger(where, "residentBytes", residentBytes),
    // `fit` has nobody to yield to.
    every: every === undefined ? Number.POSITIVE_INFINITY : positiveInteger(where, "every", every),
    augment: checkAugment(where, options.augment, architecture.inputs.shape),
    everyEpoch: where === "train" && every === undefined,
    validationSplit,
    validationData,
    metrics: known,
    earlyStopping: stopping,
    checkpointEvery:
      checkpointEvery === undefined ? undefined : checkCheckpoints(`${where}: checkpointEvery`, checkpointEvery),
    signal,
    onEpoch,
    onStep,
    onEnd,
    onProgress,
  };
}

/** @throws TypeError, RangeError */
function checkCheckpoints(where: string, given: CheckpointEvery): CheckpointEvery {
  checkKnown(where, given, ["epochs", "steps", "to"]);
  const { epochs, steps, to } = given;
  const counted = Object.entries({ epochs, steps }).filter(([, count]) => count !== undefined);
  for (const [name, count] of counted) positiveInteger(where, name, count);
  if (counted.length !== 1)
    throw new TypeError(
      `${where} has ${counted.length ? "epochs and steps" : "neither epochs nor steps"}, expected one of them`,
    );
  if (!(typeof to === "function" || (typeof to === "string" && to !== "") || to instanceof URL)) {
    throw unexpected(`${where}: to`, to, "a path, a file: URL or a function", "string");
  }
  return given;
}

/** Rows that are held out for validation. @throws TypeError, RangeError */
function heldOut(where: string, part: unknown, rows: number): number {
  if (part === 0) return 0;
  if (!(typeof part === "number" && part > 0 && part < 1)) {
    throw unexpected(`${where}: validationSplit`, part, "a number in (0, 1), or 0", "number");
  }
  const count = splitCount(rows, part);
  if (count < rows) return count;
  throw new RangeError(`${where}: validationSplit is ${part} of ${rows} rows, expected at least one row to train on`);
}

/** Checks that what is monitored is measured. @throws RangeError */
function checkMonitor(what: string, monitor: string, metrics: readonly string[], validated: boolean): void {
  if (monitor === "validationLoss" && !validated) {
    throw new RangeError(
      `${what} monitors validationLoss, expected validationSplit or validationData, or monitor: "loss"`,
    );
  }
  const known = ["validationLoss", "loss", ...metrics];
  if (known.includes(monitor)) return;
  throw new RangeError(`${what} monitors ${describe(monitor)}, expected one of ${known.join(", ")}`);
}

/** The normal equations have no weights. */
function checkNoWeights(where: string, options: FitOptions): void {
  for (const name of ["sampleWeight", "classWeight"] as const) {
    if (options[name] === undefined) continue;
    throw new RangeError(
      `${where}: ${name} is given, expected none with ${options.optimizer.type}; lbfgs takes weights`,
    );
  }
}

/** An optimizer for the gradient over all rows takes each of them once a step, and finds the same loss at the same parameters. */
function checkFullBatch(
  where: string,
  options: FitOptions,
  rows: number,
  stepSize: number,
  { layers }: Architecture,
): void {
  const { optimizer, accumulationSteps = 1, sampling, stepsPerEpoch } = options;
  const refuse = (what: string, expected: string) => {
    throw new RangeError(
      `${where}: ${what}, and ${optimizer.type} takes the gradient over all rows; expected ${expected}`,
    );
  };
  if (stepSize < rows) {
    const name = accumulationSteps > 1 ? "batchSize · accumulationSteps" : "batchSize";
    refuse(`${name} is ${stepSize} of ${rows} rows`, "none, or at least as many as there are rows");
  }
  if (sampling === "withReplacement") refuse('sampling is "withReplacement"', '"shuffle" or "sequential"');
  if (stepsPerEpoch !== undefined && stepsPerEpoch !== 1) refuse(`stepsPerEpoch is ${stepsPerEpoch}`, "1");
  if (options.augment !== undefined) refuse("augment is given, which is drawn anew each step", "none");
  const l = layers.findIndex((layer) => layerKind(layer).random);
  if (l >= 0) refuse(`layer ${l} is ${layers[l]!.type}, which is drawn anew each step`, "a network without it");
}

/**
 * Layers whose training takes statistics over the rows of a batch need two of them in every batch: in the last of `rows` rows too, where
 * that is taken.
 */
export function checkSmallestBatch(
  where: string,
  rows: number,
  batchSize: number,
  taken: boolean,
  architecture: Architecture,
): void {
  const { layers } = architecture;
  const inputs = shapes(architecture);
  // Each position of an image counts as a row.
  const alone = (l: number) => sizeOf(inputs[l]!) === inputs[l]!.at(-1);
  const l = layers.findIndex((layer, i) => layerKind(layer).acrossRows?.(layer) && alone(i));
  if (l < 0) return;
  const last = rows % batchSize || batchSize;
  if ((taken ? last : batchSize) > 1) return;
  const which =
    batchSize === 1 ? "batches of 1 row" : `a last batch of 1 row (${rows} rows in batches of ${batchSize})`;
  throw new RangeError(
    `${where}: layer ${l} is ${layers[l]!.type}, which has no variance in ${which}, expected at least 2 rows in every batch`,
  );
}
