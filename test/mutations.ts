// Whether the tests see a wrong sign: `npm run test:mutations`, or `npx tsx test/mutations.ts loss optimizer/adam` for the files whose
// names begin so. Changes one operator at a time in a copy of the kernels, builds the core from it and runs the tests that should
// fail, file by file until one does. Prints what was changed and the test that saw it; ends with 1 where none did.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Mutation {
  /** Below assembly/. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files below test/, without ".test.ts". */
  readonly tests: readonly string[];
}

/** What is read of vitest's report. */
interface Result {
  readonly testResults: { readonly assertionResults: { readonly status: string; readonly fullName: string }[] }[];
}

const inFile = (
  file: string,
  tests: readonly string[],
  changes: readonly (readonly [find: string, replace: string])[],
) => changes.map(([find, replace]): Mutation => ({ file: `${file}.ts`, find, replace, tests }));

const GRADIENTS = "network/gradients";
const DENSE = [`${GRADIENTS}/losses`, `${GRADIENTS}/training`, "kernels/dense"];
const CONVOLUTIONS = ["kernels/conv2dDerivatives", "kernels/conv2d"];
const ACTIVATIONS = [`${GRADIENTS}/derivatives`, "kernels/activation"];
const LOSSES = [`${GRADIENTS}/losses`, "kernels/loss"];
const NORMALISATIONS = [`${GRADIENTS}/layers`, `${GRADIENTS}/training`, "kernels/batchNorm"];
const UPDATES = ["kernels/updates"];
const CLIPS = ["kernels/clip"];

