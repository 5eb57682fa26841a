import { checkKnown, positiveNumber } from "../options.ts";
import { iterations } from "./apart.ts";
import type { FullBatchMethod, LeastSquares } from "./problem.ts";

/** Levenberg–Marquardt, as plain data. */
export interface LevenbergMarquardt {
  readonly type: "levenbergMarquardt";
  readonly damping: number;
  readonly tolerance: number;
}

/**
 * Levenberg–Marquardt, for mean squared errors over all rows at once: w ← w − (JᵀJ + μI)⁻¹ Jᵀr, J the Jacobian of the
 * residuals r = ŷ − y (Levenberg 1944; Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963; for
 * networks Hagan & Menhaj, "Training feedforward networks with the Marquardt algorithm", 1994). A step that does not lower the
 * loss is not taken: μ ← 10μ, and again; after one that does, μ ← μ/3. An iteration is one such step. The first μ is
 * damping · max JᵀJ (Madsen, Nielsen & Tingleff, "Methods for non-linear least squares problems", 2004), so that it does not depend
 * on how many rows there are.
 *
 * Two departures, measured on 2,000 starts on Higham & Higham's ten points: μ/3 instead of μ/10 (all starts reach a cost of 1e-6, instead
 * of all but 9), and μI instead of Marquardt's μ·diag(JᵀJ) (13 % of the starts; 26 % with the largest diagonal so far).
 *
 * For networks in f64 with `meanSquaredError` and at most 1,500 parameters, without penalties, largest norms, dropout, sample weights
 * and `batchNorm` that is trained. One epoch is one iteration over all rows; `fit` ends early where no step lowers the loss.
 * @param options.damping the first μ by the largest element of JᵀJ, a positive finite number; default 0.1
 * @param options.tolerance ends where no element of the loss's gradient is larger, a positive finite number; default 1e-10
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: levenbergMarquardt(), epochs: 100 })
 */
export const levenbergMarquardt = (options: Partial<Omit<LevenbergMarquardt, "type">> = {}): LevenbergMarquardt =>
  checkLevenbergMarquardt("levenbergMarquardt", options);

function checkLevenbergMarquardt(
  where: string,
  options: Partial<Omit<LevenbergMarquardt, "type">>,
): LevenbergMarquardt {
  checkKnown(where, options, ["damping", "tolerance"]);
  const { damping = 0.1, tolerance = 1e-10 } = options;
  return Object.freeze({
    type: "levenbergMarquardt",
    damping: positiveNumber(where, "damping", damping),
    tolerance: positiveNumber(where, "tolerance", tolerance),
  });
}

/** Parameters at most: 18 MB of JᵀJ, some 50 ms to factor it. */
export const MOST_PARAMETERS = 1500;

/** Bytes of JᵀJ, for vectors of so many bytes. */
export const normalBytes = (bytes: number) => (bytes * bytes) / 8;

/** Bytes of the workspace of `accumulateNormal` for so many rows of J at a time, each as long as a vector. */
export const normalWorkspaceBytes = (rows: number, bytes: number) => Math.min(rows, 256) * (bytes + 16 * 8);

/** The place of the number. */
export const MU = 1;

export const levenbergMarquardtMethod: FullBatchMethod<LevenbergMarquardt, LeastSquares> = {
  check: (where, { type, ...options }) => checkLevenbergMarquardt(where, options),
  /** Where the iteration began, the step, and the diagonal of the factor. */
  slots: () => 3,
  /** μ; nothing of it depends on the parameters or the rows. */
  numbers: () => MU + 1,

  iterate: (problem, optimizer) => iterations().iterateLevenbergMarquardt(problem, optimizer),
};
