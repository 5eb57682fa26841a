import { expect, test } from "vitest";
import { adam, conv2d, dense, type FitOptions, flatten, Network, rprop, sgd } from "../../src/index.ts";
import { augmented, drawn } from "../reference/augment.ts";
import { seeded } from "../reference/seeded.ts";

const next = seeded(1);
const x = Array.from({ length: 7 }, () => Array.from({ length: 18 }, () => Math.floor(next() * 256)));
const y = x.map((_, i) => i % 2);
const IMAGE = { height: 2, width: 3, channels: 3 };
const SEED = 9;

const create = () =>
  Network.create({
    inputs: { shape: [2, 3, 3], scale: 1 / 128, offset: -1 },
    layers: [conv2d(4, 2, { padding: 1, activation: "tanh" }), flatten(), dense(2)],
    loss: "softmaxCrossEntropy",
    seed: SEED,
  });
const OPTIONS = {
  optimizer: adam({ learningRate: 0.1 }),
  sampling: "sequential",
  batchSize: 3,
  accumulationSteps: 2,
} as const;
const AUGMENT = { augment: { flip: true, crop: 1 } };

async function fitted(options: FitOptions) {
  const net = await create();
  await net.fit(x, y, { epochs: 3, ...options });
  return net.parameters();
}

test("training on varied images is training on images that were varied before", async () => {
  const net = await create();
  // An epoch is a step of 6 images and one of 1. A pixel of 0 is the offset, −1: the padding's.
  for (let epoch = 0; epoch < 3; epoch++) {
    const rows = x.map((row, i) => {
      const [step, place] = i < 6 ? [2 * epoch, i] : [2 * epoch + 1, 0];
      return augmented(row, IMAGE, 1, drawn(1, SEED, step, place), 0);
    });
    await net.fit(rows, y, { ...OPTIONS, epochs: 1 });
  }
  const varied = await fitted({ ...OPTIONS, ...AUGMENT });
  expect(varied).toEqual(net.parameters());
  expect(varied).not.toEqual(await fitted(OPTIONS));
});

test("a checkpoint in the middle of an epoch goes on with the same images, and not without the option", async () => {
  const options = { ...OPTIONS, ...AUGMENT, epochs: 3, optimizer: sgd({ learningRate: 0.1, momentum: 0.5 }) };
  const whole = await create();
  await whole.fit(x, y, options);
  for (let cut = 1; cut < 6; cut++) {
    const first = await create();
    for await (const { step } of first.train(x, y, { ...options, every: 1 })) if (step === cut) break;
    const bytes = first.checkpoint();
    const second = await Network.resume(bytes);
    await second.fit(x, y, options);
    expect(second.parameters()).toEqual(whole.parameters());
    const { augment: _, ...without } = options;
    await expect((await Network.resume(bytes)).fit(x, y, without)).rejects.toThrow("option augment is absent");
  }
});

test("a fit without the option behind one with it takes images as they are", async () => {
  const options = { ...OPTIONS, optimizer: sgd({ learningRate: 0.1 }) };
  const net = await create();
  await net.fit(x, y, { ...options, ...AUGMENT, epochs: 1 });
  const copy = net.clone();
  for (const one of [net, copy]) await one.fit(x, y, { ...options, epochs: 1 });
  expect(net.parameters()).toEqual(copy.parameters());
});

test("predictions and validation see images as they are", async () => {
  const net = await create();
  const before = net.evaluate(x, y).loss;
  const { validationLoss } = await net.fit(x, y, {
    ...AUGMENT,
    optimizer: sgd({ learningRate: 1e-30 }),
    validationData: [x, y],
  });
  // The same numbers; the relaxed build may round them otherwise once the engine has optimised it. Varied images are 1e-2 away.
  expect(Math.abs(validationLoss![0]! - before)).toBeLessThan(1e-6);
});

test("what draws nothing refuses it", async () => {
  const net = await create();
  const message =
    "augment is given, which is drawn anew each step, and rprop takes the gradient over all rows; expected none";
  await expect(net.fit(x, y, { optimizer: rprop(), ...AUGMENT })).rejects.toThrow(message);
  const flat = await Network.create({ inputs: 18, layers: [dense(2)], loss: "softmaxCrossEntropy" });
  await expect(flat.fit(x, y, { ...OPTIONS, ...AUGMENT })).rejects.toThrow("inputs is [18], expected images");
});