const MUTATIONS: readonly Mutation[] = [
  // D_X = D_Z·Wᵀ of many rows and of one
  ...inFile("matmul/panel", DENSE, [
    [
      "v128.store(to, v128.shuffle<i64>(r0, r1, 0, 2));",
      "v128.store(to, v128.neg<T>(v128.shuffle<i64>(r0, r1, 0, 2)));",
    ],
    ["r < rows ? load<T>(from) : 0", "r < rows ? -load<T>(from) : 0"],
  ]),
  ...inFile("matmul/row", DENSE, [
    ["v128.shuffle<i64>(r0, r1, 0, 2), sum)", "v128.shuffle<i64>(r0, r1, 0, 2), v128.neg<T>(sum))"],
    ["mulAdd<T>(x, v128.load(b + j), zero)", "v128.sub<T>(zero, v128.mul<T>(x, v128.load(b + j)))"],
  ]),
  // D_W = Xᵀ·D_Z over blocks of rows, and the descent along it
  ...inFile("matmul", DENSE, [["accumulate || first > 0", "accumulate && first > 0"]]),
  ...inFile(
    "matmul/tile",
    ["kernels/descent"],
    [["v128.sub<T>(v128.load(w), v128.mul<T>(rate, g))", "v128.add<T>(v128.load(w), v128.mul<T>(rate, g))"]],
  ),
  // D_B = Σ D_Z
  ...inFile("matmul/sums", DENSE, [
    ["s0 = v128.add<T>(s0, v128.load(at))", "s0 = v128.sub<T>(s0, v128.load(at))"],
    ["sum = v128.add<T>(sum, v128.load(at))", "sum = v128.sub<T>(sum, v128.load(at))"],
  ]),
  ...inFile("dense", DENSE, [["r.gradient == Gradient.Accumulate", "r.gradient != Gradient.Accumulate"]]),

  ...inFile("conv2d", CONVOLUTIONS, [
    ["r.gradient == Gradient.Accumulate", "r.gradient != Gradient.Accumulate"],
    ["accumulate || p > 0", "accumulate && p > 0"],
  ]),
  ...inFile("conv2d/tile", CONVOLUTIONS, [
    ["c31 = mulAdd<T>(x, b1, c31)", "c31 = mulAdd<T>(x, v128.neg<T>(b1), c31)"],
    [
      "c0 = mulAdd<T>(v128.load_splat<T>(a0 + o), x, c0)",
      "c0 = v128.sub<T>(c0, v128.mul<T>(v128.load_splat<T>(a0 + o), x))",
    ],
  ]),
  ...inFile("conv2d/scatter", CONVOLUTIONS, [["v128.add<T>(v128.load(c), sum)", "v128.sub<T>(v128.load(c), sum)"]]),
  ...inFile("conv2d/inputGradient", CONVOLUTIONS, [
    ["let ky = w.kernelHeight - 1; ky >= 0; ky--", "let ky = 0; ky < w.kernelHeight; ky++"],
    ["above + w.height", "above - w.height"],
  ]),
  ...inFile("conv2d/image", CONVOLUTIONS, [["(w.outWidth - 1) * w.strideX +", "(w.outWidth - 1) * w.strideX -"]]),

  ...inFile(
    "depthwiseConv2d",
    ["kernels/depthwiseConv2d"],
    [
      ["product == Product.Input ? r.kernelWidth - 1 - k : k", "k"],
      ["if (stored && r.db) columnSums", "if (stored && !r.db) columnSums"],
      ["v128.load(xAt, 16), v128.load(zAt, 16), s1)", "v128.load(xAt, 16), v128.load(zAt, 16), s0)"],
    ],
  ),
  ...inFile(
    "maxPool2d",
    ["kernels/maxPool2d"],
    [
      ["v128.le<T>(value, best)", "v128.ge<T>(value, best)"],
      ["v128.add<T>(v128.load(dx + c), won)", "v128.sub<T>(v128.load(dx + c), won)"],
    ],
  ),
  ...inFile(
    "avgPool2d",
    ["kernels/avgPool2d"],
    [
      ["min(kernel, size + after - begin)", "min(kernel, size - after - begin)"],
      ["v128.add<T>(v128.load(dx + c), v128.div", "v128.sub<T>(v128.load(dx + c), v128.div"],
    ],
  ),
  ...inFile(
    "globalAvgPool",
    ["kernels/globalAvgPool"],
    [["v128.div<T>(v128.load(x + at), divisor)", "v128.mul<T>(v128.load(x + at), divisor)"]],
  ),
  ...inFile(
    "window/segment",
    ["kernels/depthwiseConv2d", "kernels/maxPool2d"],
    [
      ["(step - 1 - begin) / step", "(step + 1 - begin) / step"],
      ["ox * r.strideX - r.left + kx", "ox * r.strideX + r.left + kx"],
    ],
  ),

  ...inFile("activation/relu", ACTIVATIONS, [
    ["v128.le<T>(v128.load(a + i), zero)", "v128.gt<T>(v128.load(a + i), zero)"],
  ]),
  ...inFile("activation/tanh", ACTIVATIONS, [
    ["v128.sub<T>(one, v128.mul<T>(x, x))", "v128.add<T>(one, v128.mul<T>(x, x))"],
  ]),
  ...inFile("activation/sigmoid", ACTIVATIONS, [["v128.sub<T>(one, x)", "v128.add<T>(one, x)"]]),
  ...inFile("activation/leakyRelu", ACTIVATIONS, [
    ["v128.le<T>(v128.load(a + i), zero)", "v128.gt<T>(v128.load(a + i), zero)"],
    ["v128.mul<T>(slope, d)", "v128.mul<T>(v128.neg<T>(slope), d)"],
  ]),
  ...inFile("activation/elu", ACTIVATIONS, [["v128.add<T>(x, below)", "v128.sub<T>(x, below)"]]),
  ...inFile("activation/gelu", ACTIVATIONS, [
    ["v128.sub<T>(tailRatio<T>(u), v128.mul", "v128.add<T>(tailRatio<T>(u), v128.mul"],
    ["v128.sub<T>(one, left)", "v128.add<T>(one, left)"],
    ["v128.lt<T>(x, zero)", "v128.gt<T>(x, zero)"],
  ]),
  ...inFile("activation/geluTanh", ACTIVATIONS, [
    ["v128.sub<T>(one, s)", "v128.add<T>(one, s)"],
    ["v128.add<T>(linear, v128.mul<T>(three, square))", "v128.sub<T>(linear, v128.mul<T>(three, square))"],
    ["v128.add<T>(one, rise)", "v128.sub<T>(one, rise)"],
  ]),
  ...inFile("activation/silu", ACTIVATIONS, [
    ["v128.add<T>(one, v128.mul<T>(x,", "v128.sub<T>(one, v128.mul<T>(x,"],
    ["v128.sub<T>(one, s)", "v128.add<T>(one, s)"],
  ]),
  ...inFile("activation/softplus", ACTIVATIONS, [
    ["sigmoid<T>(v128.load(z + i))", "sigmoid<T>(v128.neg<T>(v128.load(z + i)))"],
  ]),
  ...inFile("activation/hardSigmoid", ACTIVATIONS, [
    ["v128.or(v128.le<T>(y, zero)", "v128.or(v128.ge<T>(y, zero)"],
    ["v128.ge<T>(y, one)", "v128.le<T>(y, one)"],
    ["v128.mul<T>(slope, v128.load(da + i))", "v128.div<T>(slope, v128.load(da + i))"],
  ]),
  ...inFile("activation/softmax", ACTIVATIONS, [
    ["v128.sub<T>(v128.load(da + at), mean)", "v128.add<T>(v128.load(da + at), mean)"],
    ["sum += <f64>load<T>(da + at)", "sum -= <f64>load<T>(da + at)"],
  ]),

  ...inFile("loss/meanSquaredError", LOSSES, [
    ["v128.mul<T>(factor, difference)", "v128.mul<T>(v128.neg<T>(factor), difference)"],
  ]),
  ...inFile("loss/meanAbsoluteError", LOSSES, [
    ["v128.bitselect(v128.neg<T>(factor), above", "v128.bitselect(factor, above"],
  ]),
  ...inFile("loss/huber", LOSSES, [["const lowest = v128.neg<T>(highest)", "const lowest = highest"]]),
  ...inFile("loss/poisson", LOSSES, [["v128.sub<T>(mean, y)", "v128.add<T>(mean, y)"]]),
  ...inFile("loss/hinge", LOSSES, [
    ["v128.mul<T>(v128.neg<T>(factor), t)", "v128.mul<T>(factor, t)"],
    ["v128.le<T>(missing, zero)", "v128.ge<T>(missing, zero)"],
  ]),
  ...inFile("loss/binaryCrossEntropy", LOSSES, [["v128.sub<T>(sigmoid<T>(z), y)", "v128.add<T>(sigmoid<T>(z), y)"]]),
  ...inFile("loss/softmaxCrossEntropy", LOSSES, [
    ["v128.sub<T>(p, v128.load(targets", "v128.add<T>(p, v128.load(targets"],
  ]),

  ...inFile(
    "dropout",
    ["network/layers", `${GRADIENTS}/training`, "kernels/dropout"],
    [
      ["v128.mul<T>(v128.load(x), m)", "v128.div<T>(v128.load(x), m)"],
      ["1 / (1 - r.rate)", "1 / (1 + r.rate)"],
      ["return i32x4.ge_u(", "return i32x4.lt_u("],
      ["i64x2.extend_low_i32x4_s(i32x4.ge_u(", "i64x2.extend_low_i32x4_s(i32x4.lt_u("],
    ],
  ),

  ...inFile("batchNorm", NORMALISATIONS, [
    ["v128.load(sums + at)), common)", "v128.load(sums + at)), v128.neg<T>(common))"],
    ["v128.sub<T>(v128.load(da + at), v128.load(sums + at))", "v128.add<T>(v128.load(da + at), v128.load(sums + at))"],
    ["v128.mul<T>(v128.load(scale + at), d)", "v128.div<T>(v128.load(scale + at), d)"],
  ]),
  ...inFile("batchNorm/rows", NORMALISATIONS, [
    ["v128.add<T>(v128.load(products + at), product)", "v128.sub<T>(v128.load(products + at), product)"],
    ["v128.add<T>(v128.load(sums + at), d)", "v128.sub<T>(v128.load(sums + at), d)"],
    [
      "v128.mul<T>(v128.load(gamma + at), v128.load(inverse + at))",
      "v128.div<T>(v128.load(gamma + at), v128.load(inverse + at))",
    ],
  ]),
  ...inFile("batchNorm/apply", NORMALISATIONS, [
    [
      "v128.mul<T>(v128.load(scale + at), v128.load(da + at))",
      "v128.div<T>(v128.load(scale + at), v128.load(da + at))",
    ],
  ]),
  ...inFile("batchNorm/commit", NORMALISATIONS, [
    ["1 - r.momentum", "1 + r.momentum"],
    ["(n - 1)", "(n + 1)"],
    ["v128.add<T>(kept, ", "v128.sub<T>(kept, "],
  ]),
  ...inFile(
    "layerNorm",
    [`${GRADIENTS}/layers`, "kernels/layerNorm"],
    [
      ["v128.sub<T>(g, common)", "v128.add<T>(g, common)"],
      ["v128.load(da + at)), delta)", "v128.load(da + at)), v128.neg<T>(delta))"],
      ["v128.add<T>(v128.load(products + at), v128.mul", "v128.sub<T>(v128.load(products + at), v128.mul"],
      ["v128.add<T>(v128.load(sums + at), d)", "v128.sub<T>(v128.load(sums + at), d)"],
    ],
  ),

  ...inFile("optimizer/momentum", UPDATES, [
    ["mulAdd<T>(mu, v128.load(velocity + i), g)", "mulAdd<T>(mu, v128.load(velocity + i), v128.neg<T>(g))"],
    ["mulAdd<T>(mu, v, g)", "mulAdd<T>(mu, v, v128.neg<T>(g))"],
  ]),
  ...inFile("optimizer/rmsprop", UPDATES, [
    ["all<T>(1 - r.rho)", "all<T>(1 + r.rho)"],
    ["v128.sub<T>(v, v128.mul<T>(m, m))", "v128.add<T>(v, v128.mul<T>(m, m))"],
    ["v128.load(buffer + i), step)", "v128.load(buffer + i), v128.neg<T>(step))"],
  ]),
  ...inFile("optimizer/adagrad", UPDATES, [
    ["v128.add<T>(v128.sqrt<T>(v), epsilon)", "v128.sub<T>(v128.sqrt<T>(v), epsilon)"],
  ]),
  ...inFile("optimizer/adadelta", UPDATES, [
    ["v128.sqrt<T>(v128.add<T>(v, epsilon))", "v128.sqrt<T>(v128.sub<T>(v, epsilon))"],
    ["v128.add<T>(u, epsilon)", "v128.sub<T>(u, epsilon)"],
    ["all<T>(1 - r.rho)", "all<T>(1 + r.rho)"],
  ]),
  ...inFile(
    "optimizer/adam",
    ["kernels/adam", ...UPDATES],
    [
      ["v128.sub<T>(v128.load(w + i), v128.div", "v128.add<T>(v128.load(w + i), v128.div"],
      ["(1 - powInteger(r.beta1, t))", "(1 + powInteger(r.beta1, t))"],
      ["(1 - powInteger(r.beta2, t))", "(1 + powInteger(r.beta2, t))"],
      ["all<T>(1 - r.beta1)", "all<T>(1 + r.beta1)"],
      ["v128.max<T>(v128.load(most + i), v1)", "v128.min<T>(v128.load(most + i), v1)"],
    ],
  ),
  ...inFile("optimizer/nadam", UPDATES, [
    ["v128.sub<T>(v128.load(w + i), step)", "v128.add<T>(v128.load(w + i), step)"],
    ["(1 - 0.5 * powInteger(r.base, stepsOf(r.clock)))", "(1 + 0.5 * powInteger(r.base, stepsOf(r.clock)))"],
    ["(1 - product * next)", "(1 + product * next)"],
    ["(1 - mu)", "(1 + mu)"],
  ]),
  ...inFile("optimizer/rprop", UPDATES, [
    ["v128.sub<T>(v128.load(w + i), v128.mul", "v128.add<T>(v128.load(w + i), v128.mul"],
    ["const turned = v128.lt<T>", "const turned = v128.gt<T>"],
    ["v128.mul<T>(increase, size)", "v128.div<T>(increase, size)"],
  ]),

  ...inFile(
    "optimizer/penalty",
    [`${GRADIENTS}/layers`, "kernels/penalty"],
    [
      ["value += r.l1", "value -= r.l1"],
      ["value += r.l2", "value -= r.l2"],
      ["2 * r.l2 * share", "-2 * r.l2 * share"],
      ["all<T>(r.l1 * share)", "all<T>(-r.l1 * share)"],
      ["0 : weight / cursor.divisor", "0 : weight * cursor.divisor"],
      ["v128.and(x, signBit)", "v128.and(v128.neg<T>(x), signBit)"],
    ],
  ),
  ...inFile(
    "optimizer/decay",
    ["kernels/decay"],
    [
      ["mulAdd<T>(lambda, v128.load(w + i)", "mulAdd<T>(v128.neg<T>(lambda), v128.load(w + i)"],
      ["1 - load<f64>(r.rate)", "1 + load<f64>(r.rate)"],
    ],
  ),
  ...inFile("optimizer/clip", CLIPS, [
    ["least = v128.neg<T>(most)", "least = most"],
    ["load<f64>(r.sum) + squares", "load<f64>(r.sum) - squares"],
    ["norm <= r.limit", "norm >= r.limit"],
    ["r.limit / norm", "norm / r.limit"],
  ]),
  ...inFile(
    "optimizer/maxNorm",
    ["kernels/maxNorm"],
    [
      ["norm <= r.limit", "norm >= r.limit"],
      ["r.limit / norm", "norm / r.limit"],
      ["f64x2.add(v128.load(sums)", "f64x2.sub(v128.load(sums)"],
    ],
  ),
  ...inFile("optimizer/tick", ["kernels/tick"], [["load<f64>(cell) * rate", "load<f64>(cell) / rate"]]),
  ...inFile(
    "augment",
    ["kernels/augment"],
    [
      ["cursor.position - cursor.begin", "cursor.position"],
      ["<i32>down - r.padding", "<i32>across - r.padding"],
      ["flipped ? r.width - end : begin", "begin"],
      ["max(-left, 0)", "max(left, 0)"],
      ["from -= pixel", "from += pixel"],
    ],
  ),
];

