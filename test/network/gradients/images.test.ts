import { describe, expect, test } from "vitest";
import {
  activation,
  avgPool2d,
  batchNorm,
  type ConvolutionOptions,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  globalAvgPool,
  type Layer,
  layerNorm,
  maxPool2d,
  Network,
  normal,
  sgd,
} from "../../../src/index.ts";
import { seeded } from "../../reference/seeded.ts";
import { differences, expectAgree, flat, type Net, parameterDifferences, scatter } from "./differences.ts";

// BP2 through images: a convolution in front, whose gradient is that of the layer's inputs, and a dense layer behind.

const drawn = { weights: normal(0.5), biases: normal(0.5) };
const front = (channels: number) => conv2d(channels, [2, 3], { padding: [1, 0, 0, 2], activation: "tanh", ...drawn });

const create = (layers: readonly Layer[], inputs: readonly [number, number, number] = [7, 6, 2]) =>
  Network.create({ inputs, layers, loss: "meanSquaredError", precision: "f64", seed: 5 });

const convolutions: [title: string, kernel: [number, number], options: ConvolutionOptions][] = [
  ["kernel 1", [1, 1], {}],
  ["kernel 1, stride 2", [1, 1], { stride: 2 }],
  ["kernel 3", [3, 3], {}],
  ["kernel 3, same", [3, 3], { padding: "same" }],
  ["kernel 3, stride 2, same", [3, 3], { padding: "same", stride: 2 }],
  ["kernel 2 × 3, stride 3 × 1", [2, 3], { stride: [3, 1] }],
  ["kernel 3 × 2, stride 2 × 3, padding 0 1 2 0", [3, 2], { stride: [2, 3], padding: [0, 1, 2, 0] }],
  ["dilation 2", [3, 2], { dilation: 2 }],
  [
    "dilation 2 × 1, stride 1 × 2, padding 2 1 0 1",
    [3, 3],
    { dilation: [2, 1], stride: [1, 2], padding: [2, 1, 0, 1] },
  ],
  ["padding 3 of kernel 2, stride 3", [2, 2], { padding: 3, stride: 3 }],
  ["sigmoid, without biases", [3, 3], { activation: "sigmoid", bias: false }],
  ["gelu", [2, 2], { activation: "gelu" }],
];

const POOLS: [title: string, Layer][] = [
  ["maximum of 2", maxPool2d(2)],
  ["maximum of 3, stride 2, padding 0 1 0 1", maxPool2d(3, { stride: 2, padding: [0, 1, 0, 1] })],
  ["maximum of 3 × 2, stride 1, same", maxPool2d([3, 2], { stride: 1, padding: "same" })],
  ["maximum of 2, stride 3", maxPool2d(2, { stride: 3 })],
  ["average of 2", avgPool2d(2)],
  ["average of 3, stride 2, padding 0 1 0 1", avgPool2d(3, { stride: 2, padding: [0, 1, 0, 1] })],
  ["average of 3, stride 1, padding counted", avgPool2d(3, { stride: 1, padding: [2, 1, 0, 2], countPadding: true })],
  ["average of 2 × 3, stride 3 × 1", avgPool2d([2, 3], { stride: [3, 1] })],
  ["average of all positions", globalAvgPool()],
];

const OTHERS: [title: string, Layer[]][] = [
  ["batchNorm", [batchNorm()]],
  ["layerNorm", [layerNorm()]],
  ["softmax over channels", [activation("softmax")]],
  ["dropout", [dropout(0.3)]],
  [
    "two convolutions, pool and normalisations",
    [batchNorm(), conv2d(3, 3, drawn), activation("silu"), avgPool2d(2), layerNorm()],
  ],
];

/** How far the largest number of each window of a maximum is ahead. */
function lead(
  values: ArrayLike<number>,
  [height, width, channels]: readonly number[],
  layer: ReturnType<typeof maxPool2d>,
): number {
  const [[size, across], [down, right]] = [layer.size, layer.stride];
  let least = Number.POSITIVE_INFINITY;
  // More windows than the layer has, if anything.
  for (let top = -size + 1; top < height!; top += layer.padding === "valid" ? down : 1) {
    for (let left = -across + 1; left < width!; left += layer.padding === "valid" ? right : 1) {
      for (let c = 0; c < channels!; c++) {
        const seen: number[] = [];
        for (let y = Math.max(0, top); y < Math.min(height!, top + size); y++) {
          for (let x = Math.max(0, left); x < Math.min(width!, left + across); x++) {
            seen.push(values[(y * width! + x) * channels! + c]!);
          }
        }
        seen.sort((a, b) => b - a);
        if (seen.length > 1) least = Math.min(least, seen[0]! - seen[1]!);
      }
    }
  }
  return least;
}

