import { Op } from "../../assembly/opcodes.ts";
import { boolean, fraction, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import { type CommonOptions, checkCommon } from "./common.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `adam` and `adamw`. */
export interface AdamOptions extends CommonOptions {
  /** β₁ in [0, 1); default 0.9. */
  readonly beta1: number;
  /** β₂ in [0, 1); default 0.999. */
  readonly beta2: number;
  /** ε, a positive finite number; default 1e-8. */
  readonly epsilon: number;
  /** Whether v is replaced by the largest v so far; default false. */
  readonly amsgrad?: boolean;
}

/** Adam, as plain data. */
export interface Adam extends AdamOptions {
  readonly type: "adam";
}

/**
 * Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η (m/c₁) / (√(v/c₂) + ε) with c = 1 − β^t
 * (Kingma & Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1). ε stands beside the corrected √v, as in
 * PyTorch; Keras puts it beside the uncorrected one. With `amsgrad` the largest v so far is corrected in its place (Reddi, Kale & Kumar,
 * "On the convergence of Adam and beyond", 2018, in PyTorch's order). The moments belong to this object and the network together: a
 * later `fit` with the same object goes on with them, a new object begins anew, and `save` leaves them out.
 * @param options.learningRate default 0.001
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: adam({ learningRate: 0.01 }), epochs: 10 })
 */
export const adam = (options: Partial<AdamOptions> = {}): Adam => checkAdam("adam", options);

/**
 * Adam with decoupled weight decay: w ← w·(1 − ηλ), then Adam's update (Loshchilov & Hutter, "Decoupled weight decay
 * regularization", 2019): the same as `adam({ weightDecay, decoupled: true })`.
 * @param options.learningRate default 0.001
 * @param options.weightDecay λ, default 0.01 as in PyTorch (Keras: 0.004)
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: adamw({ weightDecay: 0.05 }), epochs: 10 })
 */
export const adamw = (options: Partial<Omit<AdamOptions, "decoupled">> = {}): Adam => {
  const where = "adamw";
  checkAdam(where, options);
  if ("decoupled" in options) throw new TypeError(`${where}: decoupled is given, expected none: the decay always is`);
  const { weightDecay = 0.01 } = options;
  return checkAdam(where, { ...options, weightDecay, decoupled: true });
};

function checkAdam(where: string, options: Partial<AdamOptions>): Adam {
  const common = checkCommon(where, options, ["beta1", "beta2", "epsilon", "amsgrad"], 0.001);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
  return Object.freeze({
    type: "adam",
    ...common,
    beta1: fraction(where, "beta1", beta1),
    beta2: fraction(where, "beta2", beta2),
    epsilon: positiveNumber(where, "epsilon", epsilon),
    ...(boolean(where, "amsgrad", amsgrad) ? { amsgrad } : {}),
  });
}

export const adamKind: OptimizerKind<Adam> = {
  check: (where, { type, ...options }) => checkAdam(where, options),
  slots: ({ amsgrad }) => (amsgrad ? [0, 0, 0] : [0, 0]),
  counts: true,
  update(program, { beta1, beta2, epsilon }, run) {
    const [m, v, most] = run.slots;
    const constants = [beta1, beta2, epsilon].map((value) => new Double(value));
    program.add(Op.Adam, ...head(run), m!, v!, most ?? 0, ...constants);
  },
};
