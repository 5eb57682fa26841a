import type { Settings } from "./fit.ts";
import { loadIterations } from "./optimizers/apart.ts";
import { optimizerKind } from "./optimizers/index.ts";
import { pause } from "./pause.ts";
import type { Progress, Training } from "./training.ts";

/** A slice of training: the event loop is served this often, in ms. */
const SLICE = 10;

/**
 * Trains in slices of whole steps, calls back, and yields where `train` does. `check` throws where the training cannot
 * go on; `keep` makes a checkpoint.
 */
export async function* slices(
  training: Training,
  { optimizer, signal, onStep, onEpoch, onProgress }: Settings,
  check: () => void,
  keep: () => unknown,
): AsyncGenerator<Progress, void, undefined> {
  if (optimizerKind(optimizer).method) await loadIterations();
  // Only what is a promise is awaited: an epoch may take no longer than that would.
  const tell = async (told: unknown) => {
    if ((await told) === "stop") training.stop();
  };
  let deadline = performance.now() + SLICE;
  const rest = async () => {
    await tell(onProgress?.(training.progress));
    await pause();
    deadline = performance.now() + SLICE;
    check();
  };
  // A checkpoint can stand between a step and what follows from it.
  let between = training.epochEnded || training.reportDue;
  while (between || !training.done) {
    if (!between) {
      const waiting = training.supply();
      if (waiting) {
        await waiting;
        check();
      }
      training.advance(deadline);
      const step = onStep?.(training.progress);
      if (step !== undefined) await tell(step);
    }
    between = false;
    if (training.epochEnded) {
      for (const _ of training.finishEpoch()) if (performance.now() >= deadline) await rest();
      const epoch = onEpoch?.(training.progress);
      if (epoch !== undefined) await tell(epoch);
    }
    if (training.checkpointDue) await keep();
    if (training.reportDue) {
      training.reportDue = false;
      const left = performance.now();
      yield training.progress;
      training.rested(performance.now() - left);
    }
    if (training.now >= deadline) await rest();
    check();
    if (!training.done) signal?.throwIfAborted();
  }
}
