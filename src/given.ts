import { type Architecture, outputsOf } from "./architecture.ts";
import {
  type Checkpoint,
  checkDataPrint,
  checkPrint,
  dataPrint,
  type Fingerprint,
  optionsPrint,
  samplesPrint,
} from "./checkpoint.ts";
import { checkFit, checkSmallestBatch, type Settings, type TrainOptions } from "./fit.ts";
import type { Machine } from "./machine.ts";
import type { CoreModule } from "./module.ts";
import { optimizerKind, rateOf } from "./optimizers/index.ts";
import {
  fitPreparation,
  type Preparation,
  prepare,
  prepareWithoutRows,
  readSamples,
  wantedPreparation,
} from "./preparation.ts";
import type { Resident } from "./programs.ts";
import type { Features, TargetValues } from "./results.ts";
import { sizeOf } from "./shape.ts";
import type { Reading, Source } from "./source.ts";
import { type Counters, countersAfter, type Standing } from "./training.ts";
import { type Samples, split, take } from "./validation.ts";
import { classWeights, itemWeights, toWeights } from "./weights.ts";
import { type Feed, residentOf, Windows } from "./windows.ts";

/** What a call of `fit` or `train` is given: checked and prepared, with nothing begun. */
export interface Given {
  readonly settings: Settings;
  readonly preparation: Preparation;
  /** All rows that it trains on, or those of a stream that are at hand. */
  readonly samples: Samples;
  readonly validation: Samples | undefined;
  /** What stays in memory. */
  readonly resident: Resident;
  feed(machine: Machine): Feed;
  /** What tells the data apart, as far as the training has come. */
  data(standing: Standing): Fingerprint;
}

/** The network that is to be trained. */
export interface Trainee {
  readonly module: CoreModule;
  readonly architecture: Architecture;
  readonly counters: Counters;
  readonly preparation: Preparation;
  /** Aborted where the network is disposed of. */
  readonly disposed: AbortSignal;
  /** What it was resumed from, until it goes on. */
  readonly resumed: Checkpoint | undefined;
}

type Where = "fit" | "train";

/** Rows in memory. @throws TypeError, RangeError */
export function givenRows(
  where: Where,
  features: Features,
  targets: TargetValues,
  options: TrainOptions,
  trainee: Trainee,
): Given {
  const { module, architecture, counters, resumed } = trainee;
  const wanted = wantedPreparation(where, options, targets, architecture, trainee.preparation, counters.step);
  const raw = readSamples(where, features, targets, wanted ?? trainee.preparation, architecture);
  const { rows } = raw.x;
  const settings = checkFit(where, options, rows, architecture);
  const { names } = wanted ?? trainee.preparation;
  const weights = toWeights(where, options, raw.y, rows, outputsOf(architecture), names);
  const weighted = { ...raw, weights };
  const held = rows - settings.rows;
  const places = held > 0 ? split(rows, held, architecture.seed, module) : undefined;
  const preparation = wanted ? fitPreparation(where, wanted, raw, places?.training) : trainee.preparation;
  const all = prepare(where, preparation, weighted, architecture.precision);
  const samples = places ? take(all, places.training) : all;
  const validation = places
    ? take(all, places.validation)
    : validationSamples(where, settings, preparation, architecture);
  const data = once(() => dataPrint(samples, validation));
  checkOptions(where, settings, resumed);
  if (resumed?.training) checkDataPrint(where, data(), resumed.training.data);
  settings.signal?.throwIfAborted();
  const feed = (machine: Machine) => new Windows(machine, settings, samples);
  return { settings, preparation, samples, validation, resident: residentOf(samples, settings), feed, data };
}

/**
 * A stream, of which the first item has come; or those that a resumed training had taken.
 * @throws TypeError, RangeError, what the source throws
 */
export async function givenStream(
  where: Where,
  source: Source,
  options: TrainOptions,
  trainee: Trainee,
): Promise<Given & { close(): Promise<void> }> {
  const { architecture, counters, resumed } = trainee;
  const { Stream, checkStream } = await import("./stream.ts");
  // `checkStream` and `checkFit` say what is wrong with options that are none.
  const { optimizer } = Object(options) as TrainOptions;
  const kind = optimizerKind(Object(optimizer));
  checkStream(where, source, options, { fullBatch: !!kind?.fullBatch, rate: kind && rateOf(optimizer) });
  const wanted = wantedPreparation(where, options, undefined, architecture, trainee.preparation, counters.step);
  const width = sizeOf(architecture.inputs.shape);
  const preparation = wanted ? prepareWithoutRows(where, wanted, width) : trainee.preparation;
  const settings = checkFit(where, { ...options, sampling: "sequential" }, Number.POSITIVE_INFINITY, architecture);
  const validation = validationSamples(where, settings, preparation, architecture);
  checkOptions(where, settings, resumed);
  const outputs = outputsOf(architecture);
  const byClass = classWeights(where, options, outputs, preparation.names);
  settings.signal?.throwIfAborted();
  const reading: Reading = {
    precision: architecture.precision,
    named: preparation.names !== undefined,
    imputes: preparation.missing !== undefined,
    read: (place, x, y) => readSamples(place, x, y, preparation, architecture),
    weights: (place, weight, y, rows) => itemWeights(place, weight, byClass, y, rows, outputs),
    prepare: (place, samples) => prepare(place, preparation, samples, architecture.precision),
  };
  const checkRows = (rows: number) => checkSmallestBatch(where, rows, settings.batchSize, true, architecture);
  const signal = AbortSignal.any([trainee.disposed, ...(settings.signal ? [settings.signal] : [])]);
  const stream = await Stream.open(where, source, reading, { ...settings, signal }, checkRows);
  const data = (standing: Pick<Standing, "stepsLeft">) => ({
    ...stream.print(standing),
    ...(validation && { validation: samplesPrint(validation) }),
  });
  try {
    if (resumed?.training) {
      const { standing, data: then } = resumed.training;
      if (standing.stepsLeft > 0) await stream.skip(standing.pass, standing.position);
      checkDataPrint(where, data(standing), then);
    }
  } catch (error) {
    await stream.close().catch(() => undefined);
    throw error;
  }
  const { samples, resident } = stream;
  const feed = (machine: Machine) => stream.into(machine);
  return { settings, preparation, samples, validation, resident, feed, data, close: () => stream.close() };
}

function checkOptions(where: string, settings: Settings, resumed: Checkpoint | undefined): void {
  if (!resumed?.training) return;
  const { standing, options } = resumed.training;
  checkPrint(where, optionsPrint(settings), options);
  const begun = countersAfter(standing).epoch - standing.first.epoch;
  if (settings.epochs >= begun) return;
  throw new RangeError(
    `${where}: epochs is ${settings.epochs}, and the training that the network was resumed from has begun ${begun}; expected the total, ` +
      `at least ${begun}`,
  );
}

/** The samples of `validationData`. */
function validationSamples(
  where: string,
  { validationData }: Settings,
  preparation: Preparation,
  architecture: Architecture,
): Samples | undefined {
  if (!validationData) return undefined;
  const [x, y] = validationData;
  const place = `${where}: validationData`;
  return prepare(place, preparation, readSamples(place, x, y, preparation, architecture), architecture.precision);
}

/** A function that computes its value when it is first asked for. */
function once<T>(compute: () => T): () => T {
  let value: { known: T } | undefined;
  return () => {
    value ??= { known: compute() };
    return value.known;
  };
}
