import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  activation,
  avgPool2d,
  batchNorm,
  conv2d,
  dense,
  depthwiseConv2d,
  type ForeignOptions,
  FormatError,
  flatten,
  maxPool2d,
  Network,
  type Precision,
} from "../../src/index.ts";
import { serializeSafetensors, type Tensor } from "../../src/safetensors.ts";

// Files as PyTorch's users have them: matrices [units, inputs], names of their own.

const tensor = (dtype: string, shape: number[], numbers: ArrayBufferView<ArrayBuffer>): Tensor => ({
  dtype,
  shape,
  data: new Uint8Array(numbers.buffer),
});
const single = (shape: number[], values: number[]) => tensor("F32", shape, new Float32Array(values));

/** 2-3-1 with a normalisation between. */
const make = <P extends Precision = "f32">(precision?: P) =>
  Network.create<P>({ inputs: 2, layers: [dense(3), batchNorm(), dense(1)], loss: "meanSquaredError", precision });

const FILE: Record<string, Tensor> = {
  // y_j = Σ_i w_ji·x_i: rows are units.
  "fc1.weight": single([3, 2], [11, 12, 21, 22, 31, 32]),
  "fc1.bias": single([3], [1, 2, 3]),
  "bn.weight": single([3], [4, 5, 6]),
  "bn.bias": single([3], [7, 8, 9]),
  "bn.running_mean": single([3], [0.5, 1.5, 2.5]),
  "bn.running_var": single([3], [1, 2, 4]),
  "bn.num_batches_tracked": tensor("I64", [], new BigInt64Array([7n])),
  "fc2.weight": single([1, 3], [-1, -2, -3]),
  "fc2.bias": single([1], [10]),
};
const NAMES: ForeignOptions["names"] = {
  "fc1.weight": "layers.0.weights",
  "fc1.bias": "layers.0.biases",
  "bn.weight": "layers.1.weights",
  "bn.bias": "layers.1.biases",
  "bn.running_mean": "layers.1.mean",
  "bn.running_var": "layers.1.variance",
  "bn.num_batches_tracked": null,
  "fc2.weight": "layers.2.weights",
  "fc2.bias": "layers.2.biases",
};
const bytesOf = (changes: Record<string, Tensor | undefined> = {}) =>
  serializeSafetensors(
    new Map(Object.entries({ ...FILE, ...changes }).filter((entry): entry is [string, Tensor] => !!entry[1])),
  );

test("PyTorch's convolutions become those of images, and depthwise ones those of their channels", async () => {
  const net = await Network.create({
    inputs: [3, 4, 2],
    layers: [conv2d(2, [1, 2], { bias: false }), depthwiseConv2d([2, 3], { bias: false }), flatten()],
    loss: "meanSquaredError",
  });
  // Digits are filter, channel, row and column.
  const digits = (filters: number, channels: number, height: number, width: number) =>
    Array.from({ length: filters * channels * height * width }, (_, i) => {
      const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height)) % channels];
      return 1000 * Math.floor(i / (width * height * channels)) + 100 * c + 10 * y + x;
    });
  const file = serializeSafetensors(
    new Map([
      ["conv.weight", single([2, 2, 1, 2], digits(2, 2, 1, 2))],
      // Of Conv2d(2, 2, (2, 3), groups=2).
      ["depthwise.weight", single([2, 1, 2, 3], digits(2, 1, 2, 3))],
    ]),
  );
  const names = { "conv.weight": "layers.0.weights", "depthwise.weight": "layers.1.weights" };
  net.setParameters(file, { names, transpose: true });
  const [first, second] = net.parameters();
  // [row][column][channel][filter], and [row][column][channel].
  expect([...first!.weights]).toEqual([0, 1000, 100, 1100, 1, 1001, 101, 1101]);
  expect([...second!.weights]).toEqual([0, 1000, 1, 1001, 2, 1002, 10, 1010, 11, 1011, 12, 1012]);
});

