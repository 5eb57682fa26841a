import { describe, expect, test } from "vitest";
import {
  type Activation,
  activation,
  constant,
  dense,
  type Layer,
  type Loss,
  Network,
  normal,
  sgd,
} from "../../../src/index.ts";
import { seeded } from "../../reference/seeded.ts";
import {
  ACTIVATIONS,
  drawRows,
  drawTargets,
  expectAgree,
  flat,
  LOSSES,
  type Net,
  parameterDifferences,
  title,
} from "./differences.ts";

// Dense layers with every activation under every loss: every gradient against central differences in f64.

const INPUTS = 3;
const OUTPUTS = 3;

/** `depth` linear maps, the activation behind each but the last, which has it too where `last`. */
function stack(kind: Activation, depth: number, last: boolean): Layer[] {
  // Deviation 0.7 keeps sigmoid and tanh away from saturation, where a difference would be lost in rounding.
  // Biases of 1 keep enough of the ReLUs alive.
  const init = { weights: normal(0.7), biases: kind === "relu" ? constant(1) : normal(0.7) };
  return Array.from({ length: depth }, (_, l) => {
    const output = l === depth - 1;
    return dense(output ? OUTPUTS : 5 - l, output && !last ? "identity" : kind, init);
  });
}

const create = (layers: Layer[], loss: Loss, seed: number) =>
  Network.create({ inputs: INPUTS, layers, loss, precision: "f64", seed });

/** A network of such layers with samples for it. */
async function problem(kind: Activation, loss: Loss, depth: number, last: boolean, rows = 5) {
  const next = seeded(100 * depth + title(kind).length + 7 * title(loss).length);
  const layers = stack(kind, depth, last);
  const net = await create(layers, loss, depth);
  const x = drawRows(net, layers, INPUTS, rows, next);
  return { net, layers, x, y: drawTargets(net, loss, x, next) };
}

const gradientOf = (net: Net, x: number[][], y: number[] | number[][]) => flat(net.gradients(x, y).layers);

async function expectDifferences(kind: Activation, loss: Loss, depth: number): Promise<void> {
  const refused = { sigmoid: /^binary/, softmax: /^softmax/ }[title(kind)]; // the loss adds it
  for (const last of refused?.test(title(loss)) ? [false] : [false, true]) {
    const { net, x, y } = await problem(kind, loss, depth, last);
    const numeric = await parameterDifferences(net, () => net.evaluate(x, y).loss);
    expectAgree(gradientOf(net, x, y), numeric);
  }
}

describe.each(LOSSES)("the gradient of %s", (_, loss) => {
  test.each(ACTIVATIONS)("through %s is the central difference", (_, kind) => expectDifferences(kind, loss, 3));

  test("of a batch is the mean over its samples", async () => {
    const { net, x, y } = await problem("tanh", loss, 3, false, 9);
    const batch = gradientOf(net, x, y);
    const sum = batch.map(() => 0);
    for (const [i, row] of x.entries()) {
      for (const [j, g] of gradientOf(net, [row], [y[i]] as number[]).entries()) sum[j]! += g;
    }
    // nine numbers, each sum and product rounded to 2⁻⁵³ of the largest
    const largest = Math.max(1, ...sum.map(Math.abs));
    for (const [j, g] of batch.entries()) expect(Math.abs(g - sum[j]! / 9)).toBeLessThan(9 * 3 * 2 ** -53 * largest);
  });

  test("twice is the same bits", async () => {
    const { net, x, y } = await problem("sigmoid", loss, 2, false, 20);
    expect(net.gradients(x, y)).toEqual(net.gradients(x, y));
  });

  test("of more rows than fit at once is that of the rows in one order", async () => {
    // 1000 rows pass through in several batches; summed in the order of the samples, so that training on all of them
    // in one batch, which holds them at once, moves the weights by exactly η times the same gradient.
    const { net, x, y } = await problem("tanh", loss, 2, false, 1000);
    const before = flat(net.parameters());
    const gradient = gradientOf(net, x, y);
    await net.fit(x, y, { optimizer: sgd({ learningRate: 0.5 }), batchSize: 1000, sampling: "sequential" });
    expect(flat(net.parameters())).toEqual(before.map((w, i) => w - 0.5 * gradient[i]!));
  });
});

describe.each([1, 2, 4])("at depth %i", (depth) => {
  test.each(ACTIVATIONS)("the gradient through %s is the central difference", async (_, kind) => {
    await expectDifferences(kind, "meanSquaredError", depth);
    await expectDifferences(kind, "softmaxCrossEntropy", depth);
  });
});

test.each(ACTIVATIONS)(
  "%s as a layer of its own has the loss and the gradient of one in the dense layer",
  async (_, kind) => {
    const { net, layers, x, y } = await problem(kind, "meanSquaredError", 3, true, 20);
    const apart = layers.flatMap(
      (layer) => [{ ...layer, activation: "identity" as const }, activation(kind)] as Layer[],
    );
    const other = await create(apart, "meanSquaredError", 0);
    other.setParameters(net.parameters().flatMap((parameters) => [parameters, { weights: [], biases: [] }]));
    const [together, separate] = [net.gradients(x, y), other.gradients(x, y)];
    expect(separate.loss).toBe(together.loss);
    expect(flat(separate.layers)).toEqual(flat(together.layers));
  },
);
