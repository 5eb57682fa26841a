import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dense, FormatError, Network, type NetworkOptions, normal, type Precision, uniform } from "../../src/index.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/safetensors.ts";
import { classifier, labels, options, x } from "./samples.ts";

const KINDS: [string, Partial<NetworkOptions<Precision>>][] = [
  ["f32", {}],
  ["f64", { precision: "f64" }],
  [
    "with every option away from its default",
    {
      inputs: { shape: [3], scale: 1 / 255, offset: -0.5 },
      layers: [dense(5, "relu", { biases: uniform(0.1) }), dense(3, "sigmoid", { weights: normal(0.5) }), dense(2)],
      loss: "binaryCrossEntropy",
      seed: 2 ** 53 - 1,
    },
  ],
  ["of depth 0", { layers: [], loss: "meanSquaredError" }],
];

describe.each(KINDS)("a network %s", (_, kind) => {
  const make = () => classifier<Precision>(kind);
  const targets = x.map(([a, b, c]) => ("loss" in kind ? (kind.layers!.length ? [0, 1] : [a!, b!, c!]) : [1, 0]));

  test("comes back with the same bits, counters and bytes, before and after training", async () => {
    const net = await make();
    for (let fits = 0; fits < 2; fits++) {
      const bytes = net.save();
      const loaded = await Network.load(bytes);
      expect(loaded.save()).toEqual(bytes);
      expect(loaded.predict(x)).toEqual(net.predict(x));
      expect(loaded.logits(x)).toEqual(net.logits(x));
      expect(loaded.evaluate(x, targets)).toEqual(net.evaluate(x, targets));
      expect(loaded.parameters()).toEqual(net.parameters());
      expect([loaded.step, loaded.epoch]).toEqual([net.step, net.epoch]);
      expect([net.step, net.epoch]).toEqual([6 * fits, 2 * fits]);
      await net.fit(x, targets, { ...options, epochs: 2 });
    }
  });

  test("trains on as if it had never been saved", async () => {
    const net = await make();
    await net.fit(x, targets, { ...options, epochs: 2 });
    const loaded = await Network.load(net.save());
    for (const sampling of ["shuffle", "withReplacement"] as const) {
      const more = { ...options, sampling, epochs: 3 };
      expect(await loaded.fit(x, targets, more)).toEqual(await net.fit(x, targets, more));
      expect(loaded.save()).toEqual(net.save());
    }
  });
});

test("the file is safetensors: named tensors of the right shapes and values, and metadata", async () => {
  const net = await classifier({ inputs: { shape: 3, scale: 0.5 } });
  await net.fit(x, labels, options);
  const { tensors, metadata } = parseSafetensors(net.save());
  const [first, second] = net.parameters();
  const numbers = ({ data }: Tensor) => new Float32Array(data.slice().buffer);
  expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
    ["layers.0.weights", "F32", [3, 4]],
    ["layers.0.biases", "F32", [4]],
    ["layers.1.weights", "F32", [4, 2]],
    ["layers.1.biases", "F32", [2]],
  ]);
  const expected = [first!.weights, first!.biases, second!.weights, second!.biases];
  expect([...tensors.values()].map(numbers)).toEqual(expected);
  expect(metadata.get("format")).toBe("steepest 1");
  expect(JSON.parse(metadata.get("counters")!)).toEqual({ step: 3, epoch: 1 });
  expect(JSON.parse(metadata.get("architecture")!)).toMatchObject({
    inputs: { shape: [3], scale: 0.5, offset: 0 },
    layers: [
      { type: "dense", units: 4, activation: "tanh" },
      { type: "dense", units: 2, activation: "identity" },
    ],
    loss: "softmaxCrossEntropy",
    precision: "f32",
    seed: 5,
  });
});

test("load takes a part of a larger buffer, a Buffer, and leaves the bytes as they are", async () => {
  const net = await classifier();
  const bytes = net.save();
  const padded = new Uint8Array(bytes.length + 20).fill(7);
  padded.set(bytes, 3);
  for (const form of [padded.subarray(3, 3 + bytes.length), Buffer.from(bytes)]) {
    const loaded = await Network.load(form);
    await loaded.fit(x, labels, options);
    expect(form).toEqual(form instanceof Buffer ? Buffer.from(bytes) : bytes);
    expect((await Network.load(form)).save()).toEqual(bytes);
  }
});

