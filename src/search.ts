import { boolean, checkKnown, nonNegativeInteger, positiveInteger, unexpected } from "./options.ts";
import { checkSpace, type Space } from "./space.ts";
import { type Library, larger, type Ran, runTrial, type Trial, type TrialResult, trialsOf } from "./trial.ts";
import type { TuneOptions, TuneResult } from "./tune.ts";

// The search of `tune`, a module of its own that is loaded when it is called.

/** @throws (rejects with) what `tune` does */
export async function search<S extends Space>(options: TuneOptions<S>, library: Library): Promise<TuneResult<S>> {
  const { rounds, factor } = checkTune(options);
  const { x, y, build, monitor = "validationLoss", refit, validationData, signal } = options;
  const sign = larger(monitor, library) ? -1 : 1;
  const trials: TrialResult<S>[] = [];
  let best: Ran<S> | undefined;
  const module = await library.loadCore("reproducible", options.core);
  let going: [Trial<S>, from?: Partial<Ran<S>>][] = trialsOf(options, module).map((trial) => [trial]);
  for (const epochs of rounds) {
    const most = epochs < options.epochs ? Math.max(1, Math.floor(going.length / factor)) : 1;
    let leader: Ran<S> | undefined;
    let next: typeof going = [];
    for (const [trial, from] of going) {
      const ran = from?.network
        ? (from as Ran<S>)
        : await runTrial({ ...trial, epochs }, options, library, from?.checkpoint);
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
  const again = await library.Network.create({ seed: options.seed ?? 0, ...network });
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
