import { boolean, checkKnown, nonNegativeNumber, positiveNumber } from "../options.ts";
import { checkRate, type LearningRate } from "../schedules/index.ts";

/** Options that every optimizer of first order has. */
export interface CommonOptions {
  /** η: a positive finite number, or a schedule such as `cosine(…)`. */
  readonly learningRate: LearningRate;
  /**
   * λ, a finite number from 0; default 0. Added to the gradient as λ·w, after clipping (PyTorch, MatConvNet), of weights and biases
   * alike; the loss does not show it.
   */
  readonly weightDecay?: number;
  /** Whether the decay is apart from the gradient: w ← w·(1 − ηλ) before the update (Loshchilov & Hutter 2019; Keras); default false. */
  readonly decoupled?: boolean;
  /** The gradient's elements are cut to ± this. At most one of the three ways of clipping can be chosen. */
  readonly clipValue?: number;
  /** The gradient of each block of weights or biases is scaled down to this Euclidean norm where it is longer (Keras's clipnorm). */
  readonly clipNorm?: number;
  /**
   * The gradient of all trained parameters together is scaled down to this Euclidean norm where it is longer
   * (Pascanu et al. 2013; PyTorch's clip_grad_norm_ without its 1e-6, Keras's global_clipnorm).
   */
  readonly clipGlobalNorm?: number;
}

const KNOWN = ["learningRate", "weightDecay", "decoupled", "clipValue", "clipNorm", "clipGlobalNorm"] as const;
const CLIPS = ["clipValue", "clipNorm", "clipGlobalNorm"] as const;

/**
 * Checks the common options, and that there are no others but the optimizer's `own`. Returns the common ones as plain data, those
 * that are left at their default left out.
 */
export function checkCommon(
  where: string,
  options: Partial<CommonOptions>,
  own: readonly string[],
  defaultRate?: number,
): CommonOptions {
  checkKnown(where, options, [...KNOWN, ...own]);
  const { learningRate, weightDecay = 0, decoupled = false } = options;
  const rate = checkRate(where, learningRate ?? defaultRate);
  nonNegativeNumber(where, "weightDecay", weightDecay);
  boolean(where, "decoupled", decoupled);
  const clips = CLIPS.filter((name) => options[name] !== undefined);
  for (const name of clips) positiveNumber(where, name, options[name]);
  if (clips.length > 1) {
    const given = clips.map((name) => `${name} ${options[name]}`).join(" and ");
    throw new RangeError(`${where}: ${given} are given, expected at most one of ${CLIPS.join(", ")}`);
  }
  return {
    learningRate: rate,
    ...(weightDecay > 0 ? { weightDecay } : {}),
    ...(decoupled ? { decoupled } : {}),
    ...Object.fromEntries(clips.map((name) => [name, options[name]])),
  };
}
