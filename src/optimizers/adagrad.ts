import { Op } from "../../assembly/opcodes.ts";
import { nonNegativeNumber, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import { type CommonOptions, checkCommon } from "./common.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `adagrad`. */
export interface AdagradOptions extends CommonOptions {
  /** ε, a positive finite number; default 1e-10. Keras's is 1e-7. */
  readonly epsilon: number;
  /** What v begins with, a finite number from 0; default 0. Keras's is 0.1. */
  readonly initialAccumulator: number;
}

/** Adagrad, as plain data. */
export interface Adagrad extends AdagradOptions {
  readonly type: "adagrad";
}

/**
 * Adagrad: v ← v + g², w ← w − η g / (√v + ε) (Duchi, Hazan & Singer, "Adaptive subgradient methods", 2011). ε stands beside the
 * root as in PyTorch; Keras has it inside.
 * @param options.learningRate default 0.01
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: adagrad({ learningRate: 0.1 }), epochs: 10 })
 */
export const adagrad = (options: Partial<AdagradOptions> = {}): Adagrad => checkAdagrad("adagrad", options);

function checkAdagrad(where: string, options: Partial<AdagradOptions>): Adagrad {
  const common = checkCommon(where, options, ["epsilon", "initialAccumulator"], 0.01);
  const { epsilon = 1e-10, initialAccumulator = 0 } = options;
  return Object.freeze({
    type: "adagrad",
    ...common,
    epsilon: positiveNumber(where, "epsilon", epsilon),
    initialAccumulator: nonNegativeNumber(where, "initialAccumulator", initialAccumulator),
  });
}

export const adagradKind: OptimizerKind<Adagrad> = {
  check: (where, { type, ...options }) => checkAdagrad(where, options),
  slots: ({ initialAccumulator }) => [initialAccumulator],
  update(program, { epsilon }, run) {
    program.add(Op.Adagrad, ...head(run), run.slots[0]!, new Double(epsilon));
  },
};
