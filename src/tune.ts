import type { Precision } from "./data.ts";
import { DivergedError } from "./errors.ts";
import type { FitOptions } from "./fit.ts";
import { improves, type Metric } from "./metrics/index.ts";
import { type CoreSource, loadCore } from "./module.ts";
import { Network } from "./network.ts";
import type { Features, TargetValues } from "./results.ts";
import type { Point, Space } from "./space.ts";
import type { Built, TrialResult } from "./trial.ts";

// DL8: choose another architecture or rate.

/** Options of `tune`. */
export interface TuneOptions<S extends Space> {
  x: Features;
  y: TargetValues;
  space: S;
  /** "grid": every combination of the values; or so many points drawn from the seed, of which two may be the same. */
  trials: "grid" | number;
  /** Depends on the point alone. An `earlyStopping` in it monitors what the search does, and restores the best epoch. */
  build: (point: Point<S>) => Built;
  /** Epochs of a trial, a positive integer. */
  epochs: number;
  /** An integer from 0 to 2^53 − 1; default 0. */
  seed?: number | undefined;
  /** "validationLoss" (default), "loss", or a metric. */
  monitor?: "validationLoss" | "loss" | Metric | undefined;
  /** Default 0.2 without `validationData`. */
  validationSplit?: number | undefined;
  validationData?: FitOptions["validationData"];
  /**
   * Successive halving: all trials train for `epochs` epochs; of n the ⌊n / factor⌋ best, at least one, go on to `factor` times as many,
   * and so on up to the epochs of a trial. `factor` is an integer from 2; default 3.
   */
  halving?: { readonly epochs: number; readonly factor?: number | undefined } | undefined;
  /** Whether the best point is trained anew, on all rows of x, for as many epochs as its best value took; default false. */
  refit?: boolean | undefined;
  /** Stops the search after the step in progress; `tune` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** What the points are drawn with, as for `Network.create`, of which it is an option too. */
  core?: CoreSource | undefined;
}

/** What `tune` found. */
export interface TuneResult<S extends Space = Space> {
  /** By id. */
  readonly trials: TrialResult<S>[];
  /** The best of those that trained longest; of equals the first. */
  readonly best: TrialResult<S>;
  /** After the best epoch of the best trial; with `refit`, after another training on all rows. */
  readonly network: Network<Precision>;
}

/**
 * Trains networks at points of a space and returns the best: at all points of a grid, or at drawn ones (Bergstra & Bengio, "Random
 * search for hyper-parameter optimization", 2012), with successive halving where that is asked for (Jamieson & Talwalkar, "Non-stochastic
 * best arm identification and hyperparameter optimization", 2016). A trial is as good as its best epoch; in the next round it goes on
 * as if it had never stopped, bit for bit. The same seed gives the same points and values.
 * @throws (rejects with) TypeError, RangeError for bad input; DivergedError where every trial diverged, or `refit`; the signal's reason
 * @example
 * const { best, network, trials } = await tune({
 *   x, y, trials: 20, epochs: 27, halving: { epochs: 3 },
 *   space: { units: [8, 16, 32], learningRate: { min: 1e-4, max: 0.1, log: true } },
 *   build: ({ units, learningRate }) => ({
 *     network: { inputs: 4, layers: [dense(units, "relu"), dense(3)], loss: "softmaxCrossEntropy" },
 *     fit: { optimizer: adam({ learningRate }) },
 *   }),
 * });
 */
export async function tune<const S extends Space>(options: TuneOptions<S>): Promise<TuneResult<S>> {
  const { search } = await import("./search.ts");
  return search(options, { Network, DivergedError, loadCore, improves });
}