/** A network and rows for which no maximum changes hands while a parameter moves by 1e-5, which moves activations below 1e-4. */
async function problem(layers: readonly Layer[], count: number, channels = 2) {
  const net = await create(layers, [7, 6, channels]);
  const next = seeded(layers.length + count + channels);
  scatter(net, next);
  const x: number[][] = [];
  for (let tries = 0; x.length < count; tries++) {
    if (tries > 5000) throw new Error("No row without a tie");
    const row = Array.from({ length: 42 * channels }, () => 2 * next() - 1);
    const traces = net.derivatives([row]).layers;
    const clear = layers.every(
      (layer, l) =>
        layer.type !== "maxPool2d" || lead(traces[l - 1]!.a, [7, 6, traces[l - 1]!.a.length / 42], layer) > 1e-4,
    );
    if (clear) x.push(row);
  }
  const outputs = net.logits(x).length / count;
  const y = x.map(() => Array.from({ length: outputs }, () => 2 * next() - 1));
  return { net, x, y };
}

/** By every parameter, by one step of training, and by D_A of the layer in front. */
async function expectDerivatives(layers: readonly Layer[], count: number, channels?: number): Promise<void> {
  const { net, x, y } = await problem(layers, count, channels);
  const numeric = await parameterDifferences(net, () => net.evaluate(x, y).loss);
  const analytic = flat(net.gradients(x, y).layers);
  expectAgree(analytic, numeric);
  if (layers.some((layer) => layer.type === "batchNorm" || layer.type === "dropout")) return;
  const before = flat(net.parameters());
  await net.fit(x, y, { optimizer: sgd({ learningRate: 1 }), batchSize: count, sampling: "sequential" });
  const descended = before.map((w, i) => w - analytic[i]!);
  // One rounding of a sum below 4
  for (const [i, w] of flat(net.parameters()).entries()) expect(Math.abs(w - descended[i]!)).toBeLessThan(1e-14);
}

describe.each(convolutions)("convolutions, %s", (_, kernel, options) => {
  test.each([1, 2, 3, 4, 5])("with %i channels: the gradient is the central difference", async (channels) => {
    const layer = conv2d(6 - channels, kernel, { ...drawn, ...options });
    await expectDerivatives([front(channels), layer, flatten(), dense(2, "tanh", drawn)], 3);
  });

  test.each([1, 2, 3, 4, 5])("of each of %i channels: the gradient is the central difference", async (channels) => {
    const layer = depthwiseConv2d(kernel, { ...drawn, ...options });
    await expectDerivatives([front(channels), layer, flatten(), dense(2, "tanh", drawn)], 3);
  });

  test.each([1, 3, 4])("as the first layer, on %i channels", async (channels) => {
    await expectDerivatives(
      [conv2d(3, kernel, { ...drawn, ...options }), flatten(), dense(2, "tanh", drawn)],
      3,
      channels,
    );
    await expectDerivatives(
      [depthwiseConv2d(kernel, { ...drawn, ...options }), flatten(), dense(2, "tanh", drawn)],
      3,
      channels,
    );
  });
});

describe.each(POOLS)("pools, %s", (_, layer) => {
  test.each([1, 2, 3, 4, 5])("of %i channels: the gradient is the central difference", async (channels) => {
    await expectDerivatives([front(channels), layer, flatten(), dense(2, "tanh", drawn)], 2);
  });
});

describe.each(OTHERS)("%s of images", (_, layers) => {
  test.each([1, 3, 4])("with %i channels: the gradient is the central difference", async (channels) => {
    await expectDerivatives([front(channels), ...layers, flatten(), dense(2, "tanh", drawn)], 5);
  });
});

