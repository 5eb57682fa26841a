import { boolean, checkKnown, nonNegativeInteger, nonNegativeNumber, unexpected } from "./options.ts";

/** When training is stopped before its last epoch, as plain data. */
export interface EarlyStopping {
  /** "validationLoss", "loss", or one of the metrics that `fit` is asked for. */
  readonly monitor: string;
  readonly patience: number;
  readonly minDelta: number;
  readonly restoreBest: boolean;
}

/**
 * Stops when what is monitored has not improved for `patience` epochs in a row (Prechelt, "Early stopping, but when?", 1998; Keras's
 * EarlyStopping).
 * @param options.monitor "validationLoss" (default), "loss", or one of the metrics that `fit` is asked for
 * @param options.patience epochs without improvement that end the training, an integer from 0, which counts as 1; default 0
 * @param options.minDelta what counts as an improvement, a finite number from 0: better by more than this; default 0
 * @param options.restoreBest whether the network goes back to its best epoch, the optimizer's state included; default false
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer, epochs: 100, validationSplit: 0.2, earlyStopping: earlyStopping({ patience: 5 }) })
 */
export function earlyStopping(options: Partial<EarlyStopping> = {}): EarlyStopping {
  const where = "earlyStopping";
  checkKnown(where, options, ["monitor", "patience", "minDelta", "restoreBest"]);
  const { monitor = "validationLoss", patience = 0, minDelta = 0, restoreBest = false } = options;
  if (typeof monitor !== "string") throw unexpected(`${where}: monitor`, monitor, "validationLoss, loss or a metric");
  return Object.freeze({
    monitor,
    patience: nonNegativeInteger(where, "patience", patience),
    minDelta: nonNegativeNumber(where, "minDelta", minDelta),
    restoreBest: boolean(where, "restoreBest", restoreBest),
  });
}

/** How far a call of `fit` is from being stopped: plain data, part of a checkpoint. */
export interface Patience {
  /** The best value so far; undefined before the first. */
  best?: number;
  /** The epoch that had it, as the network counts. */
  epoch: number;
  /** Epochs since then. */
  waited: number;
}

/** Takes in the value of an epoch. Returns whether it is the best so far, and whether training should stop. */
export function judge(
  { patience, minDelta }: EarlyStopping,
  state: Patience,
  epoch: number,
  value: number,
  larger: boolean,
): { best: boolean; stop: boolean } {
  const { best } = state;
  // NaN is never the best: nothing would be better than it.
  const improved = best === undefined ? !Number.isNaN(value) : (larger ? value - best : best - value) > minDelta;
  if (improved) {
    Object.assign(state, { best: value, epoch, waited: 0 });
    return { best: true, stop: false };
  }
  state.waited += 1;
  return { best: false, stop: state.waited >= Math.max(1, patience) };
}
