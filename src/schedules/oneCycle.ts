import { checkKnown, fraction, positiveNumber } from "../options.ts";
import { falling, type ScheduleKind } from "./schedule.ts";

/** A rate that goes up and down once, as plain data. */
export interface OneCycle {
  readonly type: "oneCycle";
  readonly learningRate: number;
  readonly epochs: number;
  readonly warmUp: number;
  readonly initialDivisor: number;
  readonly finalDivisor: number;
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

export const oneCycleKind: ScheduleKind<OneCycle> = {
  check: oneCycle,
  rateAt({ learningRate, epochs, warmUp, initialDivisor, finalDivisor }, now, math) {
    const first = learningRate / initialDivisor;
    const last = first / finalDivisor;
    const part = Math.min(1, now.epochs / epochs);
    if (part < warmUp) return learningRate + (first - learningRate) * falling(part / warmUp, math);
    return last + (learningRate - last) * falling((part - warmUp) / (1 - warmUp), math);
  },
};
