// The training program that every runtime runs. It uses the published module only, and no arithmetic of its own whose
// result could differ between engines.
import {
  activation,
  adadelta,
  adagrad,
  adam,
  avgPool2d,
  batchNorm,
  conv2d,
  cosine,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  lbfgs,
  levenbergMarquardt,
  maxPool2d,
  Network,
  nadam,
  normal,
  type Optimizer,
  readFromOpfs,
  reduceOnPlateau,
  rmsprop,
  rprop,
  sgd,
  writeToOpfs,
} from "steepest";
import { CLASSES, POINTS } from "../reference/higham.ts";

export interface Case {
  name: string;
  /** Of all parameters after training, or of the bytes of a file or a checkpoint; in hexadecimal. */
  sha256: string;
  seconds: number;
}

type Precision = "f32" | "f64";

/** Higham & Higham's experiment: one random point a step, 100,000 steps. */
async function higham(precision: Precision) {
  const initial = { weights: normal(0.5), biases: normal(0.5) };
  const net = await Network.create({
    inputs: 2,
    layers: [dense(2, "sigmoid", initial), dense(3, "sigmoid", initial), dense(2, "sigmoid", initial)],
    loss: "meanSquaredError",
    precision,
    seed: 1,
  });
  const history = await net.fit(POINTS, CLASSES, {
    optimizer: sgd({ learningRate: 0.05 }),
    epochs: 10,
    stepsPerEpoch: 10_000,
    batchSize: 1,
    sampling: "withReplacement",
  });
  return { net, loss: history.loss };
}

/** Sizes that are no multiples of a vector, short last batches: 62 epochs of 8 steps and 4 more are 500 steps. */
async function classifier(precision: Precision) {
  const net = await Network.create({
    inputs: 7,
    layers: [dense(33, "relu"), dense(17, "tanh"), dense(5)],
    loss: "softmaxCrossEntropy",
    precision,
    seed: 2,
  });
  const { x, y } = samples();
  const options = { optimizer: sgd({ learningRate: 0.1 }), batchSize: 13 };
  const { loss } = await net.fit(x, y, { ...options, epochs: 62 });
  await net.fit(x, y, { ...options, epochs: 1, stepsPerEpoch: 4 });
  return { net, loss };
}

/** Residues of a prime divided by a power of two, exact in either precision: 100 rows of 7, and classes. */
function samples() {
  const x = Array.from({ length: 100 }, (_, i) =>
    Array.from({ length: 7 }, (_, j) => ((i * i * (j + 3) + 31 * j) % 257) / 256),
  );
  const y = Array.from({ length: 100 }, (_, i) => ((3 * i * i + i) % 101) % 5);
  return { x, y };
}

/** Random masks, statistics of batches, moments, and a rate that follows a cosine: 8 steps an epoch, the last of 9 rows. */
async function regularized(precision: Precision) {
  const net = await Network.create({
    inputs: 7,
    layers: [dense(33), batchNorm(), activation("gelu"), dropout(0.25), dense(17, "elu", { l2: 1e-4 }), dense(5)],
    loss: "softmaxCrossEntropy",
    precision,
    seed: 3,
  });
  const { x, y } = samples();
  const learningRate = cosine({ learningRate: 0.01, epochs: 20, warmUp: 1.5, restarts: true, lengthen: 2 });
  const optimizer = adam({ learningRate, clipGlobalNorm: 0.5, weightDecay: 0.01, decoupled: true });
  const { loss } = await net.fit(x, y, { optimizer, batchSize: 13, epochs: 50 });
  return { net, loss };
}

/** 100 steps on images: convolutions with and without a border, overlapping pools, statistics of channels, masks, flips and crops. */
async function images(precision: Precision) {
  const net = await Network.create({
    inputs: { shape: [9, 7, 3], scale: 1 / 128, offset: -1 },
    layers: [
      conv2d(6, 3, { padding: "same", bias: false }),
      batchNorm(),
      activation("relu"),
      maxPool2d(3, { stride: 2, padding: [0, 1, 1, 0] }),
      depthwiseConv2d(3, { padding: 1, dilation: [2, 1], activation: "tanh" }),
      conv2d(9, [2, 1], { stride: [1, 2], activation: "silu" }),
      avgPool2d(2, { stride: 1, padding: 1, countPadding: true }),
      dropout(0.25, { over: "channels" }),
      flatten(),
      dense(11, "relu"),
      dense(5),
    ],
    loss: "softmaxCrossEntropy",
    precision,
    seed: 5,
  });
  const x = Uint8Array.from({ length: 100 * 189 }, (_, i) => ((i % 189) * (i % 101) + Math.floor(i / 189) ** 2) % 251);
  const { y } = samples();
  const optimizer = adam({ learningRate: 0.01 });
  const { loss } = await net.fit(x, y, { optimizer, batchSize: 20, epochs: 20, augment: { flip: true, crop: 1 } });
  return { net, loss };
}

/** The little-endian bytes of all parameters and statistics: layer by layer. */
function bytes(layers: ReturnType<Network["parameters"]>, precision: Precision) {
  const values = layers.flatMap(({ weights, biases, mean = [], variance = [] }) =>
    [weights, biases, mean, variance].flatMap((list) => Array.from(list)),
  );
  const size = precision === "f32" ? 4 : 8;
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, i) => {
    // Training that does nothing or overflows could be equal everywhere too.
    if (!Number.isFinite(value))
      throw new RangeError(`Cannot compare parameter ${i}: ${value}, expected a finite number`);
    if (precision === "f32") view.setFloat32(i * size, value, true);
    else view.setFloat64(i * size, value, true);
  });
  return view;
}

