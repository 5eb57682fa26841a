import { Op } from "../../assembly/opcodes.ts";
import { boolean, fraction } from "../options.ts";
import { Double } from "../program.ts";
import { type CommonOptions, checkCommon } from "./common.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions extends CommonOptions {
  /** μ in [0, 1); default 0. */
  readonly momentum?: number;
  /** Whether the step looks ahead: w ← w − η(g + μv); needs a momentum. Default false. */
  readonly nesterov?: boolean;
}

/** Gradient descent, as plain data. */
export interface Sgd extends SgdOptions {
  readonly type: "sgd";
}

/**
 * Stochastic gradient descent: w ← w − η·g, g the mean gradient of the batch (Gill & Gill GD3, DL7; Higham & Higham eq. 4.5).
 * With a momentum v ← μv + g, w ← w − η·v, and Nesterov's w ← w − η(g + μv) (Sutskever et al., "On the importance of initialization
 * and momentum in deep learning", 2013, in PyTorch's form: the rate stands outside v; Keras has it inside, which differs where the
 * rate changes).
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), epochs: 10 })
 */
export const sgd = (options: SgdOptions): Sgd => checkSgd("sgd", options);

function checkSgd(where: string, options: SgdOptions): Sgd {
  const common = checkCommon(where, options, ["momentum", "nesterov"]);
  const { momentum = 0, nesterov = false } = options;
  fraction(where, "momentum", momentum);
  if (boolean(where, "nesterov", nesterov) && momentum === 0) {
    throw new RangeError(`${where}: nesterov is true and momentum is 0, expected a momentum in (0, 1)`);
  }
  return Object.freeze({
    type: "sgd",
    ...common,
    ...(momentum > 0 ? { momentum } : {}),
    ...(nesterov ? { nesterov } : {}),
  });
}

export const sgdKind: OptimizerKind<Sgd> = {
  check: (where, { type, ...options }) => checkSgd(where, options),
  slots: ({ momentum }) => (momentum ? [0] : []),
  descends: ({ momentum }) => !momentum,
  update(program, { momentum = 0, nesterov = false }, run) {
    if (momentum === 0) program.add(Op.Descend, ...head(run));
    else program.add(Op.Momentum, ...head(run), run.slots[0]!, new Double(momentum), Number(nesterov));
  },
};
