import type { Core } from "../module.ts";

/** What a method over all rows works on: vectors in linear memory, as long as the parameters, whose padding is 0. */
export interface Problem {
  readonly core: Core;
  /** Bytes of a number. */
  readonly size: 4 | 8;
  /** Bytes of each vector: whole 16-byte vectors. */
  readonly bytes: number;
  /** Address of the parameters. */
  readonly parameters: number;
  /** Address of the gradient of the loss, as `lossAndGradient` leaves it. */
  readonly gradient: number;
  /** Addresses of the vectors that the method keeps from iteration to iteration. */
  readonly slots: readonly number[];
  /** Numbers that it keeps, all 0 at first. The first is set to 0 where the parameters or the rows may be others than it left. */
  readonly numbers: Float64Array;
  /** The mean loss at the parameters as they stand, and its gradient; neither need be finite. */
  lossAndGradient(): number;
}

/** A problem of least squares, in f64: its loss is Σ r² / residuals. */
export interface LeastSquares extends Problem {
  readonly size: 8;
  /** What the sum of squares is divided by: samples times outputs. */
  readonly residuals: number;
  /** Address of JᵀJ, [n][n] for the n numbers of a vector, padding included, J_pi = ∂r_p/∂w_i (`assembly/factorisation.ts`). */
  readonly normal: number;
  /** Address of Jᵀr, a vector. */
  readonly projection: number;
  /** JᵀJ and Jᵀr at the parameters as they stand, each summed from 0; returns the loss, the same bits as `loss`. */
  normalEquations(): number;
  /** The loss alone. */
  loss(): number;
}

/** What an iteration came to. */
export interface Iteration {
  /** At the parameters as the iteration leaves them; not finite only where it was so at the start. */
  readonly loss: number;
  /**
   * The largest magnitude in the gradient: there (L-BFGS), or where the iteration began (Levenberg–Marquardt). Not finite where it, or
   * JᵀJ, is not.
   */
  readonly gradientNorm: number;
  /** Whether the gradient is within the tolerance. */
  readonly converged: boolean;
  /** Whether the parameters changed, to a lower loss. If not, nor will they in another iteration. */
  readonly moved: boolean;
  /** How often the loss was computed, with its derivatives or without. */
  readonly evaluations: number;
}

/** A method over all rows; `O` is its plain description. What it remembers lies in slots and numbers. */
export interface FullBatchMethod<O, P extends Problem = Problem> {
  /** The description as the method's own function makes it, with every default. Throws where there is none such. */
  check(where: string, optimizer: O): object;
  slots(optimizer: O): number;
  numbers(optimizer: O): number;
  iterate(problem: P, optimizer: O): Iteration;
}

/** The core's operations on the vectors of a problem. */
export function vectorsOf({ core, size, bytes }: Problem) {
  return {
    dot: (a: number, b: number) => core.dot(size, a, b, bytes),
    /** out ← y + α·x */
    axpy: (out: number, y: number, alpha: number, x: number) => core.axpy(size, out, y, alpha, x, bytes),
    /** out ← α·x */
    scale: (out: number, alpha: number, x: number) => core.scale(size, out, alpha, x, bytes),
    copy: (out: number, x: number) => core.scale(size, out, 1, x, bytes),
    largest: (x: number) => core.largest(size, x, bytes),
  };
}