const file = await (async () => {
  const net = await classifier({ layers: [dense(2)], seed: 10 });
  await net.fit(x, labels, options);
  return net.save();
})();
const headerEnd = 8 + new DataView(file.buffer).getUint32(0, true);

const refused = async (bytes: Uint8Array): Promise<string> => {
  const error = await Network.load(bytes).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  return (error as FormatError).message;
};

/** What a file says, apart from how it is spelled. */
function meaning(bytes: Uint8Array) {
  const { metadata, tensors } = parseSafetensors(bytes);
  return [JSON.parse(metadata.get("architecture")!), JSON.parse(metadata.get("counters")!), tensors];
}

describe("an altered file", () => {
  test("cut off or continued anywhere is refused", async () => {
    for (let length = 0; length < file.length; length++) await refused(file.slice(0, length));
    for (const more of [1, 4, 8]) await refused(new Uint8Array([...file, ...Array(more).fill(0)]));
  });

  test("with any bit of its header changed is refused, or is what it says", async () => {
    let accepted = 0;
    for (let at = 0; at < headerEnd; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const altered = file.slice();
        altered[at]! ^= bit;
        const result = await Network.load(altered).catch((error) => error);
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(FormatError);
          continue;
        }
        // A digit of the seed or of a counter can become another: nothing in the file contradicts.
        accepted += 1;
        expect(meaning(result.save())).toEqual(meaning(altered));
        expect(result.predict(x)).toHaveLength(22);
      }
    }
    // Far fewer than the digits of seed, counters, scale and offset have bits.
    expect(accepted).toBeLessThan(60);
  });

  test("with any bit of its data changed is refused where it makes no finite number, or is what it says", async () => {
    for (let at = headerEnd; at < file.length; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const altered = file.slice();
        altered[at]! ^= bit;
        const numbers = new Float32Array(altered.slice(headerEnd).buffer);
        if (numbers.every(Number.isFinite)) expect((await Network.load(altered)).save()).toEqual(altered);
        else expect(await refused(altered)).toMatch(/holds (NaN|-?Infinity) at element \d+, expected finite numbers/);
      }
    }
  });
});

