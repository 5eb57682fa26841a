import { checkKnown, positiveNumber } from "../options.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** Plain gradient descent, as plain data. */
export interface Sgd {
  readonly type: "sgd";
  readonly learningRate: number;
}

/**
 * Stochastic gradient descent: w ← w − η·g, g the mean gradient of the batch (Gill & Gill GD3, DL7; Higham & Higham eq. 4.5).
 * @param options.learningRate η, a positive finite number
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), epochs: 10 })
 */
export const sgd = (options: { learningRate: number }): Sgd => checkSgd("sgd", options);

function checkSgd(where: string, options: { learningRate: number }): Sgd {
  checkKnown(where, options, ["learningRate"]);
  return Object.freeze({ type: "sgd", learningRate: positiveNumber(where, "learningRate", options.learningRate) });
}

export const sgdKind: OptimizerKind<Sgd> = {
  check: (where, { type, ...options }) => void checkSgd(where, options),
  slots: 0,
};
