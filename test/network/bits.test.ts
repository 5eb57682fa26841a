import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { dense, Network, normal, type Precision, sgd } from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";

// The same bits, however the work is cut.

const PRECISIONS: Precision[] = ["f32", "f64"];

function rows(count: number, width: number, seed: number): number[][] {
  const next = seeded(seed);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => 4 * next() - 2));
}

async function trained(precision: Precision, seed = 3) {
  const net = await Network.create({
    inputs: 7,
    layers: [dense(33, "relu"), dense(17, "tanh"), dense(9, "sigmoid"), dense(5)],
    loss: "softmaxCrossEntropy",
    precision,
    seed,
  });
  const labels = rows(50, 1, 2).map(([value]) => Math.floor((value! + 2) * 1.25));
  await net.fit(rows(50, 7, 1), labels, { optimizer: sgd({ learningRate: 0.1 }), epochs: 3, batchSize: 13 });
  return net;
}

describe.each(PRECISIONS)("%s", (precision) => {
  test("a row predicts the same bits alone and in any batch, and at any place of it", async () => {
    const net = await trained(precision);
    const x = rows(700, 7, 4);
    const all = net.predict(x);
    const logits = net.logits(x);
    for (const i of [0, 1, 2, 3, 4, 255, 256, 257, 511, 699]) {
      expect(net.predict([x[i]!])).toEqual(all.slice(5 * i, 5 * i + 5));
      expect(net.logits([x[i]!])).toEqual(logits.slice(5 * i, 5 * i + 5));
    }
    for (const size of [2, 3, 5, 64, 300]) {
      for (let first = 0; first + size <= 700; first += 97) {
        expect(net.predict(x.slice(first, first + size))).toEqual(all.slice(5 * first, 5 * (first + size)));
      }
    }
  });

  test("the same seed gives the same bits twice in one process, another seed others", async () => {
    const [first, second, other] = [await trained(precision), await trained(precision), await trained(precision, 4)];
    expect(first.save()).toEqual(second.save());
    expect(first.parameters()).not.toEqual(other.parameters());
  });

  test("the same seed draws the same initial values in both precisions, rounded once", async () => {
    const layers = [
      dense(5, "tanh"),
      dense(3, "relu"),
      dense(2, "identity", { weights: normal(2), biases: normal(1) }),
    ];
    const make = (p: Precision) =>
      Network.create({ inputs: 4, layers, loss: "meanSquaredError", precision: p, seed: 2 ** 40 + 7 });
    const [single, double] = [await make("f32"), await make("f64")];
    expect(single.parameters()).toEqual(
      double.parameters().map(({ weights, biases, shape }) => ({
        weights: Float32Array.from(weights),
        biases: Float32Array.from(biases),
        shape,
      })),
    );
  });
});

test("the same seed gives the same bits in two processes", () => {
  const program = `
    import { createHash } from "node:crypto";
    import { dense, Network, sgd } from "steepest";
    const net = await Network.create({ inputs: 3, layers: [dense(8, "tanh"), dense(2)], loss: "softmaxCrossEntropy", seed: 9 });
    await net.fit([[1, 2, 3], [3, 2, 1], [0, 1, 0]], [0, 1, 1], { optimizer: sgd({ learningRate: 0.2 }), epochs: 50, batchSize: 2 });
    console.log(createHash("sha256").update(net.save()).digest("hex"));`;
  const run = () => execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  const first = run();
  expect(first).toMatch(/^[0-9a-f]{64}\n$/);
  expect(run()).toBe(first);
});