test("D_A and D_Z of each layer are the central differences of the layers behind", async () => {
  const layers = [
    front(3),
    maxPool2d(2),
    conv2d(2, 2, { ...drawn, activation: "sigmoid" }),
    avgPool2d(2, { stride: 1 }),
    flatten(),
    dense(3, "tanh", drawn),
  ];
  const { net, x } = await problem(layers, 1);
  const derived = net.derivatives([x[0]!], { output: 1 });
  const shapes: [number, number, number][] = [
    [7, 6, 3],
    [3, 3, 3],
    [2, 2, 2],
    [1, 1, 2],
  ];
  for (const [l, shape] of shapes.entries()) {
    const { a, da } = derived.layers[l]!;
    const rest = await create(layers.slice(l + 1), shape);
    rest.setParameters(net.parameters().slice(l + 1));
    const numeric = await differences([...a], (moved) => rest.logits([moved])[1]!);
    expectAgree([...da], numeric);
  }
});

test("the gradient of many images has the same bits whether 8 or 20 are taken at a time", async () => {
  const layers = [conv2d(5, 3, drawn), batchNorm(), maxPool2d(2), layerNorm(), flatten(), dense(2, "tanh", drawn)];
  // 30 KiB an image: 8 are predicted at a time in 256 KiB, unless more were trained at a time.
  const net = await create(layers, [24, 20, 8]);
  const next = seeded(3);
  scatter(net, next);
  const x = Array.from({ length: 20 }, () => Array.from({ length: 24 * 20 * 8 }, () => 2 * next() - 1));
  const y = x.map(() => [next(), next()]);
  await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 20 });
  const gradient = (of: Net) => flat(of.gradients(x, y).layers);
  expect(gradient(net)).toEqual(gradient(net.clone()));
});

test("softmax over channels that are all far below 0 passes on nothing but what it does over those near 0", async () => {
  const trained = async (biases: number) => {
    const net = await create(
      [conv2d(3, 1, { activation: "softmax" }), depthwiseConv2d(2), activation("gelu"), flatten(), dense(2)],
      [4, 4, 1],
    );
    const [first, ...rest] = net.parameters();
    net.setParameters([{ ...first!, biases: [biases, biases, biases] }, ...rest]);
    const next = seeded(4);
    const x = Array.from({ length: 5 }, () => Array.from({ length: 16 }, next));
    await net.fit(
      x,
      x.map(() => [next(), next()]),
      { optimizer: sgd({ learningRate: 0.1 }), epochs: 3 },
    );
    return flat(net.parameters().slice(1));
  };
  const [near, far] = [await trained(0), await trained(-1000)];
  // Logits near −1000 are rounded by up to 2^-44.
  for (const [i, w] of far.entries()) expect(Math.abs(w - near[i]!)).toBeLessThan(1e-11);
});

test("a batch of one image trains through batchNorm: its positions are the rows; one of a single position is refused", async () => {
  const make = (size: number) =>
    create([conv2d(3, size, drawn), batchNorm({ momentum: 1 }), flatten(), dense(2, "identity", drawn)], [4, 3, 2]);
  const net = await make(2);
  const x = Array.from({ length: 24 }, (_, i) => Math.sin(i * i));
  const behind = await create([conv2d(3, 2, drawn), flatten()], [4, 3, 2]);
  behind.setParameters([net.parameters()[0]!, {}]);
  const z = behind.logits([x]);
  await net.fit([x], [[0, 1]], { optimizer: sgd({ learningRate: 1e-300 }) });
  const { mean, variance } = net.parameters()[1]!;
  for (const c of [0, 1, 2]) {
    const channel = [...z].filter((_, i) => i % 3 === c);
    const average = channel.reduce((a, b) => a + b) / 6;
    // Six numbers below 4, each rounded to 2⁻⁵³; the variance is the unbiased one
    expect(Math.abs(mean![c]! - average)).toBeLessThan(1e-14);
    expect(Math.abs(variance![c]! - channel.reduce((sum, value) => sum + (value - average) ** 2, 0) / 5)).toBeLessThan(
      1e-13,
    );
  }
  const alone = await create([conv2d(3, [4, 3], drawn), batchNorm(), flatten(), dense(2)], [4, 3, 2]);
  await expect(alone.fit([x], [[0, 1]], { optimizer: sgd({ learningRate: 1 }) })).rejects.toThrow("no variance");
});
