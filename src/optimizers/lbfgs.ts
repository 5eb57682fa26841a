import { checkKnown, positiveInteger, positiveNumber } from "../options.ts";
import { lineSearch, type Point } from "./lineSearch.ts";
import { type FullBatchMethod, type Iteration, type Problem, vectorsOf } from "./problem.ts";

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
const BEGUN = 0;
const LOSS = 1;
const PAIRS = 2;
const NEXT = 3;
const INVERSES = 4;

/** The slots: where the iteration began, the gradient there, the direction; s and y of each pair follow. */
const START = 0;
const GRADIENT = 1;
const DIRECTION = 2;
const STEPS = 3;

export const lbfgsMethod: FullBatchMethod<Lbfgs> = {
  check: (where, { type, ...options }) => checkLbfgs(where, options),
  slots: ({ memory }) => STEPS + 2 * memory,
  numbers: ({ memory }) => INVERSES + memory,

  iterate(problem, { memory, tolerance }) {
    const { parameters, gradient, slots, numbers } = problem;
    const { dot, axpy, copy, largest } = vectorsOf(problem);
    const [start, startGradient, direction] = [slots[START]!, slots[GRADIENT]!, slots[DIRECTION]!];
    let evaluations = 0;
    const result = (loss: number, gradientNorm: number, moved: boolean): Iteration => {
      return { loss, gradientNorm, converged: gradientNorm <= tolerance, moved, evaluations };
    };

    if (numbers[BEGUN] === 0) {
      const loss = problem.lossAndGradient();
      const norm = largest(gradient);
      evaluations = 1;
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) return result(loss, norm, false);
      numbers.set([1, loss], BEGUN);
      copy(startGradient, gradient);
    }
    const loss = numbers[LOSS]!;
    const norm = largest(startGradient);
    if (norm <= tolerance) return result(loss, norm, false);

    copy(start, parameters);
    const trial = (step: number): Point => {
      axpy(parameters, start, step, direction);
      if (!Number.isFinite(largest(parameters))) return { step, loss: Infinity, slope: Number.NaN };
      evaluations += 1;
      return { step, loss: problem.lossAndGradient(), slope: dot(gradient, direction) };
    };
    for (;;) {
      setDirection(problem, memory);
      const slope = dot(startGradient, direction);
      const along = numbers[PAIRS] === 0;
      if (slope < 0) {
        const first = along ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
        const found = lineSearch(trial, { step: 0, loss, slope }, first);
        if (found.step > 0) {
          keepPair(problem, memory);
          copy(startGradient, gradient);
          numbers[LOSS] = found.loss;
          return result(found.loss, largest(gradient), true);
        }
      }
      numbers[PAIRS] = 0;
      if (along) break;
    }
    copy(parameters, start);
    return result(loss, norm, false);
  },
};

/** direction ← −H·g: algorithm 7.4, from −g. */
function setDirection(problem: Problem, memory: number): void {
  const { slots, numbers } = problem;
  const { dot, axpy, scale } = vectorsOf(problem);
  const direction = slots[DIRECTION]!;
  const pairs = numbers[PAIRS]!;
  // The places of the pairs, the newest first.
  const places = Array.from({ length: pairs }, (_, age) => (numbers[NEXT]! + memory - 1 - age) % memory);
  scale(direction, -1, slots[GRADIENT]!);
  const alphas = places.map((place) => {
    const alpha = numbers[INVERSES + place]! * dot(slots[STEPS + 2 * place]!, direction);
    axpy(direction, direction, -alpha, slots[STEPS + 2 * place + 1]!);
    return alpha;
  });
  if (pairs > 0) {
    const y = slots[STEPS + 2 * places[0]! + 1]!;
    scale(direction, 1 / (numbers[INVERSES + places[0]!]! * dot(y, y)), direction);
  }
  for (let age = pairs - 1; age >= 0; age--) {
    const place = places[age]!;
    const beta = numbers[INVERSES + place]! * dot(slots[STEPS + 2 * place + 1]!, direction);
    axpy(direction, direction, alphas[age]! - beta, slots[STEPS + 2 * place]!);
  }
}

/** Keeps s and y of the step that was taken in place of the oldest pair, if there is curvature along it. */
function keepPair(problem: Problem, memory: number): void {
  const { parameters, gradient, slots, numbers } = problem;
  const { dot, axpy, copy } = vectorsOf(problem);
  // Where the iteration began and the direction have served: they make room for s and y.
  const [s, y] = [slots[START]!, slots[DIRECTION]!];
  axpy(s, parameters, -1, slots[START]!);
  axpy(y, gradient, -1, slots[GRADIENT]!);
  const curvature = dot(s, y);
  const least = Number.EPSILON * Math.sqrt(dot(s, s)) * Math.sqrt(dot(y, y));
  if (!(curvature > least && Number.isFinite(1 / curvature))) return;
  const place = numbers[NEXT]!;
  copy(slots[STEPS + 2 * place]!, s);
  copy(slots[STEPS + 2 * place + 1]!, y);
  numbers[INVERSES + place] = 1 / curvature;
  numbers[NEXT] = (place + 1) % memory;
  numbers[PAIRS] = Math.min(numbers[PAIRS]! + 1, memory);
}
