import type { FitOptions } from "./fit.ts";
import { describe, isPlainObject, unexpected } from "./options.ts";
import type { LearningRate } from "./schedules/index.ts";

/** Rates that stay the same within an epoch. */
const BY_EPOCH = ["stepDecay", "piecewise", "reduceOnPlateau"];

/** What is known of the optimizer that is asked for. */
interface Rule {
  readonly fullBatch: boolean;
  readonly rate: LearningRate | undefined;
}

/** Checks what a stream cannot be asked for, before `checkFit` checks the rest. @throws TypeError, RangeError */
export function checkStream(where: string, source: unknown, options: FitOptions, { fullBatch, rate }: Rule): void {
  if (typeof source !== "function") {
    throw unexpected(
      `${where}: source`,
      source,
      "a function that returns an iterable of [x, y], for each pass a new one",
    );
  }
  if (!isPlainObject(options)) throw unexpected(`${where}: options`, options, "a plain object");
  const refuse = (what: string, why: string, expected: string) => {
    throw new RangeError(`${where}: ${what}, and ${why}; expected ${expected}`);
  };
  const { sampling = "sequential", validationSplit = 0, validationData, metrics, optimizer } = options;
  if (sampling !== "sequential") {
    const why = "a stream is taken in the order in which it comes";
    if (typeof sampling === "string") refuse(`sampling is ${describe(sampling)}`, why, '"sequential"');
    throw unexpected(`${where}: sampling`, sampling, `"sequential", as ${why}`);
  }
  if (validationSplit !== 0) {
    refuse(
      `validationSplit is ${describe(validationSplit)}`,
      "how many rows a stream has is not known",
      "validationData",
    );
  }
  if (options.sampleWeight !== undefined) {
    refuse("sampleWeight is given", "a stream has it in its items", "[x, y, sampleWeight] there");
  }
  if (options.classWeight === "balanced") {
    refuse(
      'classWeight is "balanced"',
      "the classes of a stream are not counted before its end",
      "a weight for each class",
    );
  }
  if (Array.isArray(metrics) && metrics.length > 0 && validationData === undefined) {
    refuse(
      "metrics are given",
      "the rows of a stream are gone when an epoch ends",
      "validationData to measure them by",
    );
  }
  if (fullBatch) {
    refuse(
      `optimizer is ${optimizer.type}`,
      "a step of it takes all rows",
      "one that takes batches, such as adam(), or rows in memory",
    );
  }
  const type = typeof rate === "function" ? "a function" : (Object(rate).type as string | undefined);
  if (type !== undefined && !BY_EPOCH.includes(type) && options.stepsPerEpoch === undefined) {
    refuse(
      `learningRate is ${type}`,
      "goes by the steps of an epoch, which a stream does not tell before its end",
      "stepsPerEpoch",
    );
  }
}
