import { Op } from "../../assembly/opcodes.ts";
import { fraction, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import { type CommonOptions, checkCommon } from "./common.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `adadelta`. */
export interface AdadeltaOptions extends CommonOptions {
  /** ρ in [0, 1); default 0.9. Keras's is 0.95. */
  readonly rho: number;
  /** ε, a positive finite number; default 1e-6. Keras's is 1e-7. */
  readonly epsilon: number;
}

/** Adadelta, as plain data. */
export interface Adadelta extends AdadeltaOptions {
  readonly type: "adadelta";
}

/**
 * Adadelta: v ← ρv + (1 − ρ)g², d = √(u + ε)/√(v + ε)·g, u ← ρu + (1 − ρ)d², w ← w − η d (Zeiler, "ADADELTA: an adaptive learning
 * rate method", 2012, algorithm 1, whose η is 1).
 * @param options.learningRate default 1; Keras's is 0.001
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: adadelta(), epochs: 10 })
 */
export const adadelta = (options: Partial<AdadeltaOptions> = {}): Adadelta => checkAdadelta("adadelta", options);

function checkAdadelta(where: string, options: Partial<AdadeltaOptions>): Adadelta {
  const common = checkCommon(where, options, ["rho", "epsilon"], 1);
  const { rho = 0.9, epsilon = 1e-6 } = options;
  return Object.freeze({
    type: "adadelta",
    ...common,
    rho: fraction(where, "rho", rho),
    epsilon: positiveNumber(where, "epsilon", epsilon),
  });
}

export const adadeltaKind: OptimizerKind<Adadelta> = {
  check: (where, { type, ...options }) => checkAdadelta(where, options),
  slots: () => [0, 0],
  update(program, { rho, epsilon }, run) {
    const [square, delta] = run.slots;
    program.add(Op.Adadelta, ...head(run), square!, delta!, new Double(rho), new Double(epsilon));
  },
};
