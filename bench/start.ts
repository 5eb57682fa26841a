import type { Entrant } from "./contestants.ts";
import { Contender } from "./process.ts";
import { summary } from "./statistics.ts";
import { digits, table } from "./table.ts";

/** Milliseconds in one new process. */
export interface Start {
  imported: number;
  created: number;
  first: number;
}

export interface Started {
  name: string;
  version: string;
  starts: Start[];
  note: string;
}

/** From importing the library to the end of the first step, in new processes, in turn. */
export async function measureStart(entrants: readonly Entrant[], task: string, processes: number): Promise<Started[]> {
  const all = entrants.map(({ name, version }) => ({ name, version, starts: [] as Start[], note: "" }));
  for (let round = 0; round < processes; round++) {
    for (const [i, entrant] of entrants.entries()) {
      const started = all[i]!;
      if (started.note) continue;
      try {
        const contender = await Contender.start(entrant, task);
        const { imported, created, first } = contender.ready;
        contender.stop();
        started.starts.push({ imported, created, first });
      } catch (error) {
        started.note = `FAILED: ${(error as Error).message}`;
      }
    }
  }
  return all;
}

export function startTable(title: string, all: readonly Started[]): string {
  const rows = all.map(({ name, version, starts, note }) => {
    const label = `${name} ${version}`.trim();
    if (note || starts.length === 0) return [label, "–", "–", "–", "–", "–", note];
    const part = (key: keyof Start) => digits(summary(starts.map((start) => start[key])).median);
    const total = summary(starts.map(({ imported, created, first }) => imported + created + first));
    return [label, part("imported"), part("created"), part("first"), digits(total.min), digits(total.median), ""];
  });
  const columns = ["import", "create", "first step", "min ms", "median ms"].map((right) => ({ right }));
  return `start of ${title}, in new processes: medians, and minimum and median of the sum\n${table(["", ...columns, ""], rows)}\n`;
}