const wanted = process.argv.slice(2);
const mutations = MUTATIONS.filter(({ file }) => wanted.length === 0 || wanted.some((start) => file.startsWith(start)));

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "mutations-"));

/** Builds the core of the copy, less optimised than the published one: the same numbers, sooner. */
function build(): void {
  const options = ["--target", "simd", "--optimizeLevel", "1", "--outFile", "build/simd.wasm"];
  execFileSync(process.execPath, ["node_modules/assemblyscript/bin/asc.js", "assembly/index.ts", ...options], {
    cwd: copy,
  });
}

/** Runs test files of the copy until a test fails, and returns its title. */
function failure(tests: readonly string[]): string | undefined {
  for (const test of tests) {
    const options = ["--project", "simd", "--bail", "1", "--reporter", "json", "--outputFile", "result.json"];
    rmSync(join(copy, "result.json"), { force: true });
    spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...options, `test/${test}.test.ts`], {
      cwd: copy,
    });
    const { testResults } = JSON.parse(readFileSync(join(copy, "result.json"), "utf8")) as Result;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = results.find(({ status }) => status === "failed");
    if (failed) return `${test}: ${failed.fullName}`;
    if (!results.some(({ status }) => status === "passed")) throw new Error(`${test} has no tests`);
  }
  return undefined;
}

/** Tries a mutation. Returns whether no test saw it. */
function survives({ file, find, replace, tests }: Mutation): boolean {
  const path = join(copy, "assembly", file);
  const source = readFileSync(path, "utf8");
  const [before, ...after] = source.split(find);
  console.log(`${file}:${before!.split("\n").length}  ${find} → ${replace}`);
  if (after.length !== 1) {
    console.log(`  FOUND ${after.length} TIMES`);
    return true;
  }
  writeFileSync(path, `${before}${replace}${after[0]}`);
  build();
  const failed = failure(tests);
  writeFileSync(path, source);
  console.log(failed ? `  caught by ${failed}` : "  NOT CAUGHT");
  return !failed;
}

try {
  for (const name of ["assembly", "build", "src", "test", "asconfig.json", "package.json", "vitest.config.ts"]) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  build();
  const failed = failure([...new Set(mutations.flatMap(({ tests }) => tests))]);
  if (failed) throw new Error(`Without a change fails ${failed}`);
  const survivors = mutations.filter(survives);
  console.log(`${mutations.length - survivors.length} of ${mutations.length} caught`);
  process.exitCode = survivors.length > 0 ? 1 : 0;
} finally {
  rmSync(copy, { recursive: true });
}
