// Builds everything under build/ (the wasm of each target) and dist/ (what is published, but for the declarations).
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/**
 * A wasm module as a string, one character for each byte, which compresses by a third better than base64: byte + 35, so that no
 * character is a quote, a line end or one that UTF-8 needs three bytes for. It is put in last: the limit of lines would break it up.
 */
const text = (path) =>
  JSON.stringify(Array.from(readFileSync(path), (byte) => String.fromCharCode(byte + 35)).join(""));
const PLACE = "@core";
const inlined = {
  name: "inlined",
  setup({ onLoad }) {
    onLoad({ filter: /\.wasm$/ }, () => ({
      contents: `const text = "${PLACE}";
        const bytes = new Uint8Array(text.length);
        for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i) - 35;
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

/** What is bundled, and the core that goes into it; whitening has none. */
const BUNDLES = { index: "simd", relaxed: "relaxed", zca: undefined };

for (const [name, core] of Object.entries(BUNDLES)) {
  const { outputFiles, metafile } = await build({
    entryPoints: [`src/${name}.ts`],
    outfile: `dist/${name}.js`,
    write: false,
    metafile: true,
    // Its source: what the package exports is one file, with other packages in it and nothing to leave out.
    alias: { "ml-matrix": "./node_modules/ml-matrix/src/index.js" },
    charset: "utf8",
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    // Lines are short: an error shows where it was thrown, not the whole file.
    minify: true,
    lineLimit: 500,
    sourcemap: "linked",
    plugins: [apart, inlined],
    logLevel: "warning",
  });
  for (const { path, text: contents } of outputFiles) {
    writeFileSync(
      path,
      path.endsWith(".js")
        ? contents
            .replace(`"${PLACE}"`, () => text(`build/${core}.wasm`))
            .replace("//# sourceMappingURL", (mapping) => `${notices(metafile)}${mapping}`)
        : contents,
    );
  }
}