test.each<Precision>(["f32", "f64"])("PyTorch's tensors become the parameters of an %s network", async (precision) => {
  const net = await make(precision);
  for (const transpose of [true, ["fc1.weight", "fc2.weight"]]) {
    for (const file of [bytesOf(), bytesOf().buffer]) {
      net.setParameters(file, { names: NAMES, transpose });
      const [first, second, third] = net.parameters();
      expect([...first!.weights]).toEqual([11, 21, 31, 12, 22, 32]);
      expect([...first!.biases]).toEqual([1, 2, 3]);
      expect([second!.weights, second!.biases, second!.mean, second!.variance].map((list) => [...list!])).toEqual([
        [4, 5, 6],
        [7, 8, 9],
        [0.5, 1.5, 2.5],
        [1, 2, 4],
      ]);
      expect([...third!.weights, ...third!.biases]).toEqual([-1, -2, -3, 10]);
    }
  }
});

test("a network of images from PyTorch predicts what it does there, flattened channels first", async () => {
  type Numbers = { shape: number[]; values: number[] };
  const text = readFileSync(new URL("../golden/torch_images.json", import.meta.url), "utf8");
  const golden: { x: Numbers; y: Numbers; tensors: Record<string, Numbers> } = JSON.parse(text);
  const net = await Network.create({
    inputs: [5, 7, 2],
    layers: [
      conv2d(3, [3, 2], { stride: [1, 2], padding: [1, 1, 0, 0], dilation: [1, 2] }),
      batchNorm(),
      activation("relu"),
      depthwiseConv2d(2, { bias: false }),
      maxPool2d(2, { stride: 1 }),
      avgPool2d(2, { stride: 1, padding: 1, countPadding: true }),
      flatten(),
      batchNorm(),
      dense(4),
    ],
    loss: "meanSquaredError",
    precision: "f64",
  });
  const words = { weight: "weights", bias: "biases", running_mean: "mean", running_var: "variance" } as const;
  const names = Object.keys(golden.tensors).map((name) => {
    const [layer, word] = name.split(".") as [string, keyof typeof words];
    return [name, `layers.${layer}.${words[word]}`];
  });
  const tensors = Object.entries(golden.tensors).map(([name, { shape, values }]): [string, Tensor] => [
    name,
    tensor("F64", shape, new Float64Array(values)),
  ]);
  const file = serializeSafetensors(new Map(tensors), new Map());
  net.setParameters(file, { names: Object.fromEntries(names), transpose: true });
  // [samples, channels, height, width] → [height, width, channels]
  const rows = [0, 1].map((n) =>
    Array.from({ length: 70 }, (_, i) => golden.x.values[n * 70 + (i % 2) * 35 + Math.floor(i / 2)]!),
  );
  const predicted = net.predict(rows);
  // Sums of 24 products and less, each rounded to 2⁻⁵³ of numbers below 10
  for (const [i, y] of golden.y.values.entries()) expect(Math.abs(predicted[i]! - y)).toBeLessThan(1e-13);
});

test("matrices that are [inputs, units] stay, and statistics that are not named", async () => {
  const net = await make();
  const changes = { "fc1.weight": single([2, 3], [1, 2, 3, 4, 5, 6]) };
  const statistics = { "bn.running_mean": null, "bn.running_var": null };
  net.setParameters(bytesOf(changes), { names: { ...NAMES, ...statistics }, transpose: ["fc2.weight"] });
  const [first, second] = net.parameters();
  expect([...first!.weights]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([[...second!.mean!], [...second!.variance!]]).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
  net.setParameters(net.save(), {
    names: Object.fromEntries(Object.values(NAMES).flatMap((key) => (key ? [[key, key]] : []))),
  });
  expect([...net.parameters()[0]!.weights]).toEqual([1, 2, 3, 4, 5, 6]);
});

test("F64, F16 and BF16 are read to the bit", async () => {
  const net = await Network.create({ inputs: 1, layers: [dense(6)], loss: "meanSquaredError", precision: "f64" });
  const names = { w: "layers.0.weights", b: "layers.0.biases" };
  const read = (w: Tensor, b: Tensor) => {
    net.setParameters(
      serializeSafetensors(
        new Map([
          ["w", w],
          ["b", b],
        ]),
      ),
      { names },
    );
    return net.parameters()[0]!;
  };
  const doubles = [0.1, -1e300, 5e-324, Math.PI, -0, 1];
  // IEEE 754-2008, binary16: 1, −2, the largest, the smallest normal, the smallest subnormal, 1/3 rounded.
  const halves = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555]);
  const wide = read(tensor("F64", [1, 6], new Float64Array(doubles)), tensor("F16", [6], halves));
  expect([...wide.weights]).toEqual(doubles);
  expect([...wide.biases]).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24, 0.333251953125]);
  // bfloat16: 1, −2, 2⁻¹²⁶, π cut to 8 bits, 0, −0.
  const brains = new Uint16Array([0x3f80, 0xc000, 0x0080, 0x4049, 0x0000, 0x8000]);
  const narrow = read(tensor("BF16", [1, 6], brains), tensor("F32", [6], new Float32Array([1, 2, 3, 4, 5, 6])));
  expect([...narrow.weights]).toEqual([1, -2, 2 ** -126, 3.140625, 0, -0]);
  expect(() =>
    read(
      tensor(
        "F16",
        [1, 6],
        halves.map(() => 0x7c00),
      ),
      tensor("F16", [6], halves),
    ),
  ).toThrow("setParameters: layer 0 weights row 0, column 0 is Infinity");
});

