import { checkKnown, positiveInteger, positiveNumber } from "../options.ts";
import { iterations } from "./apart.ts";
import type { FullBatchMethod } from "./problem.ts";

/** L-BFGS, as plain data. */
export interface Lbfgs {
  readonly type: "lbfgs";
  readonly memory: number;
  readonly tolerance: number;
}

/**
 * L-BFGS over all rows at once: w ← w − α·H·g, where H, an approximation of the inverse of the Hessian, is made of the last steps
 * s = w′ − w and changes of the gradient y = g′ − g (Liu & Nocedal, "On the limited memory BFGS method for large scale
 * optimization", 1989; Nocedal & Wright, "Numerical optimization", 2nd ed., 2006, algorithms 7.4 and 7.5), beginning with
 * H₀ = (sᵀy / yᵀy)·I of the last pair (eq. 7.20). α satisfies the strong Wolfe conditions; the first trial is 1, or
 * min(1, 1/‖g‖) along −g. A pair with sᵀy ≤ 2⁻⁵²‖s‖‖y‖ is left out. Where no lower point is found the pairs are dropped and
 * −g is tried; where that fails too, the method is at its end. There is no learning rate, and the loss never rises.
 *
 * One epoch is one iteration over all rows; `fit` ends early where the gradient is within the tolerance or no lower loss is found.
 * Networks with dropout, largest norms or `batchNorm` that is trained are refused.
 * @param options.memory pairs that are kept, a positive integer up to 1000; default 10
 * @param options.tolerance ends where no element of g is larger, a positive finite number; default 1e-10
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: lbfgs(), epochs: 100 })
 */
export const lbfgs = (options: Partial<Omit<Lbfgs, "type">> = {}): Lbfgs => checkLbfgs("lbfgs", options);

function checkLbfgs(where: string, options: Partial<Omit<Lbfgs, "type">>): Lbfgs {
  checkKnown(where, options, ["memory", "tolerance"]);
  const { memory = 10, tolerance = 1e-10 } = options;
  if (positiveInteger(where, "memory", memory) > MOST_PAIRS) {
    throw new RangeError(`${where}: memory is ${memory}, expected a positive integer up to ${MOST_PAIRS}`);
  }
  return Object.freeze({
    type: "lbfgs",
    memory,
    tolerance: positiveNumber(where, "tolerance", tolerance),
  });
}

/** Pairs at most: 3 to 20 are usual (Nocedal & Wright, p. 179), and each takes two vectors as long as the parameters. */
const MOST_PAIRS = 1000;

/** The places of the numbers: whether there is a loss, the loss, how many pairs, the next one's place; 1 / sᵀy of each follow. */
export const BEGUN = 0;
export const LOSS = 1;
export const PAIRS = 2;
export const NEXT = 3;
export const INVERSES = 4;

/** The slots: where the iteration began, the gradient there, the direction; s and y of each pair follow. */
export const START = 0;
export const GRADIENT = 1;
export const DIRECTION = 2;
export const STEPS = 3;

export const lbfgsMethod: FullBatchMethod<Lbfgs> = {
  check: (where, { type, ...options }) => checkLbfgs(where, options),
  slots: ({ memory }) => STEPS + 2 * memory,
  numbers: ({ memory }) => INVERSES + memory,

  iterate: (problem, optimizer) => iterations().iterateLbfgs(problem, optimizer),
};
