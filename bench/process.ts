import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Ran, Ready } from "./contestant.ts";
import type { Entrant } from "./contestants.ts";

/** Milliseconds for any one answer. */
const LIMIT = 120_000;

/** One thread each, so that peers are measured on one core. */
const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A contestant in a process of its own: what crashes or hangs there is an error here. */
export class Contender {
  readonly entrant: Entrant;
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #answers: Answers;

  private constructor(entrant: Entrant, child: ChildProcess, answers: Answers, ready: Ready) {
    this.entrant = entrant;
    this.#child = child;
    this.#answers = answers;
    this.ready = ready;
  }

  /** Starts it on the task in a file; ready after its first run. */
  static async start(entrant: Entrant, task: string): Promise<Contender> {
    const child = spawn(entrant.command, [...entrant.args, task], { env, stdio: ["pipe", "pipe", "pipe"] });
    const answers = new Answers(child);
    return new Contender(entrant, child, answers, await answers.next());
  }

  run(count: number): Promise<Ran> {
    return this.#ask({ run: count });
  }

  async loss(): Promise<number | null | undefined> {
    return (await this.#ask<{ loss?: number | null }>({ loss: true })).loss;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #ask<T>(question: object): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    return this.#answers.next();
  }
}

/** The JSON lines of a child, one at a time; it is killed where it fails or is late. */
class Answers {
  readonly #child: ChildProcess;
  #complaints = "";
  #settle: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    children.add(child);
    child.once("close", () => children.delete(child));
    child.stderr!.on("data", (text) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    child.stdin!.on("error", () => {});
    child.on("error", (error) => this.#fail(error.message));
    child.on("close", (code, signal) => this.#fail(`it ended with ${signal ?? code}: ${lastLine(this.#complaints)}`));
    createInterface({ input: child.stdout! }).on("line", (line) => this.#settle?.resolve(line));
  }

  async next<T>(): Promise<T> {
    if (this.#failure) throw this.#failure;
    const timer = setTimeout(() => this.#fail(`no answer in ${LIMIT / 1000} s`), LIMIT);
    try {
      return JSON.parse(
        await new Promise<string>((resolve, reject) => {
          this.#settle = { resolve, reject };
        }),
      ) as T;
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
    }
  }

  #fail(reason: string): void {
    this.#failure ??= new Error(reason);
    this.#settle?.reject(this.#failure);
    this.#child.kill("SIGKILL");
  }
}

/** The line that names the error: the last one with a colon after a word, as in "RangeError: …". */
function lastLine(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /^\S*(Error|Exception)\b.*:/.test(line)) ?? lines.at(-1) ?? "";
}
