import { Op } from "../../assembly/opcodes.ts";
import { checkKnown, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `rprop`. */
export interface RpropOptions {
  /** The first size of every step, from the smallest to the largest; default 0.01. */
  readonly learningRate: number;
  /** η⁺, the growth of a step while the sign stays: a finite number above 1; default 1.2. */
  readonly increase: number;
  /** η⁻, its shrinkage where the sign has changed: a number in (0, 1); default 0.5. */
  readonly decrease: number;
  /** The smallest size, a positive finite number; default 1e-6. */
  readonly smallest: number;
  /** The largest size, finite and not below the smallest; default 50. */
  readonly largest: number;
}

/** Rprop, as plain data. */
export interface Rprop extends RpropOptions {
  readonly type: "rprop";
}

/**
 * iRPROP−: each parameter has a step size Δ of its own, which grows while its gradient keeps its sign and shrinks where it changes, and
 * only the sign counts: w ← w − sign(g)·Δ; after a change of sign g counts as 0 (Igel & Hüsken, "Empirical evaluation of the improved
 * Rprop learning algorithms", 2003; PyTorch's Rprop). For the gradient over all rows: one step is one epoch.
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: rprop(), epochs: 100 })
 */
export const rprop = (options: Partial<RpropOptions> = {}): Rprop => checkRprop("rprop", options);

function checkRprop(where: string, options: Partial<RpropOptions>): Rprop {
  checkKnown(where, options, ["learningRate", "increase", "decrease", "smallest", "largest"]);
  const { learningRate = 0.01, increase = 1.2, decrease = 0.5, smallest = 1e-6, largest = 50 } = options;
  positiveNumber(where, "learningRate", learningRate);
  if (positiveNumber(where, "increase", increase) <= 1) {
    throw new RangeError(`${where}: increase is ${increase}, expected a finite number above 1`);
  }
  if (positiveNumber(where, "decrease", decrease) >= 1) {
    throw new RangeError(`${where}: decrease is ${decrease}, expected a number in (0, 1)`);
  }
  positiveNumber(where, "smallest", smallest);
  if (positiveNumber(where, "largest", largest) < smallest) {
    throw new RangeError(`${where}: largest is ${largest}, expected at least smallest, ${smallest}`);
  }
  if (learningRate < smallest || learningRate > largest) {
    throw new RangeError(
      `${where}: learningRate is ${learningRate}, expected one from smallest, ${smallest}, to largest, ${largest}`,
    );
  }
  return Object.freeze({ type: "rprop", learningRate, increase, decrease, smallest, largest });
}

export const rpropKind: OptimizerKind<Rprop> = {
  check: (where, { type, ...options }) => checkRprop(where, options),
  slots: ({ learningRate }) => [0, learningRate],
  fullBatch: true,
  update(program, { increase, decrease, smallest, largest }, run) {
    const [previous, sizes] = run.slots;
    const constants = [increase, decrease, smallest, largest].map((value) => new Double(value));
    program.add(Op.Rprop, ...head(run), previous!, sizes!, ...constants);
  },
};
