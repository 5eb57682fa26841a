import { checkKnown, positiveInteger, positiveNumber, unitInterval } from "../options.ts";
import type { ScheduleKind } from "./schedule.ts";

/** A rate that falls in steps, as plain data. */
export interface StepDecay {
  readonly type: "stepDecay";
  readonly learningRate: number;
  readonly factor: number;
  readonly every: number;
}

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

export const stepDecayKind: ScheduleKind<StepDecay> = {
  check: stepDecay,
  rateAt: ({ learningRate, factor, every }, { epoch }, math) =>
    learningRate * math.powInteger(factor, Math.floor(epoch / every)),
};
