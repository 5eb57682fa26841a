import { Op } from "../../assembly/opcodes.ts";
import { checkKnown, fraction, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** Adam, as plain data. */
export interface Adam {
  readonly type: "adam";
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η (m/c₁) / (√(v/c₂) + ε) with c = 1 − β^t
 * (Kingma & Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1). ε stands beside the corrected √v, as in
 * PyTorch; Keras puts it beside the uncorrected one. The moments belong to this object and the network together: a later `fit`
 * with the same object goes on with them, a new object begins anew, and `save` leaves them out.
 * @param options.learningRate η, a positive finite number; default 0.001
 * @param options.beta1 in [0, 1); default 0.9
 * @param options.beta2 in [0, 1); default 0.999
 * @param options.epsilon a positive finite number; default 1e-8
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: adam({ learningRate: 0.01 }), epochs: 10 })
 */
export const adam = (options: Partial<Omit<Adam, "type">> = {}): Adam => checkAdam("adam", options);

function checkAdam(where: string, options: Partial<Omit<Adam, "type">>): Adam {
  checkKnown(where, options, ["learningRate", "beta1", "beta2", "epsilon"]);
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  return Object.freeze({
    type: "adam",
    learningRate: positiveNumber(where, "learningRate", learningRate),
    beta1: fraction(where, "beta1", beta1),
    beta2: fraction(where, "beta2", beta2),
    epsilon: positiveNumber(where, "epsilon", epsilon),
  });
}

export const adamKind: OptimizerKind<Adam> = {
  check: (where, { type, ...options }) => void checkAdam(where, options),
  slots: 2,
  update(program, { beta1, beta2, epsilon }, { parameterRun, gradientRun, slots, rate, clock, cursor }) {
    const [m, v] = slots;
    const moments = [beta1, beta2, epsilon].map((value) => new Double(value));
    program.add(Op.Tick, clock, cursor, 0, 0, 0);
    program.add(Op.Adam, parameterRun, gradientRun, parameterRun.bytes, rate, clock, cursor, m!, v!, 0, ...moments);
  },
};
