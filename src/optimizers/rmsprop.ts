import { Op } from "../../assembly/opcodes.ts";
import { boolean, fraction, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import { type CommonOptions, checkCommon } from "./common.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends CommonOptions {
  /** ρ in [0, 1); default 0.99. Keras's is 0.9. */
  readonly rho: number;
  /** ε, a positive finite number; default 1e-8. Keras's is 1e-7. */
  readonly epsilon: number;
  /** μ in [0, 1); default 0. */
  readonly momentum?: number;
  /** Whether the squares are taken around the mean gradient; default false. */
  readonly centered?: boolean;
}

/** RMSprop, as plain data. */
export interface Rmsprop extends RmspropOptions {
  readonly type: "rmsprop";
}

/**
 * RMSprop: v ← ρv + (1 − ρ)g², w ← w − η g / (√v + ε); centred, m ← ρm + (1 − ρ)g and √(v − m²) in the place of √v; with a
 * momentum, b ← μb + g / (√v + ε), w ← w − η b (Tieleman & Hinton, lecture 6.5, 2012; Graves, "Generating sequences with recurrent
 * neural networks", 2013). ε stands beside the root as in PyTorch; Keras has it inside.
 * @param options.learningRate default 0.01; Keras's is 0.001
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: rmsprop({ learningRate: 0.001, rho: 0.9 }), epochs: 10 })
 */
export const rmsprop = (options: Partial<RmspropOptions> = {}): Rmsprop => checkRmsprop("rmsprop", options);

function checkRmsprop(where: string, options: Partial<RmspropOptions>): Rmsprop {
  const common = checkCommon(where, options, ["rho", "epsilon", "momentum", "centered"], 0.01);
  const { rho = 0.99, epsilon = 1e-8, momentum = 0, centered = false } = options;
  fraction(where, "momentum", momentum);
  return Object.freeze({
    type: "rmsprop",
    ...common,
    rho: fraction(where, "rho", rho),
    epsilon: positiveNumber(where, "epsilon", epsilon),
    ...(momentum > 0 ? { momentum } : {}),
    ...(boolean(where, "centered", centered) ? { centered } : {}),
  });
}

export const rmspropKind: OptimizerKind<Rmsprop> = {
  check: (where, { type, ...options }) => checkRmsprop(where, options),
  slots: ({ momentum, centered }) => [0, ...(centered ? [0] : []), ...(momentum ? [0] : [])],
  update(program, { rho, epsilon, momentum = 0, centered }, run) {
    const [square, ...rest] = run.slots;
    const mean = centered ? rest.shift()! : 0;
    const constants = [rho, epsilon, momentum].map((value) => new Double(value));
    program.add(Op.RmsProp, ...head(run), square!, mean, rest[0] ?? 0, ...constants);
  },
};
