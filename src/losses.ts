import { Op } from "../assembly/opcodes.ts";
import { activate } from "./activations.ts";
import { checkKnown, describe, fraction, positiveNumber, unexpected } from "./options.ts";
import type { Matrix } from "./plan.ts";
import type { Program } from "./program.ts";

/** A loss with a parameter, as plain data. */
export type ParametricLoss =
  | { readonly type: "huber"; readonly delta: number }
  | { readonly type: "binaryCrossEntropy" | "softmaxCrossEntropy"; readonly smoothing: number };

/** What the facade knows of a loss. */
interface Kind {
  readonly kernel: Op;
  /** What makes a prediction of the logits. */
  readonly link: "identity" | "sigmoid" | "softmax" | "exponential";
  /** Labels of a row: one of m classes; 0 or 1 for each output; or none that the loss has a place for. */
  readonly labels: "one" | "each" | "none";
  /** What targets may be. */
  readonly targets: "any" | "fraction" | "probabilities" | "nonNegative" | "binary";
}

const KINDS = {
  meanSquaredError: { kernel: Op.MeanSquaredError, link: "identity", labels: "none", targets: "any" },
  meanAbsoluteError: { kernel: Op.MeanAbsoluteError, link: "identity", labels: "none", targets: "any" },
  huber: { kernel: Op.Huber, link: "identity", labels: "none", targets: "any" },
  poisson: { kernel: Op.Poisson, link: "exponential", labels: "none", targets: "nonNegative" },
  hinge: { kernel: Op.Hinge, link: "identity", labels: "each", targets: "binary" },
  binaryCrossEntropy: { kernel: Op.BinaryCrossEntropy, link: "sigmoid", labels: "each", targets: "fraction" },
  softmaxCrossEntropy: { kernel: Op.SoftmaxCrossEntropy, link: "softmax", labels: "one", targets: "probabilities" },
} as const satisfies Record<string, Kind>;

/**
 * What is minimised, a mean over samples; ŷ are the outputs of the last layer, y the targets.
 * meanSquaredError: mean over outputs of (ŷ − y)², for regression.
 * meanAbsoluteError: mean over outputs of |ŷ − y|; the derivative at 0 is taken as 0.
 * huber: mean over outputs of ½d² for |d| = |ŷ − y| ≤ 1, else |d| − ½ (Huber 1964, PyTorch's HuberLoss); `huber(delta)` for another δ.
 * poisson: mean over outputs of e^ŷ − y·ŷ, for counts y ≥ 0; the prediction is e^ŷ (PyTorch's PoissonNLLLoss with log_input).
 * hinge: mean over outputs of max(0, 1 − t·ŷ), t = 2y − 1, for labels 0 and 1; the prediction is ŷ, the label 1 for ŷ ≥ 0.
 * binaryCrossEntropy: mean over outputs of −[y log σ(ŷ) + (1 − y) log(1 − σ(ŷ))], from logits ŷ; the prediction is σ(ŷ).
 * softmaxCrossEntropy: −Σ_j y_j log softmax(ŷ)_j, from logits ŷ; the prediction is softmax(ŷ).
 */
export type Loss = keyof typeof KINDS | ParametricLoss;

const LOSSES = Object.keys(KINDS) as (keyof typeof KINDS)[];

/**
 * Huber's loss: mean over outputs of ½d² for |d| ≤ δ, else δ(|d| − ½δ), d = ŷ − y, δ above 0 (Huber 1964; PyTorch's HuberLoss).
 * @example await Network.create({ inputs: 4, layers: [dense(1)], loss: huber(0.5) })
 */
export const huber = (delta = 1): Loss =>
  Object.freeze({ type: "huber", delta: positiveNumber("huber", "delta", delta) });

/**
 * Cross-entropy of logits and labels 0 and 1, with label smoothing ε in [0, 1): y becomes y(1 − ε) + ε/2, as in Keras
 * (Szegedy et al., "Rethinking the inception architecture", 2016). Without options the same as "binaryCrossEntropy".
 * @example await Network.create({ inputs: 4, layers: [dense(1)], loss: binaryCrossEntropy({ smoothing: 0.1 }) })
 */
