import { Op } from "../../assembly/opcodes.ts";
import { checkKnown, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import type { LayerKind, TrainingOptions } from "./layer.ts";
import { checkTraining, scaleAndShift, stored } from "./trainingOptions.ts";

/** Layer normalisation as plain data. */
export interface LayerNorm extends TrainingOptions {
  readonly type: "layerNorm";
  readonly epsilon: number;
}

/** Options of `layerNorm`. */
export interface LayerNormOptions extends TrainingOptions {
  /** Added to the variance, a positive finite number; default 1e-5. */
  epsilon?: number;
}

/**
 * Layer normalisation: A = γ(X − μ)/√(σ² + ε) + β, γ and β being `weights` and `biases`, with the mean and the biased variance of each
 * row, or of the channels at each position of an image, in training and prediction alike (Ba, Kiros & Hinton, "Layer normalization", 2016;
 * PyTorch's ε, Keras has 1e-3).
 * @throws TypeError, RangeError
 * @example [dense(64), layerNorm(), activation("relu"), dense(10)]
 */
export function layerNorm(options: LayerNormOptions = {}): LayerNorm {
  const where = "layerNorm";
  checkKnown(where, options, ["epsilon", "trainable", "rates"]);
  const { epsilon = 1e-5 } = options;
  return {
    type: "layerNorm",
    epsilon: positiveNumber(where, "epsilon", epsilon),
    ...checkTraining(where, options),
  };
}

export const layerNormKind: LayerKind<LayerNorm> = {
  from: ({ type, ...options }) => layerNorm(options),

  outputs: (_, inputs) => inputs,

  parameters: scaleAndShift,

  forward(program, { epsilon }, x, { parameters: [gamma, beta] }) {
    const a = program.scratch(x.shape);
    const statistics = program.scratch(2, x.rows);
    const args = [a, x, gamma!, beta!, statistics, x.columns, x.positions, x.rowBytes];
    program.add(Op.LayerNormForward, ...args, new Double(epsilon));
    return { input: x, z: a, a, kept: [statistics] };
  },

  backward(program, _, { input: x, kept }, da, { parameters: [gamma] }, target, wanted) {
    const dx = wanted ? program.scratch(x.shape) : undefined;
    const workspace = program.workspace(2 * x.rowBytes);
    const args = [dx ?? 0, da, x, gamma!, kept![0]!, ...target.matrices, x.columns, x.positions, x.rowBytes];
    program.add(Op.LayerNormBackward, ...args, stored(target), workspace);
    return { dz: da, input: dx };
  },
};
