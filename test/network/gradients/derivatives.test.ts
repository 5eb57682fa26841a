import { describe, expect, test } from "vitest";
import {
  type Activation,
  activation,
  batchNorm,
  constant,
  dense,
  dropout,
  type Layer,
  layerNorm,
  Network,
  normal,
} from "../../../src/index.ts";
import { seeded } from "../../reference/seeded.ts";
import {
  ACTIVATIONS,
  differences,
  drawRows,
  expectAgree,
  flat,
  type Net,
  parameterDifferences,
  scatter,
  title,
} from "./differences.ts";

// BP1 and BP2: what `derivatives` gives against central differences in f64.

const INPUTS = 3;
const OUTPUTS = 3;

const create = (layers: readonly Layer[], inputs = INPUTS) =>
  Network.create({ inputs, layers, loss: "meanSquaredError", precision: "f64", seed: 11 });

const linear = (units: number, kind: Activation = "identity") =>
  dense(units, kind, { weights: normal(0.7), biases: kind === "relu" ? constant(1) : normal(0.7) });

async function problem(layers: Layer[]): Promise<{ net: Net; x: number[] }> {
  const net = await create(layers);
  scatter(net, seeded(13));
  const [x] = drawRows(net, layers, INPUTS, 1, seeded(12));
  return { net, x: x! };
}

const OUTER: [title: string, layers: Layer[]][] = ACTIVATIONS.map(([name, kind]) => [
  name,
  // A ReLU behind the last layer would make some outputs 0, and their derivatives with them.
  [linear(5, kind), linear(4, kind), linear(OUTPUTS, title(kind) === "relu" ? "identity" : kind)],
]);

const MIXED: [title: string, layers: Layer[]][] = [
  [
    "activations as layers",
    [activation("gelu"), linear(4), activation("relu"), activation("softmax"), linear(3), activation("silu")],
  ],
  ["layers without parameters alone", [dropout(0.5), activation("tanh"), activation("softplus"), dropout(0.1)]],
  ["dropout", [dropout(0.5), linear(4, "tanh"), dropout(0.2), linear(3)]],
  [
    "normalisations",
    [batchNorm(), linear(5, "tanh"), layerNorm(), linear(4), batchNorm(), activation("elu"), linear(3), layerNorm()],
  ],
];

describe.each([...OUTER, ...MIXED.filter(([, layers]) => layers.some(({ type }) => type === "dense"))])(
  "the derivative of an output through %s",
  (_, layers) => {
    test("by every parameter is the central difference, for every output", async () => {
      const { net, x } = await problem(layers);
      for (let output = 0; output < OUTPUTS; output++) {
        const numeric = await parameterDifferences(net, () => net.logits([x])[output]!);
        expectAgree(flat(net.derivatives([x], { output }).layers), numeric);
      }
    });
  },
);

describe.each([...OUTER, ...MIXED])("through %s", (_, layers) => {
  /** What layers `first`, … make of a row. */
  async function tail(
    net: Net,
    first: number,
    width: number,
    before: Layer[] = [],
  ): Promise<(row: number[]) => number[]> {
    const rest = await create([...before, ...layers.slice(first)], width);
    const none = before.map(() => ({ weights: [], biases: [] }));
    rest.setParameters([...none, ...net.parameters().slice(first)]);
    return (row) => [...rest.logits([row])];
  }

  test("D_A and D_Z of each layer are the central differences of the layers behind, at the values A and Z that those before give", async () => {
    const { net, x } = await problem(layers);
    const output = 1;
    const derived = net.derivatives([x], { output });
    let input = x;
    for (const [l, layer] of layers.entries()) {
      const { z, a, dz, da } = derived.layers[l]!;
      const alone = await create([layer], input.length);
      alone.setParameters([net.parameters()[l]!]);
      expect([...a]).toEqual([...alone.logits([input])]);
      const behind = await tail(net, l + 1, a.length);
      expectAgree([...da], await differences([...a], (row) => behind(row)[output]!));
      // Z is what the activation is taken of; where a layer has none, what it gives.
      if ("activation" in layer) {
        const activated = await tail(net, l + 1, z.length, [activation(layer.activation)]);
        expect(activated([...z])[output]).toBe(derived.output);
        expectAgree([...dz], await differences([...z], (row) => activated(row)[output]!));
      } else expect([z, dz]).toEqual([a, da]);
      input = [...a];
    }
    expect(derived.output).toBe(net.logits([x])[output]);
  });
});
