import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { top } from "./build.ts";
import type { Case } from "./cases.ts";

/** Whom the bench measures: a command that speaks as `contestant.ts` says, once the path of its task is appended. */
export interface Entrant {
  name: string;
  version: string;
  command: string;
  args: readonly string[];
  /** The names of the cases that it can do, or their groups. */
  does: readonly string[];
  /** Why it is left out of cases, by their names or groups. */
  lacks?: Readonly<Record<string, string>>;
  /** The names of the cases that it takes seconds for a step of: left out where there is no time. */
  slow?: readonly string[];
}

/** Why it is left out of a case that peers of its kind could do. */
export function whyNot({ lacks, slow }: Entrant, { name, group }: Case, quick: boolean): string | undefined {
  return lacks?.[name] ?? lacks?.[group] ?? (quick && slow?.includes(name) ? "takes seconds for a step" : undefined);
}

export function canDo({ does }: Entrant, { name, group }: Case): boolean {
  return does.includes(name) || does.includes(group);
}

/** A module for child.js as an entrant. */
export function entrant(
  child: string,
  name: string,
  version: string,
  module: string,
  does: readonly string[],
): Entrant {
  return { name, version, command: process.execPath, args: [child, module], does };
}

const folder = join(top, "bench/peers");

/** A peer: the file that runs it, and the package that has to be there. */
interface Peer extends Pick<Entrant, "name" | "does" | "lacks" | "slow"> {
  file: string;
  library: string;
}

const networks = ["training", "prediction"];
const noConvolutions = { convolutions: "has no convolutions" };

const SCRIPTS: readonly Peer[] = [
  {
    name: "tfjs cpu",
    file: "tfjsCpu.js",
    library: "@tensorflow/tfjs",
    does: [...networks, "lenet5-b64"],
    lacks: { "cifar-quick-b100": "takes minutes for a step" },
    slow: ["lenet5-b64"],
  },
  {
    name: "tfjs wasm",
    file: "tfjsWasm.js",
    library: "@tensorflow/tfjs",
    does: networks,
    lacks: { convolutions: "has no gradient of filters" },
  },
  {
    name: "jax-js",
    file: "jax.js",
    library: "@jax-js/jax",
    does: [...networks, "convolutions"],
    slow: ["cifar-quick-b100"],
  },
  {
    name: "ConvNetJS",
    file: "convnet.js",
    library: "convnetjs",
    does: [...networks, "convolutions"],
    slow: ["cifar-quick-b100"],
  },
  { name: "brain.js", file: "brain.js", library: "brain.js", does: ["higham", "online"], lacks: noConvolutions },
  { name: "synaptic", file: "synaptic.js", library: "synaptic", does: ["higham", "online"], lacks: noConvolutions },
];

const PYTHON: readonly Peer[] = [
  { name: "PyTorch", file: "pytorch.py", library: "torch", does: [...networks, "convolutions", "products"] },
  { name: "scikit-learn", file: "scikitLearn.py", library: "sklearn", does: networks, lacks: noConvolutions },
];

/** The peers that are installed, and a line for each that is not. */
export function findPeers(child: string): { peers: Entrant[]; absent: string[] } {
  const peers: Entrant[] = [];
  const absent: string[] = [];
  for (const { name, file, library, ...rules } of SCRIPTS) {
    const manifest = join(folder, "node_modules", library, "package.json");
    if (!existsSync(manifest)) absent.push(`${name} is not installed: npm run bench:peers`);
    else {
      const { version } = JSON.parse(readFileSync(manifest, "utf8"));
      peers.push({ ...entrant(child, name, version, join(folder, file), rules.does), ...rules });
    }
  }
  for (const { name, file, library, ...rules } of PYTHON) {
    const python = findPython(library);
    if (!python)
      absent.push(`${name} is not installed: apt-get install python3-${library}, or another python3 on the PATH`);
    else peers.push({ name, version: python.version, command: python.path, args: [join(folder, file)], ...rules });
  }
  return { peers, absent };
}

/** The python3 on the PATH or the system's, whichever has the library. */
function findPython(library: string): { path: string; version: string } | undefined {
  for (const path of ["python3", "/usr/bin/python3"]) {
    try {
      const args = ["-c", `import ${library}; print(${library}.__version__)`];
      const version = execFileSync(path, args, {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 60_000,
      });
      return { path, version: version.trim() };
    } catch {
      // No such python, or it lacks the library: the next may have it.
    }
  }
  return undefined;
}
