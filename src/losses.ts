import { Op } from "../assembly/opcodes.ts";

const KERNELS = {
  meanSquaredError: Op.MeanSquaredError,
  binaryCrossEntropy: Op.BinaryCrossEntropy,
  softmaxCrossEntropy: Op.SoftmaxCrossEntropy,
} as const;

/**
 * What is minimised, a mean over samples.
 * meanSquaredError: mean over outputs of (ŷ − y)², for regression; the prediction is ŷ.
 * binaryCrossEntropy: mean over outputs of −[y log σ(ŷ) + (1 − y) log(1 − σ(ŷ))], from logits ŷ; the prediction is σ(ŷ).
 * softmaxCrossEntropy: −Σ_j y_j log softmax(ŷ)_j, from logits ŷ; the prediction is softmax(ŷ).
 */
export type Loss = keyof typeof KERNELS;

export const LOSSES = Object.keys(KERNELS) as Loss[];

/** The kernel of a loss and its derivative. */
export const lossKernel = (loss: Loss) => KERNELS[loss];
