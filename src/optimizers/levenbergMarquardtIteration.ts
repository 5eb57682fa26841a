import { type LevenbergMarquardt, MU, normalBytes } from "./levenbergMarquardt.ts";
import { type Iteration, type LeastSquares, vectorsOf } from "./problem.ts";

const RAISED = 10;
const LOWERED = 3;
/**
 * μ at least, by the largest element of JᵀJ: where the scales of the parameters differ, far below what rounding leaves of that
 * element. In 30 trials it rises to 10¹⁰ of it, where hardly a step is left.
 */
const LEAST = 1e-20;
const TRIALS = 30;

/** One iteration: a step that lowers the loss, or none. */
export function iterateLevenbergMarquardt(
  problem: LeastSquares,
  { damping, tolerance }: LevenbergMarquardt,
): Iteration {
  const { core, bytes, parameters, slots, numbers, normal, projection, residuals } = problem;
  const { axpy, copy, largest } = vectorsOf(problem);
  const [start, step, diagonal] = slots as [number, number, number];
  const n = bytes / 8;
  const loss = problem.normalEquations();
  // ∇F = 2/residuals · Jᵀr
  const gradientNorm = (2 / residuals) * largest(projection);
  const result = { loss, gradientNorm, converged: gradientNorm <= tolerance, moved: false, evaluations: 1 };
  // Of a matrix without negative eigenvalues: on the diagonal.
  const top = core.largest(8, normal, normalBytes(bytes));
  if (!Number.isFinite(top)) return { ...result, gradientNorm: Number.NaN, converged: false };
  if (result.converged || !Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return result;

  copy(start, parameters);
  let mu = numbers[MU] === 0 ? damping * top : numbers[MU]!;
  let evaluations = 1;
  for (let trial = 0; trial < TRIALS; trial++) {
    mu = Math.max(mu, LEAST * top);
    if (core.cholesky(normal, diagonal, n, mu)) {
      copy(step, projection);
      core.solveCholesky(step, normal, diagonal, n);
      axpy(parameters, start, -1, step);
      if (Number.isFinite(largest(parameters))) {
        evaluations += 1;
        const lower = problem.loss();
        if (lower < loss) {
          numbers[MU] = mu / LOWERED;
          return { ...result, loss: lower, moved: true, evaluations };
        }
      }
    }
    mu *= RAISED;
  }
  copy(parameters, start);
  return { ...result, evaluations };
}
