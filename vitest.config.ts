import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Loads `*.wasm` as bytes, as the bundle does; the core is that of the named target. */
function wasm(target: string) {
  return {
    name: "wasm",
    enforce: "pre" as const,
    resolveId(id: string) {
      if (id.endsWith("build/simd.wasm")) return fileURLToPath(new URL(`build/${target}.wasm`, import.meta.url));
      return undefined;
    },
    load(id: string) {
      if (!id.endsWith(".wasm")) return undefined;
      const base64 = readFileSync(id).toString("base64");
      return `export default Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0))`;
    },
  };
}

// One suite runs on every build of the core. What is slow because it trains for long is left to the one that is published.
export default defineConfig({
  test: {
    projects: ["simd", "debug"].map((target) => ({
      plugins: [wasm(target)],
      test: {
        name: target,
        include: ["test/**/*.test.ts"],
        exclude: target === "debug" ? ["test/experiments/**", "test/math/**"] : [],
        env: { STEEPEST_CORE: target },
        testTimeout: 120_000,
      },
    })),
  },
});
