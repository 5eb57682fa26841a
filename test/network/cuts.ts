import { expect, vi } from "vitest";
import type {
  Features,
  FitOptions,
  History,
  LayerParameters,
  Network,
  Precision,
  TargetValues,
} from "../../src/index.ts";

// Ways to cut a training in two, and what both have to come to.

/** A training, and one that follows it in the same network. */
export interface Trial {
  make(): Promise<Network<Precision>>;
  readonly x: Features;
  readonly y: TargetValues;
  readonly options: FitOptions;
  readonly next: FitOptions;
}

/** What a training comes to. */
export interface Outcome {
  readonly step: number;
  readonly epoch: number;
  readonly history: History;
  readonly parameters: LayerParameters<Precision>[];
  /** After the fit that follows: it has the optimizer's state too. */
  readonly checkpoint: Uint8Array;
}

/** Trains to the end, and once more. */
export async function finish(net: Network<Precision>, { x, y, options, next }: Trial): Promise<Outcome> {
  const history = await net.fit(x, y, options);
  const { step, epoch } = net;
  const parameters = net.parameters();
  await net.fit(x, y, next);
  return { step, epoch, history, parameters, checkpoint: net.checkpoint() };
}

/** Fails where two outcomes differ in a bit. */
export function compare(what: string, outcome: Outcome, expected: Outcome) {
  const { checkpoint, ...rest } = outcome;
  const { checkpoint: file, ...others } = expected;
  expect(rest, what).toStrictEqual(others);
  expect(Buffer.compare(checkpoint, file), `${what}: the optimizer's state`).toBe(0);
}

type Cut = (net: Network<Precision>, trial: Trial, step: number, whole: Outcome) => Promise<Uint8Array>;

/** The checkpoint in the first callback from a step on; what the callback returns ends the training, or does not. */
const inCallback =
  (name: "onStep" | "onEpoch", returned?: "stop"): Cut =>
  async (net, { x, y, options }, step) => {
    let bytes: Uint8Array | undefined;
    const called = (progress: { step: number }) => {
      if (progress.step < step || bytes) return;
      bytes = net.checkpoint();
      return returned;
    };
    await net.fit(x, y, { ...options, [name]: called });
    return bytes ?? net.checkpoint();
  };

/** The checkpoint after a training that its callback ended at a step. */
const after =
  (end: (controller: AbortController) => unknown): Cut =>
  async (net, { x, y, options }, step) => {
    const controller = new AbortController();
    const onStep = (progress: { step: number }) => (progress.step >= step ? end(controller) : undefined);
    await net.fit(x, y, { ...options, onStep, signal: controller.signal }).catch((error) => {
      if (!/cut/.test(error.message)) throw error;
    });
    return net.checkpoint();
  };

/** The checkpoint in the body of `train`, or after it was left there. */
const inBody =
  (left: boolean): Cut =>
  async (net, { x, y, options }, step) => {
    let bytes: Uint8Array | undefined;
    for await (const progress of net.train(x, y, { ...options, every: 1 })) {
      if (progress.step < step) continue;
      bytes = net.checkpoint();
      break;
    }
    return left || !bytes ? net.checkpoint() : bytes;
  };

/** By the name of the way: cuts a training at a step, or as soon after it as that way can. */
export const at = {
  body: inBody(false),
  break: inBody(true),
  onStep: inCallback("onStep"),
  onStepStop: inCallback("onStep", "stop"),
  onEpoch: inCallback("onEpoch"),
  onEpochStop: inCallback("onEpoch", "stop"),
  stop: after(() => "stop"),
  abort: after((controller) => controller.abort(new Error("cut"))),
  throw: after(() => {
    throw new Error("cut");
  }),

  /** A fit of fewer epochs. */
  async ended(net, { x, y, options }, step, { history }) {
    const epochs = Math.max(1, Math.min(history.loss.length, step % (history.loss.length + 1)));
    if (net.step === 0) await net.fit(x, y, { ...options, epochs });
    return net.checkpoint();
  },

  /** In onProgress, with a clock by which each step and each batch of validation takes too long. */
  async onProgress(net, { x, y, options }, step) {
    let bytes: Uint8Array | undefined;
    let now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 20));
    try {
      const onProgress = (progress: { step: number }) => {
        if (progress.step >= step) bytes ??= net.checkpoint();
      };
      await net.fit(x, y, { ...options, onProgress });
    } finally {
      clock.mockRestore();
    }
    return bytes ?? net.checkpoint();
  },
} satisfies Record<string, Cut>;
