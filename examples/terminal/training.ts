import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { DivergedError, type Features, type FitOptions, FormatError, Network } from "steepest";
import { Complaint } from "../complaint.ts";
import { count, facts, measured, percent, wrapped } from "./format.ts";
import { Progress } from "./progress.ts";

/** A training that is watched, and that can be left and taken up again. */
export interface Watched {
  /** Of the files that are written: NAME.checkpoint, NAME.safetensors. */
  name: string;
  create: () => Promise<Network>;
  /** Images and labels to learn from, and those that are held out and told after each epoch. */
  train: Samples;
  test: Samples;
  options: FitOptions & { epochs: number; batchSize: number };
  /** Begins anew, also where a checkpoint is. */
  fresh: boolean;
}

type Samples = [x: Features, labels: Uint8Array];

/**
 * Trains in the terminal: a bar, and a line for each epoch. A checkpoint is written after each epoch and, on Ctrl-C, after the step in
 * progress; where one is there the training goes on from it. At the end it is removed, and the network written.
 *
 * @throws {Complaint} for a checkpoint that is of another training
 */
export async function watch({ name, create, train, test, options, fresh }: Watched): Promise<void> {
  const checkpoint = `${name}.checkpoint`;
  const file = `${name}.safetensors`;
  const goesOn = !fresh && existsSync(checkpoint);
  const net = goesOn ? await resume(checkpoint) : await create();

  const { epochs, batchSize, optimizer } = options;
  const rows = train[1].length;
  const steps = epochs * Math.ceil(rows / batchSize);
  const images = epochs * rows;
  const epochsDone = () => `${((epochs * net.step) / steps).toFixed(1)} of ${epochs} epochs`;
  const first = net.step;

  console.log(`${net.summary({ batchSize, optimizer }).replace(/^/gm, "  ")}\n`);
  if (goesOn) console.log(`Goes on after ${epochsDone()}, from ${basename(checkpoint)}; --fresh begins anew.\n`);
  console.log("  epoch     loss   test accuracy");
  const { loss = [], metrics } = net.history;
  for (const [i, value] of loss.entries()) console.log(epochLine(i + 1, value, metrics!.accuracy![i]!));

  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.on("SIGINT", onInterrupt);
  const progress = new Progress(images, "images", (first / steps) * images);
  const started = performance.now();
  let stopped = false;
  try {
    await net.fit(...train, {
      ...options,
      validationData: test,
      metrics: ["accuracy"],
      checkpointEvery: { epochs: 1, to: checkpoint },
      signal: stop.signal,
      onProgress: ({ step }) => progress.update((step / steps) * images),
      onEpoch: ({ epoch, loss, metrics }) => {
        progress.clear();
        console.log(epochLine(epoch, loss, metrics!.accuracy!));
      },
    });
  } catch (error) {
    if (goesOn && error instanceof RangeError) throw otherTraining(checkpoint, error);
    // What the data are to blame for, or the rates: the message says it all.
    if (error instanceof RangeError || error instanceof DivergedError) throw new Complaint(wrapped(error.message));
    if (error !== stop.signal.reason) throw error;
    stopped = true;
    await net.checkpointTo(checkpoint);
  } finally {
    progress.clear();
    process.off("SIGINT", onInterrupt);
  }
  const seconds = (performance.now() - started) / 1000;
  if (!stopped) {
    await net.saveTo(file);
    rmSync(checkpoint, { force: true });
  }

  const { accuracy = [] } = net.history.metrics ?? {};
  const told = (part: number) =>
    `${percent(part)} (${count(Math.round(part * test[1].length))} of ${count(test[1].length)})` +
    (stopped ? `, after epoch ${accuracy.length}` : "");
  const since = ((net.step - first) / steps) * images;
  console.log();
  console.log(
    facts([
      ...accuracy.slice(-1).map((part): [string, string] => ["test accuracy", told(part)]),
      ["training", `${epochsDone()}${stopped ? ", stopped by Ctrl-C" : ""}`],
      [
        "time",
        `${seconds.toFixed(1)} s${goesOn ? " since it went on" : ""}, ${measured(since / seconds)} images per second, tests included`,
      ],
      ["written", stopped ? `${checkpoint}: the same command goes on from there` : file],
    ]),
  );
}

async function resume(checkpoint: string): Promise<Network> {
  try {
    return (await Network.resume(readFileSync(checkpoint))) as Network;
  } catch (error) {
    throw error instanceof FormatError ? otherTraining(checkpoint, error) : error;
  }
}

function otherTraining(checkpoint: string, { message }: Error): Complaint {
  return new Complaint(wrapped(`Cannot go on from ${checkpoint}: ${message}. With --fresh the training begins anew.`));
}

function epochLine(epoch: number, loss: number, accuracy: number): string {
  return `  ${String(epoch).padStart(5)}   ${loss.toFixed(4)}   ${percent(accuracy).padStart(13)}`;
}
