import type { Clock } from "./clock.ts";
import {
  boolean,
  checkKnown,
  describe,
  fraction,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  positiveInteger,
  positiveNumber,
  unexpected,
  unitInterval,
} from "./options.ts";

// Learning rates that change. Time is counted in epochs of the optimizer: with n steps an epoch, step k of epoch e, both from 0, is
// at e + k/n. Exponentials and cosines are the core's, whose bits are the same in every engine.

/** Where a schedule is asked: both counted from 0 with the optimizer's first step. */
export interface ScheduleTime {
  readonly epoch: number;
  /** Steps of the epoch that were taken before. */
  readonly step: number;
  /** Of the epoch. */
  readonly steps: number;
}

/** The core's functions of f64 that schedules are made of. */
export interface ScheduleMath {
  exponential(x: number): number;
  logarithm(x: number): number;
  cosine(x: number): number;
  powInteger(x: number, n: number): number;
}

export interface StepDecay {
  readonly type: "stepDecay";
  readonly learningRate: number;
  readonly factor: number;
  readonly every: number;
}
export interface Piecewise {
  readonly type: "piecewise";
  readonly pieces: readonly (readonly [epochs: number, learningRate: number])[];
}
export interface ExponentialDecay {
  readonly type: "exponentialDecay";
  readonly learningRate: number;
  readonly factor: number;
  readonly every: number;
}
export interface Cosine {
  readonly type: "cosine";
  readonly learningRate: number;
  readonly epochs: number;
  readonly minimum: number;
  readonly warmUp: number;
  readonly restarts: boolean;
  readonly lengthen: number;
}
export interface OneCycle {
  readonly type: "oneCycle";
  readonly learningRate: number;
  readonly epochs: number;
  readonly warmUp: number;
  readonly initialDivisor: number;
  readonly finalDivisor: number;
}
export interface ReduceOnPlateau {
  readonly type: "reduceOnPlateau";
  readonly monitor: "loss" | "validationLoss";
  readonly learningRate: number;
  readonly factor: number;
  readonly patience: number;
  readonly minDelta: number;
  readonly cooldown: number;
  readonly minimum: number;
}

/** A learning rate that changes as it goes, as plain data. */
export type Schedule = StepDecay | Piecewise | ExponentialDecay | Cosine | OneCycle | ReduceOnPlateau;

/**
 * A learning rate: a number above 0; a schedule; or a function of the optimizer's own epoch and step, which has to return a finite
 * number from 0. It is asked for the steps in their order, up to 1,024 ahead and never beyond the epoch. Where it fails or throws, the
 * training ends behind the last step that has a rate.
 */
export type LearningRate = number | Schedule | ((time: ScheduleTime) => number);

/**
 * learningRate · factor^⌊epoch / every⌋ (PyTorch's StepLR).
 * @param options.factor in (0, 1]; default 0.1
 * @param options.every epochs, a positive integer; default 1
 * @example adam({ learningRate: stepDecay({ learningRate: 0.001, factor: 0.85 }) })
 */
export function stepDecay(options: { learningRate: number; factor?: number; every?: number }): StepDecay {
  const where = "stepDecay";
  checkKnown(where, options, ["learningRate", "factor", "every"]);
  const { learningRate, factor = 0.1, every = 1 } = options;
  return Object.freeze({
    type: "stepDecay",
    learningRate: positiveNumber(where, "learningRate", learningRate),
    factor: unitInterval(where, "factor", factor),
    every: positiveInteger(where, "every", every),
  });
}

/**
 * A list over epochs: so many epochs at this rate, then so many at that; the last rate stays.
 * @param pieces pairs of epochs, a positive integer, and a rate, finite and from 0
 * @example sgd({ learningRate: piecewise([[30, 0.05], [10, 0.005], [5, 0.0005]]), momentum: 0.9 })
 */
