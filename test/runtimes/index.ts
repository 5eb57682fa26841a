// Trains and saves the networks of program.ts in every runtime of find.ts, and goes on there with trainings that were cut in Node 20;
// fails unless all end with the same bits. Then runs the tests of the relaxed build where its instructions are known.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Table from "cli-table3";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import { find, installMissing, type Runtime, runtimes } from "./find.ts";
import type { Case } from "./program.ts";

/** Milliseconds after which a runtime is killed; it needs a few seconds. */
const timeLimit = 120_000;
/** The same for the tests of the relaxed build; they need half a minute. */
const suiteLimit = 240_000;

const top = fileURLToPath(new URL("../../", import.meta.url));
const program = `${top}build/runtimes/program.js`;
const main = `${top}build/runtimes/main.js`;
const cut = `${top}build/runtimes/cut.js`;
const permissions = [`--allow-read=${top}build/runtimes`, `--allow-write=${top}build/runtimes`];

/** Bundles program.ts with dist/index.js, which the package's own `exports` name: the same file for every runtime. */
async function bundle() {
  await build({
    entryPoints: [`${top}test/runtimes/program.ts`],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "warning",
  });
  writeFileSync(
    cut,
    'import { checkpoints } from "./program.js";\n\nconsole.log(JSON.stringify(await checkpoints()));\n',
  );
}

/** Cuts the trainings that are to go on elsewhere, in Node 20, and hands them to the program. Returns them as JSON. */
async function cutInNode20(): Promise<string> {
  const found = find(runtimes.find(({ name }) => name === "Node 20")!);
  if ("absent" in found) throw new Error(`Cannot cut a training in Node 20: ${found.absent}`);
  const files = (await output(found.path, [cut])).trim();
  writeFileSync(main, `import { run } from "./program.js";\n\nconsole.log(JSON.stringify(await run(${files})));\n`);
  return files;
}

/** What a program writes. Throws when it fails, or is not done in time. */
async function output(path: string, args: string[], limit = timeLimit): Promise<string> {
  const options = { cwd: top, timeout: limit, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
  const run = promisify(execFile)(path, args, options);
  process.once("exit", () => run.child.kill("SIGKILL"));
  const { stdout } = await run.catch((error) => {
    throw error.killed ? late(limit) : error;
  });
  return stdout;
}

/** What playwright-core and puppeteer-core have in common. */
interface Browser {
  newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate(script: string): Promise<unknown> }>;
  close(): Promise<void>;
}

async function inPage(browser: Browser, url: string): Promise<Case[]> {
  const page = await browser.newPage();
  await page.goto(url);
  return (await page.evaluate(`import("/program.js").then(({ run }) => run(${files}))`)) as Case[];
}

async function inBrowser(launch: () => Promise<Browser>): Promise<Case[]> {
  const server = createServer((request, response) => {
    const script = request.url === "/program.js";
    response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
    response.end(script ? readFileSync(program) : "<!doctype html><title>steepest</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let browser: Browser | undefined;
  try {
    browser = await launch();
    return await limited(inPage(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  } finally {
    if (browser) await limited(browser.close());
    server.close();
    server.closeAllConnections();
  }
}

function late(limit = timeLimit) {
  return new Error(`not done after ${limit / 1000} s`);
}

async function limited<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeLimit);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

async function train({ kind }: Runtime, path: string): Promise<Case[]> {
  switch (kind) {
    case "node":
    case "bun":
      return JSON.parse(await output(path, [main]));
    case "deno":
      // Allowed no more than its own folder, to save there; without this project's package.json and lockfile.
      return JSON.parse(await output(path, ["run", ...permissions, "--no-prompt", "--no-config", "--no-lock", main]));
    case "chromium": {
      const args = ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"];
      args.push("--no-sandbox", "--no-first-run", "--disable-sync");
      return inBrowser(() => chromium.launch({ executablePath: path, args, timeout: timeLimit }));
    }
    case "firefox":
      return inBrowser(() => puppeteer.launch({ browser: "firefox", executablePath: path, timeout: timeLimit }));
  }
}

interface Result {
  name: string;
  version: string;
  cases: Case[];
  /** Why there are no cases. */
  problem?: string;
}

async function attempt(runtime: Runtime): Promise<Result> {
  const { name } = runtime;
  const found = find(runtime);
  if ("absent" in found) return { name, version: "absent", cases: [], problem: found.absent };
  try {
    return { name, version: found.version, cases: await train(runtime, found.path) };
  } catch (error) {
    return { name, version: found.version, cases: [], problem: `Cannot train in ${name}: ${(error as Error).message}` };
  }
}

/** Runs the tests of the relaxed build, and says how it went. Returns whether they passed: not where there are none to run. */
async function relaxedSuite(runtime: Runtime): Promise<boolean> {
  const found = find(runtime);
  const start = performance.now();
  try {
    if ("absent" in found) throw new Error(found.absent);
    await output(found.path, [`${top}node_modules/vitest/vitest.mjs`, "run", "--project", "relaxed"], suiteLimit);
  } catch (error) {
    // Of a program that fails, the message holds what it wrote to stderr.
    const { message, stdout = "" } = error as Error & { stdout?: string };
    console.log(`${stdout}relaxed build, ${runtime.name}: ${message}`);
    return false;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`relaxed build, ${runtime.name}: its tests passed in ${seconds} s`);
  return true;
}

/** The hash that most runtimes end with, by the name of the case. */
function agreed(results: Result[]): Map<string, string> {
  const votes = new Map<string, number>();
  const winners = new Map<string, string>();
  for (const { name, sha256 } of results.flatMap(({ cases }) => cases)) {
    votes.set(name + sha256, (votes.get(name + sha256) ?? 0) + 1);
    if (votes.get(name + sha256)! > (votes.get(name + winners.get(name)) ?? 0)) winners.set(name, sha256);
  }
  return winners;
}

// Leaving by process.exit ends whatever runs: both browser libraries listen to the exit too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

if (process.env.CI) installMissing();
await bundle();
const files = await cutInNode20();
const results: Result[] = [];
for (const runtime of runtimes) results.push(await attempt(runtime));

const hashes = agreed(results);
const table = new Table({
  head: ["case", "runtime", "version", "seconds", "SHA-256 of the parameters, the file or the checkpoint"],
  style: { head: [], border: [], compact: true },
});
for (const [name, hash] of hashes) {
  for (const { name: runtime, version, cases } of results) {
    const trained = cases.find((one) => one.name === name);
    const seconds = trained?.seconds.toFixed(3) ?? "";
    const mark = trained && trained.sha256 !== hash ? " differs" : "";
    table.push([name, runtime, version, seconds, (trained?.sha256 ?? "none") + mark]);
  }
}
console.log(table.toString());
for (const { problem } of results) if (problem) console.log(problem);

const outcomes = results.map(
  ({ cases }) => cases.length > 0 && cases.every(({ name, sha256 }) => sha256 === hashes.get(name)),
);
for (const runtime of runtimes) {
  if (["Node 22", "Node 24"].includes(runtime.name)) outcomes.push(await relaxedSuite(runtime));
}
const passed = outcomes.filter(Boolean).length;
console.log(`${passed} passed, ${outcomes.length - passed} failed`);
process.exit(passed === outcomes.length ? 0 : 1);
