import type { Precision } from "./data.ts";
import type { FitOptions } from "./fit.ts";
import type { Metric } from "./metrics/index.ts";
import { type CoreSource, loadCore } from "./module.ts";
import { Network } from "./network.ts";
import { boolean, checkKnown, nonNegativeInteger, positiveInteger, unexpected } from "./options.ts";
import type { Features, TargetValues } from "./results.ts";
import { checkSpace, type Point, type Space } from "./space.ts";
import { type Built, larger, type Ran, runTrial, type Trial, type TrialResult, trialsOf } from "./trial.ts";

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
  const { rounds, factor } = checkTune(options);
  const { x, y, build, monitor = "validationLoss", refit, validationData, signal } = options;
  const sign = larger(monitor) ? -1 : 1;
  const trials: TrialResult<S>[] = [];
  let best: Ran<S> | undefined;
  const module = await loadCore("reproducible", options.core);
  let going: [Trial<S>, from?: Partial<Ran<S>>][] = trialsOf(options, module).map((trial) => [trial]);
  for (const epochs of rounds) {
    const most = epochs < options.epochs ? Math.max(1, Math.floor(going.length / factor)) : 1;
    let leader: Ran<S> | undefined;
    let next: typeof going = [];
    for (const [trial, from] of going) {
      const ran = from?.network ? (from as Ran<S>) : await runTrial({ ...trial, epochs }, options, from?.checkpoint);
      trials[trial.id] = ran.result;
      if (Number.isNaN(ran.result.value)) continue;
      // What has ended by itself is as it would be had it had all epochs.
      next.push([trial, ran.network.history.stopped === "epochs" ? { checkpoint: ran.checkpoint } : ran]);
      next.sort(([a], [b]) => sign * (trials[a.id]!.value - trials[b.id]!.value) || a.id - b.id);
      next = next.slice(0, most);
      if (next[0]![0] === trial) leader = ran;
    }
    best = leader ?? best;
    going = next;
  }
  if (!best) {
    const diverged = trials.find(({ error }) => error)?.error;
    throw diverged ?? new RangeError(`tune: ${monitor} is NaN in every trial, expected a number`);
  }
  if (!refit) return { trials, best: best.result, network: best.network };
  const { network, fit } = build(best.result.point);
  const again = await Network.create({ seed: options.seed ?? 0, ...network });
  const { bestEpoch: epochs } = best.result;
  await again.fit(x, y, { ...fit, metrics: [], earlyStopping: undefined, validationData, epochs, signal });
  return { trials, best: best.result, network: again };
}

/** Checks all but what `build` and `fit` check. Returns the epochs of each round of a search. @throws TypeError, RangeError */
function checkTune<S extends Space>(options: TuneOptions<S>): { rounds: number[]; factor: number } {
  const known = "x y space trials build epochs seed monitor validationSplit validationData halving refit signal core";
  checkKnown("tune", options, known.split(" "));
  const { space, trials, build, epochs, seed = 0, monitor = "", halving, refit = false } = options;
  checkSpace("tune", space, trials === "grid");
  if (trials !== "grid" && !(Number.isSafeInteger(trials) && trials > 0)) {
    throw unexpected("tune: trials", trials, '"grid" or a positive integer', "number");
  }
  if (typeof build !== "function") throw unexpected("tune: build", build, "a function");
  if (typeof monitor !== "string") throw unexpected("tune: monitor", monitor, "validationLoss, loss or a metric");
  positiveInteger("tune", "epochs", epochs);
  nonNegativeInteger("tune", "seed", seed);
  boolean("tune", "refit", refit);
  if (halving === undefined) return { rounds: [epochs], factor: 1 };
  checkKnown("tune: halving", halving, ["epochs", "factor"]);
  const { epochs: first, factor = 3 } = halving;
  positiveInteger("tune: halving", "epochs", first);
  if (positiveInteger("tune: halving", "factor", factor) === 1 || first > epochs) {
    throw new RangeError(
      `tune: halving has epochs ${first}, factor ${factor}, expected at most ${epochs} epochs, a factor from 2`,
    );
  }
  const rounds = [];
  for (let round = first; round < epochs; round *= factor) rounds.push(round);
  return { rounds: [...rounds, epochs], factor };
}