export const binaryCrossEntropy = (options: { smoothing?: number } = {}): Loss =>
  smoothed("binaryCrossEntropy", options);

/**
 * Cross-entropy of logits and m classes, with label smoothing ε in [0, 1): y becomes y(1 − ε) + ε/m (Szegedy et al. 2016; the
 * same in Keras and PyTorch). Without options the same as "softmaxCrossEntropy".
 * @example await Network.create({ inputs: 4, layers: [dense(3)], loss: softmaxCrossEntropy({ smoothing: 0.1 }) })
 */
export const softmaxCrossEntropy = (options: { smoothing?: number } = {}): Loss =>
  smoothed("softmaxCrossEntropy", options);

function smoothed(type: "binaryCrossEntropy" | "softmaxCrossEntropy", options: { smoothing?: number }): Loss {
  checkKnown(type, options, ["smoothing"]);
  const { smoothing = 0 } = options;
  return Object.freeze({ type, smoothing: fraction(type, "smoothing", smoothing) });
}

/** Checks a value that should be a loss, from a caller or from a file. @throws TypeError, RangeError */
export function checkLoss(where: string, loss: unknown): Loss {
  if (typeof loss === "string" && /^(zero-?one|0-?1)/i.test(loss)) {
    throw new RangeError(
      `${where}: loss is ${describe(loss)}, which has no useful gradient to train by; ` +
        "train with softmaxCrossEntropy or binaryCrossEntropy and read zeroOneLoss from evaluate",
    );
  }
  if (typeof loss === "string" && Object.hasOwn(KINDS, loss)) return loss as keyof typeof KINDS;
  const given = Object(loss) as Record<string, unknown>;
  const type = given.type as string;
  if (typeof type === "string" && Object.hasOwn(KINDS, type)) {
    if ("smoothing" in given && KINDS[type as keyof typeof KINDS].labels !== "none" && type !== "hinge") {
      checkKnown(`${where}: loss`, given, ["type", "smoothing"]);
      return smoothed(type as "binaryCrossEntropy", { smoothing: given.smoothing as number });
    }
    if ("smoothing" in given) {
      throw new RangeError(
        `${where}: loss ${type} has smoothing ${describe(given.smoothing)}, which only binaryCrossEntropy and softmaxCrossEntropy have`,
      );
    }
    checkKnown(`${where}: loss`, given, type === "huber" ? ["type", "delta"] : ["type"]);
    return type === "huber" ? huber(given.delta as number) : (type as keyof typeof KINDS);
  }
  throw unexpected(`${where}: loss`, loss, `one of ${LOSSES.map(describe).join(", ")}`, "string");
}

/** A loss's name. */
export const lossName = (loss: Loss) => (typeof loss === "string" ? loss : loss.type);

/** What the facade knows of a loss. */
export const lossKind = (loss: Loss): Kind => KINDS[lossName(loss)];

/** The kernel's parameter: Huber's δ. */
export const lossParameter = (loss: Loss): number =>
  lossName(loss) === "huber" ? (typeof loss === "object" && "delta" in loss ? loss.delta : 1) : 0;

/** Label smoothing of `outputs` outputs: targets y become scale·y + offset. */
export function smoothing(loss: Loss, outputs: number): { scale: number; offset: number } {
  const part = typeof loss === "object" && "smoothing" in loss ? loss.smoothing : 0;
  return { scale: 1 - part, offset: part / (lossKind(loss).labels === "one" ? outputs : 2) };
}

/** The prediction: the link that the loss puts on the logits. */
export function link(program: Program, loss: Loss, logits: Matrix): Matrix {
  const { link } = lossKind(loss);
  if (link !== "exponential") return activate(program, link, logits);
  const a = program.scratch(logits.shape);
  program.add(Op.Exponential, a, logits, logits.rowBytes);
  return a;
}