export function piecewise(pieces: readonly (readonly [epochs: number, learningRate: number])[]): Piecewise {
  const where = "piecewise";
  if (!Array.isArray(pieces) || pieces.length === 0) {
    throw unexpected(`${where}: pieces`, pieces, "an array of at least one pair [epochs, learningRate]", "object");
  }
  const checked = Array.from(pieces, (piece, i) => {
    if (!Array.isArray(piece) || piece.length !== 2) {
      throw new TypeError(`${where}: piece ${i} is ${describe(piece)}, expected a pair [epochs, learningRate]`);
    }
    return Object.freeze([
      positiveInteger(where, `piece ${i} epochs`, piece[0]),
      nonNegativeNumber(where, `piece ${i} learningRate`, piece[1]),
    ] as const);
  });
  return Object.freeze({ type: "piecewise", pieces: Object.freeze(checked) });
}

/**
 * learningRate · factor^(time / every), changing with every step (Keras's ExponentialDecay, in epochs).
 * @param options.factor in (0, 1]
 * @param options.every epochs, a positive finite number; default 1
 * @example adam({ learningRate: exponentialDecay({ learningRate: 0.001, factor: 0.9 }) })
 */
export function exponentialDecay(options: { learningRate: number; factor: number; every?: number }): ExponentialDecay {
  const where = "exponentialDecay";
  checkKnown(where, options, ["learningRate", "factor", "every"]);
  const { learningRate, factor, every = 1 } = options;
  return Object.freeze({
    type: "exponentialDecay",
    learningRate: positiveNumber(where, "learningRate", learningRate),
    factor: unitInterval(where, "factor", factor),
    every: positiveNumber(where, "every", every),
  });
}

/**
 * minimum + ½ (learningRate − minimum)(1 + cos(π · time / epochs)) (Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm
 * restarts", 2017, eq. 5), after a linear warm-up from rate/n to the rate over the n steps of `warmUp` epochs. Then the minimum stays;
 * with `restarts` the cosine begins anew, each time `lengthen` times as long.
 * @param options.epochs of the first cosine, a positive finite number; the warm-up comes before it
 * @param options.minimum a finite number from 0, at most the rate; default 0
 * @param options.warmUp epochs, a finite number from 0; default 0
 * @param options.restarts default false
 * @param options.lengthen finite and at least 1; default 1
 * @example adam({ learningRate: cosine({ learningRate: 0.001, epochs: 18, warmUp: 2 }) })
 */
export function cosine(options: {
  learningRate: number;
  epochs: number;
  minimum?: number;
  warmUp?: number;
  restarts?: boolean;
  lengthen?: number;
}): Cosine {
  const where = "cosine";
  checkKnown(where, options, ["learningRate", "epochs", "minimum", "warmUp", "restarts", "lengthen"]);
  const { learningRate, epochs, minimum = 0, warmUp = 0, restarts = false, lengthen = 1 } = options;
  positiveNumber(where, "learningRate", learningRate);
  atMost(where, nonNegativeNumber(where, "minimum", minimum), learningRate);
  if (positiveNumber(where, "lengthen", lengthen) < 1) {
    throw new RangeError(`${where}: lengthen is ${lengthen}, expected a finite number from 1`);
  }
  return Object.freeze({
    type: "cosine",
    learningRate,
    epochs: positiveNumber(where, "epochs", epochs),
    minimum,
    warmUp: nonNegativeNumber(where, "warmUp", warmUp),
    restarts: boolean(where, "restarts", restarts),
    lengthen,
  });
}

/**
 * One cycle over `epochs` epochs: up from learningRate / initialDivisor to learningRate, then down to the initial rate /
 * finalDivisor, both along half a cosine (Smith & Topin, "Super-convergence", 2019). PyTorch's OneCycleLR in continuous time: a step has
 * the rate of its beginning, where PyTorch ends its turns on whole steps; and the momentum stays.
 * @param options.learningRate the largest
 * @param options.warmUp part of the epochs that goes up, in [0, 1); default 0.3
 * @param options.initialDivisor positive; default 25
 * @param options.finalDivisor positive; default 1e4
 * @example sgd({ learningRate: oneCycle({ learningRate: 0.5, epochs: 20 }), momentum: 0.9 })
 */
