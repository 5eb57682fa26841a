import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const built = (target: string) => fileURLToPath(new URL(`build/${target}.wasm`, import.meta.url));

/** Loads `*.wasm` as bytes, as the bundle does; the core is that of the named target. */
function wasm(target: string) {
  return {
    name: "wasm",
    enforce: "pre" as const,
    resolveId(id: string) {
      if (id.endsWith("build/simd.wasm")) return built(target);
      return undefined;
    },
    load(id: string) {
      if (!id.endsWith(".wasm")) return undefined;
      const base64 = readFileSync(id).toString("base64");
      return `export default Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0))`;
    },
  };
}

const relaxedOnly = "test/relaxed/relaxed.test.ts";

// One suite runs on every build of the core.
const suites: Record<string, { include: string[]; exclude: string[] }> = {
  simd: { include: ["test/**/*.test.ts"], exclude: [relaxedOnly] },
  // What is slow because it trains for long is left to the build that is published.
  debug: {
    include: ["test/**/*.test.ts"],
    exclude: [relaxedOnly, "test/experiments/**", "test/files.test.ts", "test/math/**"],
  },
  // Without what compares bits with a reference that rounds each product: true of the reproducible builds alone.
  relaxed: {
    include: ["test/kernels/**/*.test.ts", "test/network/**/*.test.ts", relaxedOnly],
    exclude: ["adam", "batch", "decay", "dense", "depthwiseConv2d", "descent", "penalty", "updates"].map(
      (kernel) => `test/kernels/${kernel}.test.ts`,
    ),
  },
};

// Node 20 does not know the instructions of the relaxed build.
if (!WebAssembly.validate(readFileSync(built("relaxed")))) delete suites.relaxed;

export default defineConfig({
  test: {
    projects: Object.entries(suites).map(([target, files]) => ({
      plugins: [wasm(target)],
      test: { name: target, ...files, testTimeout: 120_000 },
    })),
  },
});
