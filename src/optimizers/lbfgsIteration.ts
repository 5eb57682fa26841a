import { BEGUN, DIRECTION, GRADIENT, INVERSES, type Lbfgs, LOSS, NEXT, PAIRS, START, STEPS } from "./lbfgs.ts";
import { lineSearch, type Point } from "./lineSearch.ts";
import { type Iteration, type Problem, vectorsOf } from "./problem.ts";

/** One iteration: a pair of algorithm 7.5, with the direction of algorithm 7.4. */
export function iterateLbfgs(problem: Problem, { memory, tolerance }: Lbfgs): Iteration {
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
}

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
