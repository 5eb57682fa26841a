import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Case } from "./cases.ts";
import type { Numerics } from "./contestant.ts";
import { samples } from "./samples.ts";

/** A temporary folder of task files, which goes when the process ends. */
export class Tasks {
  readonly #folder = mkdtempSync(join(tmpdir(), "steepest-tasks-"));

  readonly #numerics: Numerics;

  constructor(numerics: Numerics) {
    this.#numerics = numerics;
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** The path of the task of a case, its data beside it. */
  write({ name, task, data }: Case): string {
    const path = (extension: string) => join(this.#folder, `${name}.${extension}`);
    const paths: Record<string, string> = {};
    if (data && task.kind !== "product") {
      for (const [word, numbers] of Object.entries(samples(data, task))) {
        if (numbers.length === 0) continue;
        paths[word] = path(`${word}.f32`);
        writeFileSync(paths[word], numbers);
      }
    }
    writeFileSync(path("json"), JSON.stringify({ ...task, ...paths, numerics: this.#numerics }));
    return path("json");
  }
}
