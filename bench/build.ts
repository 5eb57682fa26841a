// What the bench compiles for itself, into build/bench/.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

/** The top of the project. */
export const top = fileURLToPath(new URL("../", import.meta.url));
const out = join(top, "build/bench");

export const ceilingModule = (name: string) => join(out, `${name}.wasm`);

/** Compiles the ceiling, with and without fused multiply-add. */
export async function buildCeiling(): Promise<void> {
  mkdirSync(out, { recursive: true });
  for (const [name, features] of [
    ["ceiling", ["simd"]],
    ["ceiling-relaxed", ["simd", "relaxed-simd"]],
  ] as const) {
    const enable = features.flatMap((feature) => ["--enable", feature]);
    const options = ["--config", "none", "--runtime", "stub", "-O3", "--noAssert", "--use", "abort=", ...enable];
    const entry = join("bench", "assembly", "ceiling.ts");
    const { error, stderr } = await asc.main([
      entry,
      "--baseDir",
      top,
      "--outFile",
      `build/bench/${name}.wasm`,
      ...options,
    ]);
    if (error) throw new Error(`Cannot compile the ceiling: ${stderr}`);
  }
}

/** The child process that runs a contestant. */
export async function buildChild(): Promise<string> {
  await bundle(top, "child", out);
  return join(out, "child.js");
}

/**
 * Bundles what is measured of this package, against the sources and the built package under `root`: this tree or a worktree
 * of another commit.
 */
export async function buildOurs(root: string, name: string): Promise<{ network: string; products: string }> {
  const folder = join(out, name);
  await bundle(root, "network", folder);
  await bundle(root, "products", folder);
  return { network: join(folder, "network.js"), products: join(folder, "products.js") };
}

async function bundle(root: string, entry: string, outdir: string): Promise<void> {
  await build({
    entryPoints: [join(top, "bench", `${entry}.ts`)],
    outdir,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    loader: { ".wasm": "binary" },
    logLevel: "error",
    plugins: [
      {
        name: "root",
        setup({ onResolve }) {
          // The published file as it is, and the sources that it was built from.
          onResolve({ filter: /^steepest$/ }, () => ({ path: join(root, "dist/index.js"), external: true }));
          onResolve({ filter: /^\.\.\/(src|assembly)\// }, ({ path }) => ({ path: join(root, "bench", path) }));
        },
      },
    ],
  });
}