describe("a file or a map that does not fit", () => {
  const options = { names: NAMES, transpose: true };
  const cases: [string, new () => Error, Record<string, Tensor | undefined>, unknown][] = [
    [
      'tensor "fc1.weight" is F32 [2,3], expected F32, F64, F16, BF16 [3,2] for layers.0.weights transposed',
      FormatError,
      { "fc1.weight": single([2, 3], [1, 2, 3, 4, 5, 6]) },
      options,
    ],
    [
      'tensor "fc1.weight" is F32 [3,2], expected F32, F64, F16, BF16 [2,3] for layers.0.weights',
      FormatError,
      {},
      { names: NAMES },
    ],
    [
      'tensor "fc2.bias" is absent, expected F32, F64, F16, BF16 [1] for',
      FormatError,
      { "fc2.bias": undefined },
      options,
    ],
    [
      'tensor "fc2.bias" is I32 [1], expected',
      FormatError,
      { "fc2.bias": tensor("I32", [1], new Int32Array(1)) },
      options,
    ],
    [
      'tensor "extra" is F32 [1], expected none, or null for it in names',
      FormatError,
      { extra: single([1], [1]) },
      options,
    ],
    ["layer 2 biases row 0, column 0 is NaN", RangeError, { "fc2.bias": single([1], [Number.NaN]) }, options],
    ["layer 1 variance holds -1", RangeError, { "bn.running_var": single([3], [1, -1, 1]) }, options],
    ["names has no tensor for layers.2.biases", RangeError, {}, { ...options, names: { ...NAMES, "fc2.bias": null } }],
    [
      'names has layers.0.biases for "fc1.bias" and "fc2.bias", expected it once',
      RangeError,
      {},
      { ...options, names: { ...NAMES, "fc2.bias": "layers.0.biases" } },
    ],
    [
      'names "bn.num_batches_tracked" is "layers.3.count", expected a parameter here, such as "layers.0.weights", or null',
      RangeError,
      {},
      { ...options, names: { ...NAMES, "bn.num_batches_tracked": "layers.3.count" } },
    ],
    [
      'transpose is "fc3.weight", expected one of "fc1.weight"',
      RangeError,
      {},
      { ...options, transpose: ["fc3.weight"] },
    ],
    ["transpose is 1, expected true, false or an array of names", TypeError, {}, { ...options, transpose: 1 }],
    ["names is undefined, expected an object", TypeError, {}, {}],
    ["options is undefined, expected a plain object", TypeError, {}, undefined],
    ['unknown option "transposed"', TypeError, {}, { ...options, transposed: true }],
  ];

  test.each(cases)("%s", async (message, kind, changes, given) => {
    const net = await make();
    const before = net.save();
    const attempt = () => net.setParameters(bytesOf(changes), given as ForeignOptions);
    expect(attempt).toThrow(kind);
    expect(attempt).toThrow(`setParameters: ${message}`);
    expect(net.save()).toEqual(before);
  });

  test("bytes that are no such file are a FormatError", async () => {
    const net = await make();
    expect(() => net.setParameters(new Uint8Array(3), options)).toThrow(FormatError);
    expect(() => net.setParameters(new Float32Array(30) as never, options)).toThrow(TypeError);
  });
});
