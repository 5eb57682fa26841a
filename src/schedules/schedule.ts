import type { Clock } from "../clock.ts";

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

/** The time at which a step is taken. */
export interface Now {
  /** Whole epochs. */
  readonly epoch: number;
  /** Epochs, whole and begun. */
  readonly epochs: number;
  /** What a step is of an epoch. */
  readonly step: number;
}

/** What a kind of schedule can do; `S` is its plain description. */
export interface ScheduleKind<S> {
  /** The description as the schedule's own function makes it. Throws where there is none such. */
  check(given: S): object;
  /** The learning rate of a step. */
  rateAt(schedule: S, now: Now, math: ScheduleMath, clock: Clock): number;
  /** What the end of an epoch with these mean losses changes. */
  endEpoch?(schedule: S, losses: Losses, clock: Clock): void;
}

/** The mean losses of an epoch. */
export interface Losses {
  readonly loss: number;
  readonly validationLoss?: number | undefined;
}

/** @throws RangeError where a minimum is above the rate that it is the minimum of */
export function atMost(where: string, minimum: number, learningRate: number): void {
  if (minimum <= learningRate) return;
  throw new RangeError(`${where}: minimum is ${minimum}, expected at most the learningRate, ${learningRate}`);
}

/** ½ (1 + cos(π·part)): 1 at 0, 0 at 1. */
export const falling = (part: number, math: ScheduleMath) => (1 + math.cosine(Math.PI * part)) / 2;