export function oneCycle(options: {
  learningRate: number;
  epochs: number;
  warmUp?: number;
  initialDivisor?: number;
  finalDivisor?: number;
}): OneCycle {
  const where = "oneCycle";
  checkKnown(where, options, ["learningRate", "epochs", "warmUp", "initialDivisor", "finalDivisor"]);
  const { learningRate, epochs, warmUp = 0.3, initialDivisor = 25, finalDivisor = 1e4 } = options;
  return Object.freeze({
    type: "oneCycle",
    learningRate: positiveNumber(where, "learningRate", learningRate),
    epochs: positiveNumber(where, "epochs", epochs),
    warmUp: fraction(where, "warmUp", warmUp),
    initialDivisor: positiveNumber(where, "initialDivisor", initialDivisor),
    finalDivisor: positiveNumber(where, "finalDivisor", finalDivisor),
  });
}

/**
 * learningRate, multiplied by `factor` whenever the loss of more than `patience` epochs in a row was not below best − minDelta·|best|
 * (PyTorch's ReduceLROnPlateau, relative threshold, which has no |·|: the same for losses above 0; without its least change, 1e-8).
 * @param options.monitor "loss" (default) or "validationLoss"
 * @param options.factor in (0, 1); default 0.1
 * @param options.patience epochs, an integer from 0; default 10
 * @param options.minDelta in [0, 1); default 1e-4
 * @param options.cooldown epochs after a reduction in which nothing is counted, an integer from 0; default 0
 * @param options.minimum of the rate, a finite number from 0, at most the rate; default 0
 * @example adam({ learningRate: reduceOnPlateau({ learningRate: 0.01, factor: 0.5, patience: 5 }) })
 */
export function reduceOnPlateau(options: {
  learningRate: number;
  monitor?: "loss" | "validationLoss";
  factor?: number;
  patience?: number;
  minDelta?: number;
  cooldown?: number;
  minimum?: number;
}): ReduceOnPlateau {
  const where = "reduceOnPlateau";
  checkKnown(where, options, ["learningRate", "monitor", "factor", "patience", "minDelta", "cooldown", "minimum"]);
  const {
    learningRate,
    monitor = "loss",
    factor = 0.1,
    patience = 10,
    minDelta = 1e-4,
    cooldown = 0,
    minimum = 0,
  } = options;
  if (positiveNumber(where, "factor", factor) >= 1) {
    throw new RangeError(`${where}: factor is ${factor}, expected a number in (0, 1)`);
  }
  positiveNumber(where, "learningRate", learningRate);
  atMost(where, nonNegativeNumber(where, "minimum", minimum), learningRate);
  return Object.freeze({
    type: "reduceOnPlateau",
    monitor: oneOf(where, "monitor", monitor, ["loss", "validationLoss"]),
    learningRate,
    factor,
    patience: nonNegativeInteger(where, "patience", patience),
    minDelta: fraction(where, "minDelta", minDelta),
    cooldown: nonNegativeInteger(where, "cooldown", cooldown),
    minimum,
  });
}

/** @throws RangeError where a minimum is above the rate that it is the minimum of */
function atMost(where: string, minimum: number, learningRate: number): void {
  if (minimum <= learningRate) return;
  throw new RangeError(`${where}: minimum is ${minimum}, expected at most the learningRate, ${learningRate}`);
}

const CHECKS: { readonly [type in Schedule["type"]]: (given: never) => Schedule } = {
  stepDecay,
  piecewise(given: Piecewise) {
    checkKnown("piecewise", given, ["pieces"]);
    return piecewise(given.pieces);
  },
  exponentialDecay,
  cosine,
  oneCycle,
  reduceOnPlateau,
};

