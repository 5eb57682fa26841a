import { checkKnown, fraction, nonNegativeInteger, nonNegativeNumber, oneOf, positiveNumber } from "../options.ts";
import { atMost, type ScheduleKind } from "./schedule.ts";

/** A rate that is reduced where the loss stands still, as plain data. */
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

export const reduceOnPlateauKind: ScheduleKind<ReduceOnPlateau> = {
  check: reduceOnPlateau,
  rateAt: ({ learningRate, minimum }, _, __, clock) => Math.max(minimum, learningRate * clock.scale),
  endEpoch({ monitor, factor, patience, minDelta, cooldown }, losses, clock) {
    const loss = monitor === "loss" ? losses.loss : losses.validationLoss!;
    // An epoch of rows without weight has no loss, and tells nothing.
    if (Number.isNaN(loss)) return;
    if (clock.best === Number.POSITIVE_INFINITY || loss < clock.best - minDelta * Math.abs(clock.best)) {
      clock.best = loss;
      clock.waited = 0;
    } else clock.waited += 1;
    if (clock.resting > 0) {
      clock.resting -= 1;
      clock.waited = 0;
    }
    if (clock.waited <= patience) return;
    clock.scale *= factor;
    clock.resting = cooldown;
    clock.waited = 0;
  },
};
