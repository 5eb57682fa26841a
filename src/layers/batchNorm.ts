import { Op } from "../../assembly/opcodes.ts";
import { checkKnown, positiveNumber, unitInterval } from "../options.ts";
import type { Matrix } from "../plan.ts";
import { Double } from "../program.ts";
import type { LayerKind, TrainingOptions } from "./layer.ts";
import { checkTraining, gathered, scaleAndShift, stored } from "./trainingOptions.ts";

/** Batch normalisation as plain data. */
export interface BatchNorm extends TrainingOptions {
  readonly type: "batchNorm";
  readonly momentum: number;
  readonly epsilon: number;
}

/** Options of `batchNorm`. */
export interface BatchNormOptions extends TrainingOptions {
  /** Share of a batch in the running statistics, in (0, 1]; default 0.1. Keras counts the other way round: its 0.99 is 0.01 here. */
  momentum?: number;
  /** Added to the variance, a positive finite number; default 1e-5. */
  epsilon?: number;
}

/**
 * Batch normalisation: A = γ(X − μ)/√(σ² + ε) + β, column by column; γ and β are the layer's `weights` and `biases`. Of images a column
 * is a channel, and each position counts as a row. While the network is trained, μ and σ² are the mean and the (biased) variance of the
 * batch, and the running statistics move towards them, running ← (1 − momentum)·running + momentum·batch with the unbiased variance,
 * batch by batch; everything else uses the running statistics (Ioffe & Szegedy, "Batch normalization", 2015; PyTorch's variant). With
 * `trainable: false` the running statistics are used, and kept, in training too, as in Keras. Each position of an image
 * counts as a row; a batch of one row, which has no variance, is refused.
 * @throws TypeError, RangeError
 * @example [dense(64), batchNorm(), activation("relu"), dense(10)]
 */
export function batchNorm(options: BatchNormOptions = {}): BatchNorm {
  const where = "batchNorm";
  checkKnown(where, options, ["momentum", "epsilon", "trainable", "rates"]);
  const { momentum = 0.1, epsilon = 1e-5 } = options;
  return {
    type: "batchNorm",
    momentum: unitInterval(where, "momentum", momentum),
    epsilon: positiveNumber(where, "epsilon", epsilon),
    ...checkTraining(where, options),
  };
}

export const batchNormKind: LayerKind<BatchNorm> = {
  acrossRows: ({ trainable }) => trainable !== false,

  from: ({ type, ...options }) => batchNorm(options),

  outputs: (_, inputs) => inputs,

  parameters: scaleAndShift,

  statistics: (_, inputs) => [gathered("mean", 0, inputs), gathered("variance", 1, inputs)],

  forward(program, { trainable, epsilon }, x, { parameters: [gamma, beta], statistics, training }) {
    const a = program.scratch(x.shape);
    const { rowBytes, columns } = x;
    if (!training || trainable === false) {
      const workspace = program.workspace(ROWS * rowBytes);
      const args = [a, x, gamma!, beta!, ...statistics, x.positions, rowBytes, workspace];
      program.add(Op.BatchNormApply, ...args, new Double(epsilon));
      return { input: x, z: a, a };
    }
    const [mean, variance, inverse] = [0, 0, 0].map(() => program.scratch(columns, 1)) as [Matrix, Matrix, Matrix];
    const args = [a, x, gamma!, beta!, mean, variance, inverse, columns, x.positions, rowBytes];
    program.add(Op.BatchNormForward, ...args, new Double(epsilon));
    return { input: x, z: a, a, kept: [mean, variance, inverse] };
  },

  backward(program, { epsilon }, { input: x, kept }, da, { parameters: [gamma], statistics }, target, wanted) {
    const dx = wanted ? program.scratch(x.shape) : undefined;
    const { rowBytes, columns } = x;
    const workspace = program.workspace(ROWS * rowBytes);
    const rest = [columns, x.positions, rowBytes, stored(target), workspace];
    if (kept) {
      const [mean, , inverse] = kept;
      program.add(Op.BatchNormBackward, dx ?? 0, da, x, gamma!, mean!, inverse!, ...target.matrices, ...rest);
    } else {
      const args = [dx ?? 0, da, x, gamma!, ...statistics, ...target.matrices, ...rest];
      program.add(Op.BatchNormApplyBackward, ...args, new Double(epsilon));
    }
    return { dz: da, input: dx };
  },

  commit(program, { momentum }, { input, kept }, { statistics, training }) {
    if (!kept) return;
    const [mean, variance] = kept;
    const args = [...statistics, mean!, variance!, mean!.rowBytes, input.positions, training!.cursor];
    program.add(Op.BatchNormCommit, ...args, new Double(momentum));
  },
};

/** Rows of workspace that the kernels need at most. */
const ROWS = 4;
