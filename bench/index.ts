// Measures this package beside its peers, or beside another commit: npm run bench -- --help.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { buildCeiling, buildChild, buildOurs, top } from "./build.ts";
import { type Case, cases } from "./cases.ts";
import { measureCeiling } from "./ceiling.ts";
import { type Entrant, entrant, findPeers, whyNot } from "./contestants.ts";
import { type Effort, measure } from "./measure.ts";
import { HELP, type Options, parseOptions, selects } from "./options.ts";
import { againstTable, caseTable, type Measured, summaryTable } from "./report.ts";
import { measureStart, type Started, startTable } from "./start.ts";
import { digits } from "./table.ts";
import { Tasks } from "./tasks.ts";
import { buildWorktree } from "./worktree.ts";

const FULL: Effort = { sample: 200, samples: 15, warmUp: 500 };
const QUICK: Effort = { sample: 20, samples: 3, warmUp: 50 };
/** Products and predictions vary less and are many. */
const SHORT: Effort = { sample: 60, samples: 9, warmUp: 200 };

const effortOf = ({ quick }: Options, { group }: Case) =>
  quick ? QUICK : group === "training" || group === "convolutions" ? FULL : SHORT;

/** This package under `root`, as the entrants of networks and of products. */
async function ours(root: string, folder: string, name: string, child: string): Promise<Entrant[]> {
  const { network, products } = await buildOurs(root, folder);
  return [
    entrant(child, name, "", network, ["training", "convolutions", "prediction"]),
    entrant(child, name, "", products, ["products"]),
  ];
}

async function main(options: Options): Promise<void> {
  await buildCeiling();
  const child = await buildChild();
  const entrants = await ours(top, "this", "steepest", child);
  const missing: string[] = [];
  let ref = "";
  if (options.against) {
    const { root, commit } = buildWorktree(options.against);
    ref = options.against === commit ? commit : `${options.against} (${commit})`;
    entrants.push(...(await ours(root, "against", ref, child)));
  } else {
    const { peers, absent } = findPeers(child);
    const wanted = options.peers?.map((name) => name.toLowerCase());
    entrants.push(...peers.filter(({ name }) => !wanted || wanted.includes(name.toLowerCase())));
    if (!wanted) missing.push(...absent);
    for (const name of wanted ?? []) {
      if (name !== "none" && !peers.some((peer) => peer.name.toLowerCase() === name))
        missing.push(`no peer ${name} found`);
    }
  }

  const ceiling = await measureCeiling();
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    runtime: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    numerics: options.numerics,
    ceiling,
    missing,
  };
  console.log([facts.date, facts.processor, facts.runtime, facts.numerics].join(" · "));
  for (const [precision, { plain, fused }] of Object.entries(ceiling)) {
    const relaxed = fused ? `${digits(fused / 1e9)} fused` : "fused not accepted by this engine";
    console.log(`ceiling ${precision}: ${digits(plain / 1e9)} GFLOP/s multiply and add, ${relaxed}`);
  }
  for (const line of missing) console.log(line);
  console.log();

  const tasks = new Tasks(options.numerics);
  const measured: Measured[] = [];
  for (const one of cases.filter((one) => options.only.some((word) => selects(word, one)))) {
    const leftOut = entrants.flatMap((entrant) => {
      const why = whyNot(entrant, one, options.quick);
      return why ? [{ entrant, name: entrant.name, why }] : [];
    });
    const able = entrants.filter((entrant) => !leftOut.some((left) => left.entrant === entrant));
    const results = await measure(one, able, tasks.write(one), effortOf(options, one));
    measured.push({ one, results });
    if (options.against) process.stderr.write(`${one.name} measured\n`);
    else console.log(caseTable(one, results, ceiling, leftOut));
  }

  const starts: { name: string; started: Started[] }[] = [];
  if (options.only.includes("start")) {
    for (const name of ["higham", "mnist"]) {
      const one = cases.find((one) => one.name === name)!;
      const able = entrants.filter(({ does }) => does.includes("training") || does.includes(name));
      const started = await measureStart(able, tasks.write(one), options.quick ? 1 : 5);
      starts.push({ name, started });
      console.log(startTable(name, started));
    }
  }

  if (options.against) console.log(againstTable(measured, ref));
  else if (measured.length > 1) console.log(summaryTable(measured, ceiling));
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...facts, measured, starts }, undefined, 1)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await main(options);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