async function measure(name: string, train: typeof higham, precision: Precision): Promise<Case> {
  const start = performance.now();
  const { net, loss } = await train(precision);
  const seconds = (performance.now() - start) / 1000;
  if (!(loss.at(-1)! < loss[0]!))
    throw new RangeError(`Cannot compare ${name}: loss ${loss[0]} became ${loss.at(-1)}, expected less`);
  return { name: `${name} ${precision}`, sha256: await hash(bytes(net.parameters(), precision)), seconds };
}

async function hash(data: BufferSource): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

declare const process: { getBuiltinModule(name: string): { readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> } };

/** A network saved over another one: to a file beside this program, in browsers to the origin private file system. Read back. */
async function save(): Promise<Case> {
  const start = performance.now();
  const file = new URL("net.safetensors", import.meta.url);
  let saved: Uint8Array | undefined;
  for (const seed of [1, 2]) {
    const net = await Network.create({ inputs: 300, layers: [dense(500), dense(10)], loss: "meanSquaredError", seed });
    if (file.protocol === "file:") {
      await net.saveTo(file);
      saved = await process.getBuiltinModule("node:fs/promises").readFile(file);
    } else {
      await writeToOpfs("net.safetensors", net.save());
      saved = await readFromOpfs("net.safetensors");
    }
    // The file of another run would do for the hash.
    if (saved?.join() !== net.save().join())
      throw new RangeError(`Cannot compare the file: not what was saved, seed ${seed}`);
  }
  return { name: "file", sha256: await hash(saved!.slice()), seconds: (performance.now() - start) / 1000 };
}

const OPTIMIZERS: readonly Optimizer[] = [
  sgd({ learningRate: reduceOnPlateau({ learningRate: 0.1, patience: 0 }), momentum: 0.9 }),
  rmsprop(),
  adagrad(),
  adadelta(),
  adam({ learningRate: cosine({ learningRate: 0.01, epochs: 4, warmUp: 1 }), amsgrad: true }),
  nadam(),
  rprop(),
  lbfgs(),
  levenbergMarquardt(),
];

/** A short training with everything that a checkpoint has to keep: 6 steps an epoch, or 1 of an optimizer that takes all rows. */
async function shortTraining(optimizer: Optimizer) {
  const fullBatch = ["rprop", "lbfgs", "levenbergMarquardt"].includes(optimizer.type);
  const layers = [dense(9, "tanh"), ...(fullBatch ? [] : [batchNorm(), dropout(0.25)]), dense(5)];
  const precision = optimizer.type === "levenbergMarquardt" ? "f64" : "f32";
  const net = await Network.create({ inputs: 7, layers, loss: "meanSquaredError", precision, seed: 4 });
  const { x, y } = samples();
  const options = {
    optimizer,
    epochs: fullBatch ? 20 : 4,
    validationSplit: 0.25,
    metrics: ["meanAbsoluteError", "r2"] as const,
    earlyStopping: { patience: 20, restoreBest: true },
    ...(fullBatch ? {} : { batchSize: 13 }),
  };
  return { net, x, y: y.map((label) => [0, 1, 2, 3, 4].map((i) => Number(i === label))), options };
}

/** The checkpoint of each short training after 9 steps, in the middle of an epoch: base64 by the optimizer's name. */
export async function checkpoints(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const optimizer of OPTIMIZERS) {
    const { net, x, y, options } = await shortTraining(optimizer);
    for await (const { step } of net.train(x, y, { ...options, every: 1 })) if (step === 9) break;
    files[optimizer.type] = btoa(Array.from(net.checkpoint(), (byte) => String.fromCharCode(byte)).join(""));
  }
  return files;
}

/** A short training that goes on from another runtime's checkpoint, which has to end as one in this runtime alone. */
async function resume(optimizer: Optimizer, file: string): Promise<Case> {
  const start = performance.now();
  const { net, x, y, options } = await shortTraining(optimizer);
  const resumed = await Network.resume(Uint8Array.from(atob(file), (character) => character.charCodeAt(0)));
  if (resumed.step !== 9) throw new RangeError(`Cannot resume ${optimizer.type}: step ${resumed.step}, expected 9`);
  await resumed.fit(x, y, options);
  await net.fit(x, y, options);
  const [sha256, whole] = [await hash(resumed.checkpoint().slice()), await hash(net.checkpoint().slice())];
  if (sha256 !== whole)
    throw new RangeError(`Cannot resume ${optimizer.type}: ended with ${sha256}, in one piece with ${whole}`);
  return { name: `resumed, ${optimizer.type}`, sha256, seconds: (performance.now() - start) / 1000 };
}

/** Runs every case once. `files` are what `checkpoints` returned elsewhere. */
export async function run(files: Readonly<Record<string, string>>): Promise<Case[]> {
  const resumed: Case[] = [];
  for (const optimizer of OPTIMIZERS) resumed.push(await resume(optimizer, files[optimizer.type]!));
  return [
    await measure("2-2-3-2", higham, "f32"),
    await measure("2-2-3-2", higham, "f64"),
    await measure("7-33-17-5", classifier, "f32"),
    await measure("7-33-17-5", classifier, "f64"),
    await measure("dropout, batchNorm, adam, cosine", regularized, "f32"),
    await measure("dropout, batchNorm, adam, cosine", regularized, "f64"),
    await measure("images", images, "f32"),
    await measure("images", images, "f64"),
    await save(),
    ...resumed,
  ];
}
