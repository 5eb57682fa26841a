/** Why training ended. */
export type Stopped =
  | "epochs"
  | "earlyStopping"
  | "callback"
  | "converged"
  | "break"
  | "abort"
  | "error"
  | "divergence";

/** What one call of `fit` or `train` did: a number for each whole epoch in every list. */
export interface History {
  /**
   * The mean loss over the samples as they were trained, penalties included, in the units of scaled targets: before each step's update. `lbfgs` and
   * `levenbergMarquardt` give the loss after theirs, and end before the last epoch where they find no lower loss: the lists are shorter.
   */
  loss: number[];
  /** The mean loss over the validation rows after the epoch; only where there are any. */
  validationLoss?: number[];
  /** Each metric that was asked for, over the validation rows after the epoch, or over the training rows where there are none. */
  metrics?: Record<string, number[]>;
  /** The learning rate of the epoch's last step; NaN for optimizers without one. */
  learningRate: number[];
  /** Seconds that the epoch took; NaN for those before a checkpoint. Not enumerable: two equal runs have equal histories. */
  readonly seconds: number[];
  /** Why it ended; undefined as long as it has not. */
  stopped?: Stopped;
}

/** What an epoch came to. */
export interface EpochResult {
  readonly loss: number;
  readonly validationLoss?: number | undefined;
  readonly metrics?: Readonly<Record<string, number>> | undefined;
  readonly learningRate: number;
  readonly seconds: number;
}

/** A history with copies of these lists; without any, of no epoch. */
export function historyOf({ loss = [], learningRate = [], seconds = [], ...rest }: Partial<History> = {}): History {
  const { validationLoss, metrics, stopped } = rest;
  const copy = {
    loss: [...loss],
    ...(validationLoss && { validationLoss: [...validationLoss] }),
    ...(metrics && { metrics: Object.fromEntries(Object.entries(metrics).map(([name, list]) => [name, [...list]])) }),
    learningRate: [...learningRate],
    ...(stopped && { stopped }),
  };
  return Object.defineProperty(copy as unknown as History, "seconds", { value: [...seconds] });
}

/** Appends an epoch. */
export function append(
  history: History,
  { loss, validationLoss, metrics, learningRate }: Omit<EpochResult, "seconds">,
  seconds: number,
): void {
  history.loss.push(loss);
  history.learningRate.push(learningRate);
  history.seconds.push(seconds);
  if (validationLoss !== undefined) {
    history.validationLoss ??= [];
    history.validationLoss.push(validationLoss);
  }
  if (!metrics) return;
  history.metrics ??= {};
  for (const [name, value] of Object.entries(metrics)) {
    history.metrics[name] ??= [];
    history.metrics[name].push(value);
  }
}
