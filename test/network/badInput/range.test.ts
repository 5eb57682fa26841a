import { expect, test } from "vitest";
import { constant, dense, FormatError, Network, normal } from "../../../src/index.ts";
import { parseSafetensors, serializeSafetensors } from "../../../src/safetensors.ts";
import { classifier } from "../samples.ts";

// Numbers that each are valid but make a network that cannot work.

test("an initial value beyond f32 is a RangeError, not an infinite weight", async () => {
  for (const weights of [constant(1e39), normal(1e39)]) {
    await expect(classifier({ layers: [dense(2, "identity", { weights })] })).rejects.toThrow(RangeError);
  }
});

test("an initial value beyond f32 is none beyond f64", async () => {
  const net = await classifier({ layers: [dense(2, "identity", { weights: constant(1e39) })], precision: "f64" });
  expect(net.parameters()[0]!.weights).toEqual(new Float64Array(6).fill(1e39));
});

test("a scale or an offset beyond f32 is a RangeError, not a NaN in every prediction", async () => {
  for (const inputs of [
    { shape: 3, scale: 1e39 },
    { shape: 3, offset: -1e39 },
  ]) {
    await expect(classifier({ inputs })).rejects.toThrow(RangeError);
  }
});

test("a file of depth 0 that asks for gigabytes is a FormatError", async () => {
  const net = await Network.create({ inputs: 3, layers: [], loss: "meanSquaredError" });
  const { tensors, metadata } = parseSafetensors(net.save());
  const large = metadata.get("architecture")!.replace('"shape":[3]', '"shape":[1000000000]');
  expect(large).not.toBe(metadata.get("architecture"));
  const bytes = serializeSafetensors(tensors, new Map([...metadata, ["architecture", large]]));
  await expect(Network.load(bytes)).rejects.toThrow(FormatError);
});