describe("a file that is not one of ours", () => {
  const { tensors, metadata } = parseSafetensors(file);
  const architecture = JSON.parse(metadata.get("architecture")!);

  /** The file with other metadata; undefined takes one away. */
  function described(changes: Record<string, string | undefined>): Uint8Array {
    const altered = new Map(metadata);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) altered.delete(key);
      else altered.set(key, value);
    }
    return serializeSafetensors(tensors, altered);
  }
  const built = (changes: object) => described({ architecture: JSON.stringify({ ...architecture, ...changes }) });
  const counted = (counters: unknown) => described({ counters: JSON.stringify(counters) });

  /** The file with other tensors. */
  function holding(changes: Record<string, Partial<Tensor> | undefined>): Uint8Array {
    const altered = new Map(tensors);
    for (const [name, change] of Object.entries(changes)) {
      if (change)
        altered.set(name, { dtype: "F32", shape: [2], data: new Uint8Array(8), ...altered.get(name), ...change });
      else altered.delete(name);
    }
    return serializeSafetensors(altered, metadata);
  }

  test("built again unchanged is the file", () => {
    expect(described({})).toEqual(file);
    expect(built({})).toEqual(file);
    expect(holding({})).toEqual(file);
  });

  test.each<[string, () => Uint8Array, string]>([
    ["foreign tensors", () => serializeSafetensors(tensors), 'the file\'s format is not named, expected "steepest 1"'],
    ["nothing at all", () => serializeSafetensors(new Map()), "the file's format is not named"],
    ["another format", () => described({ format: "pt" }), 'the file\'s format is "pt", expected "steepest 1"'],
    ["a later format", () => described({ format: "steepest 2" }), 'format is "steepest 2", expected "steepest 1"'],
    ["no architecture", () => described({ architecture: undefined }), "metadata architecture"],
    ["an architecture that is no JSON", () => described({ architecture: "{" }), "metadata architecture"],
    ["an architecture null", () => described({ architecture: "null" }), "is null, expected a plain object"],
    ["an architecture in a list", () => described({ architecture: "[]" }), "is an array, expected a plain object"],
    ["an unknown word", () => built({ optimizer: "sgd" }), 'unknown option "optimizer"'],
    ["an unknown layer", () => built({ layers: [{ type: "conv" }] }), 'layer 0 is "conv", expected one of dense'],
    ["a layer null", () => built({ layers: [null] }), "layer 0 is null, expected one of dense"],
    ["an unknown word in a layer", () => built({ layers: [{ ...dense(2), f: 1 }] }), 'unknown option "f"'],
    [
      "a layer of another prototype",
      () => described({ architecture: metadata.get("architecture")!.replace('"units"', '"__proto__":{},"units"') }),
      'unknown option "__proto__"',
    ],
    ["an unknown loss", () => built({ loss: "toString" }), 'loss is "toString", expected one of'],
    [
      "an unknown initialiser",
      () => built({ layers: [{ ...dense(2), weights: {} }] }),
      "weights is not an initializer",
    ],
    ["a negative size", () => built({ inputs: -3 }), "inputs is -3, expected a positive integer"],
    [
      "a scale of null, as JSON writes NaN",
      () => built({ inputs: { shape: 3, scale: Number.NaN } }),
      "scale is null, expected a finite number",
    ],
    [
      "softmaxCrossEntropy of one output",
      () => built({ layers: [dense(1)] }),
      "softmaxCrossEntropy needs at least 2 outputs",
    ],
    [
      "10⁹ units and no tensor of them",
      () => built({ layers: [dense(1e9), dense(2)] }),
      "tensor layers.0.weights is F32 [3,2], expected F32 [3,1000000000]",
    ],
    ["no counters", () => described({ counters: undefined }), "metadata counters"],
    ["counters null", () => counted(null), "metadata counters"],
    ["a missing counter", () => counted({ step: 3 }), "epoch is undefined, expected an integer from 0"],
    ["a negative counter", () => counted({ step: -3, epoch: 1 }), "step is -3, expected an integer from 0"],
    ["a counter as text", () => counted({ step: 3, epoch: "1" }), 'epoch is "1", expected an integer from 0'],
    ["another counter", () => counted({ step: 3, epoch: 1, time: 1 }), 'unknown option "time"'],
    [
      "a missing tensor",
      () => holding({ "layers.0.biases": undefined }),
      "tensor layers.0.biases is absent, expected F32 [2]",
    ],
    ["another tensor", () => holding({ "layers.0.slots": {} }), "the file has 3 tensors, expected 2"],
    ["a tensor of another layer", () => holding({ "layers.1.biases": {} }), "the file has 3 tensors, expected 2"],
    [
      "a tensor of another shape",
      () => holding({ "layers.0.biases": { shape: [1, 2] } }),
      "tensor layers.0.biases is F32 [1,2], expected F32 [2]",
    ],
    [
      "a transposed tensor",
      () => holding({ "layers.0.weights": { shape: [2, 3] } }),
      "tensor layers.0.weights is F32 [2,3], expected F32 [3,2]",
    ],
    [
      "a tensor of another type",
      () => holding({ "layers.0.biases": { dtype: "I32" } }),
      "tensor layers.0.biases is I32 [2], expected F32 [2]",
    ],
    [
      "f64 announced over f32",
      () => built({ precision: "f64" }),
      "tensor layers.0.weights is F32 [3,2], expected F64 [3,2]",
    ],
    [
      "NaN among the weights",
      () => holding({ "layers.0.biases": { data: new Uint8Array(Float32Array.of(1, Number.NaN).buffer) } }),
      "tensor layers.0.biases holds NaN at element 1, expected finite numbers",
    ],
  ])("%s is refused with what and where", async (_, bytes, message) => {
    const text = await refused(bytes());
    expect(text).toMatch(/^Cannot load: /);
    expect(text).toContain(message);
  });

  test("none of the vectors of the format is taken for a network", async () => {
    const golden = readFileSync(new URL("../golden/safetensors_vectors.json", import.meta.url), "utf8");
    const { vectors }: { vectors: { b64: string }[] } = JSON.parse(golden);
    expect(vectors).toHaveLength(42);
    for (const { b64 } of vectors) await refused(new Uint8Array(Buffer.from(b64, "base64")));
  });
});
