// Builds everything under build/ (the wasm of each target) and dist/ (what is published, but for the declarations).
import { copyFileSync, mkdirSync } from "node:fs";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

/** Compiles one wasm module: a target of asconfig.json, from its entry or from the one given. */
async function compile(target, ...options) {
  const { error, stderr } = await asc.main(["--target", target, ...options]);
  if (error) {
    process.stderr.write(stderr.toString());
    process.exit(1);
  }
}

mkdirSync("dist", { recursive: true });
await compile("simd");
await compile("debug");
await compile("simd", "test/assembly/math.ts", "--outFile", "build/math.wasm", "--textFile", "build/math.wat");
await compile("simd", "test/assembly/random.ts", "--outFile", "build/random.wasm", "--textFile", "build/random.wat");
copyFileSync("build/simd.wasm", "dist/core.wasm");

await build({
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  minify: true,
  keepNames: false,
  sourcemap: "linked",
  loader: { ".wasm": "binary" },
  logLevel: "warning",
});
