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
    const paths = data ? { x: path("x.f32"), y: path("y.f32") } : {};
    if (data && task.kind !== "product") {
      const { x, y } = samples(data, task);
      writeFileSync(path("x.f32"), x);
      writeFileSync(path("y.f32"), y);
    }
    writeFileSync(path("json"), JSON.stringify({ ...task, ...paths, numerics: this.#numerics }));
    return path("json");
  }
}
