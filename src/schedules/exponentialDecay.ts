import { checkKnown, positiveNumber, unitInterval } from "../options.ts";
import type { ScheduleKind } from "./schedule.ts";

/** A rate that falls exponentially, as plain data. */
export interface ExponentialDecay {
  readonly type: "exponentialDecay";
  readonly learningRate: number;
  readonly factor: number;
  readonly every: number;
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

export const exponentialDecayKind: ScheduleKind<ExponentialDecay> = {
  check: exponentialDecay,
  rateAt: ({ learningRate, factor, every }, { epochs }, math) =>
    learningRate * math.exponential((epochs / every) * math.logarithm(factor)),
};
