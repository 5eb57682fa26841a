import type { Case } from "./cases.ts";
import { canDo, type Entrant } from "./contestants.ts";
import { Contender } from "./process.ts";
import { summary } from "./statistics.ts";

/** How long and how often. */
export interface Effort {
  /** Of one sample, milliseconds. */
  sample: number;
  samples: number;
  warmUp: number;
}

/** Milliseconds above which a step is measured only twice. */
const SLOW = 1000;
/** How far losses may be from their median: sums of other orders, over three steps. */
const TOLERANCE = 1e-4;

/** What one entrant did. */
export interface Result {
  name: string;
  version: string;
  /** Milliseconds of one run, one for each round; empty where it failed. */
  times: number[];
  note: string[];
  /** After the first run and the last; `third` after three steps from the same start. */
  loss?: { from: number; third?: number; to: number };
}

interface Measured {
  result: Result;
  contender?: Contender;
  count: number;
  /** It is measured already. */
  done: boolean;
}

/** Measures all entrants of a case, round by round: A B C, C B A, A B C …. */
export async function measure(
  one: Case,
  entrants: readonly Entrant[],
  task: string,
  effort: Effort,
): Promise<Result[]> {
  const all: Measured[] = [];
  for (const entrant of entrants) {
    if (!canDo(entrant, one)) continue;
    const { name, version } = entrant;
    const measured: Measured = { result: { name, version, times: [], note: [] }, count: 1, done: false };
    all.push(measured);
    await attempt(measured, async () => {
      measured.contender = await Contender.start(entrant, task);
      const { note } = measured.contender.ready;
      if (note) measured.result.note.push(note);
      if (one.group === "convolutions") await threeSteps(measured, measured.contender);
      if (!measured.done) measured.count = await warmUp(measured.contender, effort);
    });
  }
  compareLosses(all.map(({ result }) => result));
  for (let round = 0; round < effort.samples; round++) {
    for (const measured of round % 2 === 0 ? all : all.toReversed()) {
      if (measured.done) continue;
      await attempt(measured, async (contender) => {
        const { count, ms } = await contender!.run(measured.count);
        measured.result.times.push(ms / count);
      });
    }
  }
  for (const measured of all) {
    await attempt(measured, async (contender) => {
      const from = contender!.ready.loss;
      if (from === undefined) return;
      const { third } = measured.result.loss ?? {};
      const to = measured.done ? third! : ((await contender!.loss()) ?? Number.NaN);
      const loss = { from: from ?? Number.NaN, ...(third !== undefined && { third }), to };
      measured.result.loss = loss;
      if (!(loss.to < loss.from)) measured.result.note.push("ITS LOSS DID NOT FALL");
    });
    measured.contender?.stop();
  }
  return all.map(({ result }) => result);
}

/**
 * The second and third step of contestants that start from the same parameters, and the loss after them: what they are compared by,
 * and all that is measured of those that are slow; the first step was their warm-up.
 */
async function threeSteps(measured: Measured, contender: Contender): Promise<void> {
  const times: number[] = [];
  for (let step = 1; step < 3; step++) times.push((await contender.run(1)).ms);
  const third = (await contender.loss()) ?? Number.NaN;
  measured.result.loss = { from: contender.ready.loss ?? Number.NaN, third, to: third };
  if (Math.min(...times) < SLOW) return;
  measured.result.times = times;
  measured.done = true;
}

/** Fails those whose losses after three steps are not the others'; what is noted of a contestant is a reason to be another. */
function compareLosses(results: readonly Result[]): void {
  const alike = results.filter(({ loss, note }) => loss?.third !== undefined && note.length === 0);
  if (alike.length < 2) return;
  const middle = summary(alike.map(({ loss }) => loss!.third!)).median;
  for (const { loss, note } of alike) {
    // NaN fails too.
    if (!(Math.abs(loss!.third! - middle) <= TOLERANCE * middle)) {
      note.push(`FAILED: its loss after three steps is ${loss!.third}, the median ${middle}`);
    }
  }
}

/** Does the work unless an earlier one failed; a failure leaves a note and no times. */
async function attempt(measured: Measured, work: (contender: Contender | undefined) => Promise<void>): Promise<void> {
  const { result } = measured;
  if (result.note.some((note) => note.startsWith("FAILED"))) return;
  try {
    await work(measured.contender);
  } catch (error) {
    result.times = [];
    result.note.push(`FAILED: ${(error as Error).message}`);
    measured.contender?.stop();
  }
}

/** Runs of a sample at least: what a call costs beside its steps is spread over them. */
const LEAST = 4;

/** Runs it until it is warm. Returns how many runs make one sample. */
async function warmUp(contender: Contender, { sample, warmUp }: Effort): Promise<number> {
  let count = 1;
  for (let spent = 0; ; ) {
    const ran = await contender.run(count);
    spent += ran.ms;
    const wanted = Math.max(LEAST, Math.round((sample * ran.count) / ran.ms));
    if (spent >= warmUp && wanted < 2 * count) return wanted;
    count = Math.min(wanted, 4 * count);
  }
}
