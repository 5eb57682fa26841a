// Runs one contestant: child.js MODULE TASK. It speaks JSON lines, as `contestant.ts` says.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Contestant, Data, Ran, Ready, Task } from "./contestant.ts";

// Libraries greet on the console; standard output is for answers.
console.log = console.info = console.warn = console.error;
const answer = (value: Ready | Ran | { loss: number | undefined }) =>
  process.stdout.write(`${JSON.stringify(value)}\n`);

// In one line, which the parent quotes; before the libraries listen too.
process.on("uncaughtException", ({ message }) => {
  console.error(`Error: ${message}`);
  process.exit(1);
});

function floats(path: string | undefined): Float32Array {
  if (path === undefined) return new Float32Array();
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

const [module, file] = process.argv.slice(2) as [string, string];
const { x, y, initial, ...task } = JSON.parse(readFileSync(file, "utf8")) as Task & Partial<Record<keyof Data, string>>;
const data = { x: floats(x), y: floats(y), initial: floats(initial) };

const start = performance.now();
const { setup } = (await import(pathToFileURL(module).href)) as Contestant;
const imported = performance.now();
const model = await setup({ ...task, ...data });
const created = performance.now();
await model.run(1);
const first = performance.now();
const loss = await model.loss?.();
answer({
  ...(model.note && { note: model.note }),
  imported: imported - start,
  created: created - imported,
  first: first - created,
  ...(loss !== undefined && { loss }),
});

for await (const line of createInterface({ input: process.stdin })) {
  const { run } = JSON.parse(line) as { run?: number };
  if (run === undefined) answer({ loss: await model.loss?.() });
  else {
    const start = performance.now();
    const count = await model.run(run);
    answer({ count, ms: performance.now() - start });
  }
}
process.exit(0);
