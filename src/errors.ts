/**
 * The loss or a parameter became infinite or NaN. The network is back at the end of the last whole epoch; where the loss had
 * grown before (`network.history`), what that epoch left is of no use, and a new network the better start.
 */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  /** The step that failed; the count belongs to the network and goes on from one `fit` to the next. */
  readonly step: number;
  /** The epoch in progress, the network's first being 1. */
  readonly epoch: number;
  /** The learning rate of the step; undefined where the optimizer has none. */
  readonly learningRate: number | undefined;
  /** The mean loss of the epoch up to the step; it can be finite where only a gradient was not. */
  readonly loss: number;

  /** The first layer with a parameter, a statistic or a gradient that is not finite, from 0; undefined where it is the loss alone. */
  readonly layer: number | undefined;
  /** The likeliest cause and what to do, judged by the features and by how the loss went. */
  readonly likely: string;

  constructor(facts: Pick<DivergedError, "step" | "epoch" | "learningRate" | "loss" | "layer" | "likely">) {
    const { step, epoch, learningRate, loss, layer, likely } = facts;
    const back = epoch > 1 ? `back at the end of epoch ${epoch - 1}` : "as it was before epoch 1";
    const rate = learningRate === undefined ? "" : ` learning rate ${learningRate},`;
    const first = layer === undefined ? "" : `, first in layer ${layer}`;
    super(
      `Cannot train: diverged at step ${step}, epoch ${epoch},${rate} loss ${loss}${first}; ` +
        `the network is ${back}; ${likely}`,
    );
    this.step = step;
    this.epoch = epoch;
    this.learningRate = learningRate;
    this.loss = loss;
    this.layer = layer;
    this.likely = likely;
  }
}

/** A file is not what it should be; the message says where and why. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** An action at the wrong time: `fit` during `fit`, any use after `dispose`. */
export class StateError extends Error {
  override readonly name = "StateError";
}
