import { expect, test } from "vitest";
import { adam, dense, Network } from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";
import { allocated } from "./allocated.ts";
import { classifier, labels, options, x } from "./samples.ts";

// Networks come and go without dispose: memory that stayed behind would end these tests with an error.

test("ten thousand networks can be made and dropped, and the last is as the first", async () => {
  const first = (await classifier()).save();
  let last = first;
  for (let i = 0; i < 10_000; i++) last = (await classifier()).save();
  expect(last).toEqual(first);
});

test("a thousand fits of different batches, and loads between them, end where one network would", async () => {
  let net: Network<"f32" | "f64"> = await classifier();
  const expected = await classifier();
  for (let i = 0; i < 1000; i++) {
    // Each other plan makes a new memory.
    await net.fit(x, labels, { ...options, batchSize: 1 + (i % 11) });
    net = await Network.load(net.save());
  }
  for (let i = 0; i < 1000; i++) await expected.fit(x, labels, { ...options, batchSize: 1 + (i % 11) });
  expect(net.epoch).toBe(1000);
  expect(net.save()).toEqual(expected.save());
});

test("rows of more than 16 MiB, which are let go after fit, train as those of them that are used", async () => {
  const many = new Float32Array(3 * 1_500_000).map((_, i) => ((i * 7) % 64) / 64);
  const targets = new Uint8Array(1_500_000).map((_, i) => i % 2);
  const [net, expected] = [await classifier(), await classifier()];
  const settings = { ...options, sampling: "sequential", stepsPerEpoch: 5 } as const;
  for (let fit = 0; fit < 2; fit++) {
    const history = await net.fit(many, targets, settings);
    expect(history).toEqual(await expected.fit(many.slice(0, 60), targets.slice(0, 20), settings));
    expect(net.save()).toEqual(expected.save());
    expect(net.predict(x)).toEqual(expected.predict(x));
  }
});

test("a hundred thousand rows predict the bits of each row and of parts alone", async () => {
  const net = await classifier();
  await net.fit(x, labels, options);
  const next = seeded(5);
  const rows = Float32Array.from({ length: 300_000 }, () => 2 * next() - 1);
  const all = net.predict(rows);
  const classes = net.classify(rows);
  const logits = net.logits(rows);
  const alone = new Float32Array(200_000);
  for (let i = 0; i < 100_000; i++) alone.set(net.predict(rows.subarray(3 * i, 3 * i + 3)), 2 * i);
  const equal = (a: Float32Array, b: Float32Array) =>
    Buffer.compare(new Uint8Array(a.buffer), new Uint8Array(b.buffer));
  expect(equal(alone, all)).toBe(0);
  const parts = new Float32Array(200_000);
  for (let i = 0; i < 100_000; i += 1000) parts.set(net.predict(rows.subarray(3 * i, 3 * i + 3000)), 2 * i);
  expect(equal(parts, all)).toBe(0);
  // the class is where the logit is larger, the first where they are equal
  expect(classes.every((label, i) => label === Number(logits[2 * i + 1]! > logits[2 * i]!))).toBe(true);
  expect(new Set(classes).size).toBe(2);
});

test("a loaded network has memory for its parameters and one batch of activations, and no more", async () => {
  const layers = [dense(1000, "relu"), dense(10)];
  const net = await Network.create({ inputs: 300, layers, loss: "softmaxCrossEntropy" });
  const x = new Float32Array(20_000 * 300);
  const options = { optimizer: adam(), batchSize: 512 };
  const trained = Math.max(...(await allocated(() => net.fit(x, new Uint8Array(20_000), options))));
  const used = await allocated(async () => (await Network.load(net.save())).predict(x.subarray(0, 3000)));
  const parameters = 4 * (300 * 1000 + 1000 + 1000 * 12 + 12);
  // Batches of 64 rows, whose widest activation fills 256 KiB; those before and behind it, panels of weights, programs and the core's own
  expect(Math.max(...used)).toBeLessThan(parameters + 1.2 * 2 ** 20);
  expect(trained).toBeGreaterThan(8 * Math.max(...used));
});