/** Checks a learning rate. @throws TypeError, RangeError */
export function checkRate(where: string, rate: unknown): LearningRate {
  if (typeof rate === "function") return rate as LearningRate;
  const { type, ...options } = Object(rate) as Schedule;
  if (typeof type === "string" && Object.hasOwn(CHECKS, type)) return CHECKS[type](options as never);
  if (typeof rate === "number") return positiveNumber(where, "learningRate", rate);
  throw unexpected(`${where}: learningRate`, rate, "a positive finite number, a schedule or a function");
}

/** The learning rate at a time. @throws TypeError, RangeError where a caller's function returns no finite number from 0 */
export function rateAt(rate: LearningRate, time: ScheduleTime, clock: Clock, math: ScheduleMath): number {
  if (typeof rate === "number") return rate;
  if (typeof rate === "function") {
    const value: unknown = rate(time);
    if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return value;
    const what = `learningRate at epoch ${time.epoch}, step ${time.step}`;
    throw unexpected(`Cannot train: ${what}`, value, "a finite number from 0", "number");
  }
  const now = time.epoch + time.step / time.steps;
  switch (rate.type) {
    case "stepDecay":
      return rate.learningRate * math.powInteger(rate.factor, Math.floor(time.epoch / rate.every));
    case "piecewise":
      return piece(rate, time.epoch);
    case "exponentialDecay":
      return rate.learningRate * math.exponential((now / rate.every) * math.logarithm(rate.factor));
    case "cosine":
      return cosineAt(rate, now, 1 / time.steps, math);
    case "oneCycle":
      return oneCycleAt(rate, now, math);
    case "reduceOnPlateau":
      return Math.max(rate.minimum, rate.learningRate * clock.scale);
  }
}

function piece({ pieces }: Piecewise, epoch: number): number {
  let end = 0;
  for (const [epochs, rate] of pieces) {
    end += epochs;
    if (epoch < end) return rate;
  }
  return pieces.at(-1)![1];
}

/** ½ (1 + cos(π·part)): 1 at 0, 0 at 1. */
const falling = (part: number, math: ScheduleMath) => (1 + math.cosine(Math.PI * part)) / 2;

function cosineAt(
  { learningRate, epochs, minimum, warmUp, restarts, lengthen }: Cosine,
  now: number,
  step: number,
  math: ScheduleMath,
): number {
  if (now < warmUp) return learningRate * Math.min(1, (now + step) / warmUp);
  let at = now - warmUp;
  // Cycles of one length need not be counted, and short ones could not be.
  if (restarts && lengthen === 1) at %= epochs;
  let length = epochs;
  while (restarts && at >= length) {
    at -= length;
    length *= lengthen;
  }
  return minimum + (learningRate - minimum) * falling(Math.min(1, at / length), math);
}

function oneCycleAt(
  { learningRate, epochs, warmUp, initialDivisor, finalDivisor }: OneCycle,
  now: number,
  math: ScheduleMath,
): number {
  const first = learningRate / initialDivisor;
  const last = first / finalDivisor;
  const part = Math.min(1, now / epochs);
  if (part < warmUp) return learningRate + (first - learningRate) * falling(part / warmUp, math);
  return last + (learningRate - last) * falling((part - warmUp) / (1 - warmUp), math);
}

/** What the end of an epoch with these mean losses changes. */
export function endEpoch(
  rate: LearningRate | undefined,
  result: { loss: number; validationLoss?: number | undefined },
  clock: Clock,
): void {
  clock.epochs += 1;
  if (typeof rate !== "object" || rate.type !== "reduceOnPlateau") return;
  const loss = rate.monitor === "loss" ? result.loss : result.validationLoss!;
  // An epoch of rows without weight has no loss, and tells nothing.
  if (Number.isNaN(loss)) return;
  if (clock.best === Number.POSITIVE_INFINITY || loss < clock.best - rate.minDelta * Math.abs(clock.best)) {
    clock.best = loss;
    clock.waited = 0;
  } else clock.waited += 1;
  if (clock.resting > 0) {
    clock.resting -= 1;
    clock.waited = 0;
  }
  if (clock.waited <= rate.patience) return;
  clock.scale *= rate.factor;
  clock.resting = rate.cooldown;
  clock.waited = 0;
}
