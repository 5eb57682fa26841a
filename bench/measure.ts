import type { Case } from "./cases.ts";
import { canDo, type Entrant } from "./contestants.ts";
import { Contender } from "./process.ts";

/** How long and how often. */
export interface Effort {
  /** Of one sample, milliseconds. */
  sample: number;
  samples: number;
  warmUp: number;
}

/** What one entrant did. */
export interface Result {
  name: string;
  version: string;
  /** Milliseconds of one run, one for each round; empty where it failed. */
  times: number[];
  note: string[];
  loss?: { from: number; to: number };
}

interface Measured {
  result: Result;
  contender?: Contender;
  count: number;
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
    const measured: Measured = { result: { name, version, times: [], note: [] }, count: 1 };
    all.push(measured);
    await attempt(measured, async () => {
      measured.contender = await Contender.start(entrant, task);
      const { note } = measured.contender.ready;
      if (note) measured.result.note.push(note);
      measured.count = await warmUp(measured.contender, effort);
    });
  }
  for (let round = 0; round < effort.samples; round++) {
    for (const measured of round % 2 === 0 ? all : all.toReversed()) {
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
      const loss = { from: from ?? Number.NaN, to: (await contender!.loss()) ?? Number.NaN };
      measured.result.loss = loss;
      if (!(loss.to < loss.from)) measured.result.note.push("ITS LOSS DID NOT FALL");
    });
    measured.contender?.stop();
  }
  return all.map(({ result }) => result);
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

/** Runs it until it is warm. Returns how many runs make one sample. */
async function warmUp(contender: Contender, { sample, warmUp }: Effort): Promise<number> {
  let count = 1;
  for (let spent = 0; ; ) {
    const ran = await contender.run(count);
    spent += ran.ms;
    const wanted = Math.max(1, Math.round((sample * ran.count) / ran.ms));
    if (spent >= warmUp && wanted < 2 * count) return wanted;
    count = Math.min(wanted, 4 * count);
  }
}
