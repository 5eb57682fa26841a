import type { Precision } from "./data.ts";
import { judge, type Patience, earlyStopping as stopping } from "./earlyStopping.ts";
import type { DivergedError } from "./errors.ts";
import type { FitOptions } from "./fit.ts";
import type { improves, Metric } from "./metrics/index.ts";
import type { CoreModule, loadCore } from "./module.ts";
import type { Network, NetworkOptions } from "./network.ts";
import { checkKnown } from "./options.ts";
import { type Point, pointsOf, type Space } from "./space.ts";
import type { TuneOptions } from "./tune.ts";

// The trials of a search: each is plain data, and so is what it goes on from.

/** What a search takes from the package: bundled apart, it would have classes and a core of its own. */
export interface Library {
  readonly Network: typeof Network;
  readonly DivergedError: typeof DivergedError;
  readonly loadCore: typeof loadCore;
  readonly improves: typeof improves;
}

/** A network and its training, to be made anew from a point each time. */
export interface Built {
  readonly network: NetworkOptions;
  readonly fit: Omit<FitOptions, "epochs" | "validationSplit" | "validationData" | "signal">;
}

/** A point to train to so many epochs. */
export interface Trial<S extends Space = Space> {
  readonly id: number;
  readonly point: Point<S>;
  readonly epochs: number;
  /** Of the network, unless `build` gives one. The same in all trials, which so are validated by the same rows. */
  readonly seed: number;
}

/** What a trial came to. */
export interface TrialResult<S extends Space = Space> {
  readonly id: number;
  readonly point: Point<S>;
  /** Whole epochs trained. */
  readonly epochs: number;
  /** What is monitored, at its best; NaN where the training diverged. */
  readonly value: number;
  /** The epoch that had it, the first being 1; 0 where none had. */
  readonly bestEpoch: number;
  readonly error?: DivergedError;
}

/** The trials of a search, in the order of their ids. */
export function trialsOf<S extends Space>(options: TuneOptions<S>, module: CoreModule): Trial<S>[] {
  const { space, trials, epochs, seed = 0 } = options;
  return pointsOf(space, trials, seed, module).map((point, id) => ({ id, point, epochs, seed }));
}

/** Whether larger values of what is monitored are better. */
export const larger = (monitor: string, { improves }: Pick<Library, "improves">) =>
  monitor !== "loss" && monitor !== "validationLoss" && improves(monitor as Metric) === "up";

/** A trial that has run: `checkpoint`, absent where it diverged, is what it goes on from. */
export interface Ran<S extends Space = Space> {
  readonly result: TrialResult<S>;
  readonly checkpoint?: Uint8Array;
  readonly network: Network<Precision>;
}

/** Trains to `trial.epochs`, from the beginning or from where a checkpoint of the same trial stands. */
export async function runTrial<S extends Space>(
  { id, point, epochs, seed }: Trial<S>,
  options: TuneOptions<S>,
  library: Library,
  from?: Uint8Array,
): Promise<Ran<S>> {
  const { x, y, build, monitor = "validationLoss", refit, validationData, signal } = options;
  const { validationSplit = validationData ? 0 : 0.2 } = options;
  const built = build(point);
  checkKnown("tune: build", built, ["network", "fit"]);
  const { network: made, fit } = built;
  for (const name of ["epochs", "validationSplit", "validationData", "signal"]) {
    if (name in Object(fit)) throw new TypeError(`tune: build gives fit ${name}, expected it as an option of tune`);
  }
  const { learningRate } = Object(fit?.optimizer);
  if (refit && !validationData && learningRate?.monitor === "validationLoss") {
    throw new RangeError("tune: reduceOnPlateau monitors validationLoss, expected validationData with refit");
  }
  const { numerics = "reproducible", core } = Object(made) as NetworkOptions;
  const network = from
    ? await library.Network.resume(from, { numerics, ...(core && { core }) })
    : await library.Network.create<Precision>({ seed, ...made });
  const measured = monitor === "loss" || monitor === "validationLoss" ? [] : [monitor];
  // Without patience of the caller's it never stops, and only keeps the best epoch.
  const patience = Number.MAX_SAFE_INTEGER;
  const earlyStopping = stopping({ patience, ...fit?.earlyStopping, monitor, restoreBest: true });
  let checkpoint: Uint8Array | undefined;
  let error: DivergedError | undefined;
  try {
    await network.fit(x, y, {
      ...fit,
      metrics: [...(fit?.metrics ?? []), ...measured],
      earlyStopping,
      validationSplit,
      validationData,
      signal,
      epochs,
      onEpoch: async (progress) => {
        // Before the best epoch is restored.
        if (progress.epoch === epochs) checkpoint = network.checkpoint();
        return fit.onEpoch?.(progress);
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof library.DivergedError)) throw thrown;
    error = thrown;
  }
  const { loss, validationLoss, metrics } = network.history;
  const values = (monitor === "loss" ? loss : monitor === "validationLoss" ? validationLoss : metrics?.[monitor]) ?? [];
  const patient: Patience = { epoch: 0, waited: 0 };
  for (const [i, value] of values.entries()) judge(earlyStopping, patient, i + 1, value, larger(monitor, library));
  const { best: value = Number.NaN, epoch: bestEpoch } = patient;
  const result = { id, point, epochs: loss.length };
  if (error) return { result: { ...result, value: Number.NaN, bestEpoch: 0, error }, network };
  return {
    result: { ...result, value, bestEpoch: Number.isNaN(value) ? 0 : bestEpoch },
    checkpoint: checkpoint ?? network.checkpoint(),
    network,
  };
}
