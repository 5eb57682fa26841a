// Builds everything under build/ (the wasm of each target) and dist/ (what is published, but for the declarations).
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
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

/**
 * What is bundled, by its place in src/, with the wasm that it holds: the package, whitening beside it, and what a dynamic import asks
 * for, which holds all that it imports itself.
 */
const BUNDLES = {
  index: "simd",
  zca: undefined,
  relaxed: "relaxed",
  search: undefined,
  disk: undefined,
  "optimizers/iterations": undefined,
  stream: undefined,
};
const apart = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path, kind }) => {
      if (kind === "dynamic-import") return { path: `./${basename(path, ".ts")}.js`, external: true };
    });
  },
};

/**
 * A wasm module as a string, one character for each byte, which compresses by a third better than base64: (86 − byte) mod 256 + 35, so
 * that no character is a quote, a line end or one that UTF-8 needs three bytes for; of 86 and the other numbers it came out smallest,
 * gzipped. It stands behind the code, in a function, which may be called before: a gap of 100 KB in the code would keep gzip from
 * what is before it.
 */
const text = (path) =>
  JSON.stringify(Array.from(readFileSync(path), (byte) => String.fromCharCode(((86 - byte) & 255) + 35)).join(""));
const inlined = {
  name: "inlined",
  setup({ onLoad }) {
    onLoad({ filter: /\.wasm$/ }, () => ({
      contents: `const text = steepestCore();
        const bytes = new Uint8Array(text.length);
        for (let i = 0; i < bytes.length; i++) bytes[i] = 121 - text.charCodeAt(i);
        export default bytes;`,
    }));
  },
};

/** The licences of the packages that a bundle contains, as comments; nothing where it contains none. */
function notices({ inputs }) {
  const names = Object.keys(inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  return [...new Set(names.filter(Boolean))]
    .sort()
    .map((name) => `/*! ${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n*/\n`)
    .join("");
}

/** Classes are told apart by what made them, and the core is large: neither may be in two bundles. */
const ONCE = ["src/errors.ts", "src/network.ts", "build/simd.wasm"];

for (const [name, core] of Object.entries(BUNDLES)) {
  const outfile = `dist/${basename(name)}.js`;
  const { metafile } = await build({
    entryPoints: [`src/${name}.ts`],
    outfile,
    metafile: true,
    // Its source: what the package exports is one file, with other packages in it and nothing to leave out.
    alias: { "ml-matrix": "./node_modules/ml-matrix/src/index.js" },
    charset: "utf8",
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    // Lines are short: an error shows where it was thrown, not the whole file. Half as long they would take 0.5 KB more, gzipped.
    minify: true,
    lineLimit: 1000,
    sourcemap: "linked",
    plugins: [apart, inlined],
    footer: core && { js: `function steepestCore(){return${text(`build/${core}.wasm`)}}` },
    logLevel: "warning",
  });
  const { inputs } = metafile.outputs[outfile];
  const twice = ONCE.filter((file) => !["index", "zca"].includes(name) && inputs[file]?.bytesInOutput > 0);
  if (twice.length > 0) throw new Error(`${outfile} holds ${twice.join(", ")}, as dist/index.js does`);
  const licences = notices(metafile);
  if (licences) {
    const bundle = readFileSync(outfile, "utf8");
    writeFileSync(
      outfile,
      bundle.replace("//# sourceMappingURL", (mapping) => `${licences}${mapping}`),
    );
  }
}
