import { boolean, checkKnown, nonNegativeNumber, positiveNumber } from "../options.ts";
import { atMost, falling, type ScheduleKind } from "./schedule.ts";

/** A rate that falls along a cosine, as plain data. */
export interface Cosine {
  readonly type: "cosine";
  readonly learningRate: number;
  readonly epochs: number;
  readonly minimum: number;
  readonly warmUp: number;
  readonly restarts: boolean;
  readonly lengthen: number;
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

export const cosineKind: ScheduleKind<Cosine> = {
  check: cosine,
  rateAt({ learningRate, epochs, minimum, warmUp, restarts, lengthen }, now, math) {
    if (now.epochs < warmUp) return learningRate * Math.min(1, (now.epochs + now.step) / warmUp);
    let at = now.epochs - warmUp;
    // Cycles of one length need not be counted, and short ones could not be.
    if (restarts && lengthen === 1) at %= epochs;
    let length = epochs;
    while (restarts && at >= length) {
      at -= length;
      length *= lengthen;
    }
    return minimum + (learningRate - minimum) * falling(Math.min(1, at / length), math);
  },
};
