// Builds everything under build/ (the wasm of each target) and dist/ (what is published, but for the declarations).
import { copyFileSync, mkdirSync } from "node:fs";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

/** Compiles one wasm module: an entry, with the options of a target of asconfig.json, to build/NAME.wasm. */
async function compile(target, entry = "assembly/index.ts", name = target) {
  const files = ["--outFile", `build/${name}.wasm`, "--textFile", `build/${name}.wat`];
  const { error, stderr } = await asc.main([entry, "--target", target, ...files]);
  if (error) {
    process.stderr.write(stderr.toString());
    process.exit(1);
  }
}

mkdirSync("dist", { recursive: true });
await compile("simd");
await compile("debug");
await compile("relaxed");
await compile("simd", "test/assembly/math.ts", "math");
await compile("simd", "test/assembly/random.ts", "random");
copyFileSync("build/simd.wasm", "dist/core.wasm");

/** The relaxed core is a module of its own, loaded when it is asked for. */
const apart = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/relaxed\.ts$/ }, () => ({ path: "./relaxed.js", external: true }));
  },
};

for (const name of ["index", "relaxed"]) {
  await build({
    entryPoints: [`src/${name}.ts`],
    outfile: `dist/${name}.js`,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    // Names stay and lines are short: an error shows where it was thrown, not the whole file.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 120,
    sourcemap: "linked",
    loader: { ".wasm": "binary" },
    plugins: [apart],
    logLevel: "warning",
  });
}
