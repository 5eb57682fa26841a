import type { Clock } from "../clock.ts";
import { positiveNumber, unexpected } from "../options.ts";
import { type Cosine, cosineKind } from "./cosine.ts";
import { type ExponentialDecay, exponentialDecayKind } from "./exponentialDecay.ts";
import { type OneCycle, oneCycleKind } from "./oneCycle.ts";
import { type Piecewise, piecewiseKind } from "./piecewise.ts";
import { type ReduceOnPlateau, reduceOnPlateauKind } from "./reduceOnPlateau.ts";
import type { Losses, ScheduleKind, ScheduleMath, ScheduleTime } from "./schedule.ts";
import { type StepDecay, stepDecayKind } from "./stepDecay.ts";

// Learning rates that change. Time is counted in epochs of the optimizer: with n steps an epoch, step k of epoch e, both from 0, is
// at e + k/n. Exponentials and cosines are the core's, whose bits are the same in every engine.

/** A learning rate that changes as it goes, as plain data. */
export type Schedule = StepDecay | Piecewise | ExponentialDecay | Cosine | OneCycle | ReduceOnPlateau;

/**
 * A learning rate: a number above 0; a schedule; or a function of the optimizer's own epoch and step, which has to return a finite
 * number from 0. It is asked for the steps in their order, up to 1,024 ahead and never beyond the epoch. Where it fails or throws, the
 * training ends behind the last step that has a rate.
 */
export type LearningRate = number | Schedule | ((time: ScheduleTime) => number);

const SCHEDULES: { readonly [type in Schedule["type"]]: ScheduleKind<never> } = {
  stepDecay: stepDecayKind,
  piecewise: piecewiseKind,
  exponentialDecay: exponentialDecayKind,
  cosine: cosineKind,
  oneCycle: oneCycleKind,
  reduceOnPlateau: reduceOnPlateauKind,
};

/** Checks a learning rate. @throws TypeError, RangeError */
export function checkRate(where: string, rate: unknown): LearningRate {
  if (typeof rate === "function") return rate as LearningRate;
  const { type, ...options } = Object(rate) as Schedule;
  if (typeof type === "string" && Object.hasOwn(SCHEDULES, type)) {
    return SCHEDULES[type].check(options as never) as Schedule;
  }
  if (typeof rate === "number") return positiveNumber(where, "learningRate", rate);
  throw unexpected(`${where}: learningRate`, rate, "a positive finite number, a schedule or a function");
}

/** The learning rate at a time. @throws TypeError, RangeError where a caller's function returns no finite number from 0 */
export function rateAt(rate: LearningRate, time: ScheduleTime, clock: Clock, math: ScheduleMath): number {
  if (typeof rate === "number") return rate;
  const { epoch, step, steps } = time;
  if (typeof rate === "function") {
    const value: unknown = rate(time);
    if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return value;
    const what = `learningRate at epoch ${epoch}, step ${step}`;
    throw unexpected(`Cannot train: ${what}`, value, "a finite number from 0", "number");
  }
  const now = { epoch, epochs: epoch + step / steps, step: 1 / steps };
  return SCHEDULES[rate.type].rateAt(rate as never, now, math, clock);
}

/** What the end of an epoch with these mean losses changes. */
export function endEpoch(rate: LearningRate | undefined, losses: Losses, clock: Clock): void {
  clock.epochs += 1;
  if (typeof rate === "object") SCHEDULES[rate.type].endEpoch?.(rate as never, losses, clock);
}
