import { beforeAll, describe, expect, test } from "vitest";
import {
  adam,
  batchNorm,
  cosine,
  dense,
  dropout,
  earlyStopping,
  type Features,
  FormatError,
  Network,
  type Precision,
  sgd,
  type TargetValues,
  type TrainOptions,
} from "../../src/index.ts";
import { parseSafetensors, serializeSafetensors } from "../../src/safetensors.ts";
import { seeded } from "../reference/seeded.ts";
import { labels, x } from "./samples.ts";

// Checkpoints that are not what was written, and trainings that are not the one that was cut.

const validationData = [x.slice(0, 4), labels.slice(0, 4)] as const;
const weights = x.map((_, i) => 1 + (i % 3));
const options = {
  optimizer: adam({ learningRate: cosine({ learningRate: 0.02, epochs: 4 }) }),
  epochs: 4,
  batchSize: 4,
  validationData,
  sampleWeight: weights,
  earlyStopping: earlyStopping({ patience: 9, restoreBest: true }),
} satisfies TrainOptions;

const make = () =>
  Network.create({
    inputs: 3,
    layers: [dense(4, "tanh"), batchNorm(), dropout(0.2), dense(2)],
    loss: "softmaxCrossEntropy",
    seed: 5,
  });

/** Cut in the middle of the second epoch. */
let file: Uint8Array;
let whole: Uint8Array;

beforeAll(async () => {
  const net = await make();
  for await (const { step } of net.train(x, labels, { ...options, every: 1 })) if (step === 5) break;
  file = net.checkpoint();
  const other = await make();
  await other.fit(x, labels, options);
  whole = other.checkpoint();
});

async function refused(bytes: Uint8Array): Promise<Error> {
  const error = await Network.resume(bytes).catch((reason) => reason);
  expect(error).toBeInstanceOf(FormatError);
  expect(error.message.length).toBeLessThanOrEqual(240);
  return error;
}

/** The file with other metadata, its checksum as it was. */
function edited(edit: (metadata: Map<string, string>) => void): Uint8Array {
  const { metadata, tensors } = parseSafetensors(file);
  edit(metadata);
  return serializeSafetensors(tensors, metadata);
}

describe("Network.resume refuses", () => {
  test("a checkpoint that is cut short, at every 97th byte and the last", async () => {
    for (let length = 0; length < file.length; length += 97) await refused(file.slice(0, length));
    await refused(file.slice(0, -1));
  });

  test("one that has bytes behind it", async () => {
    expect((await refused(Uint8Array.of(...file, 0))).message).toContain("1 bytes follow");
  });

  test("one with a byte altered, unless the training that goes on is the same", async () => {
    const random = seeded(31);
    const places = Array.from({ length: 600 }, () => Math.floor(random() * file.length));
    // All of the length of the header and of its first characters.
    places.push(...Array(48).keys());
    let same = 0;
    for (const place of places) {
      const bytes = file.slice();
      bytes[place]! ^= 1 << Math.floor(8 * random());
      const net = await Network.resume(bytes).catch((error) => error);
      if (net instanceof Network) {
        await net.fit(x, labels, options);
        expect(net.checkpoint(), `byte ${place}`).toEqual(whole);
        same += 1;
      } else {
        expect(net, `byte ${place}`).toBeInstanceOf(FormatError);
        expect(net.message.length, net.message).toBeLessThanOrEqual(240);
      }
    }
    // Spaces of JSON, and dtype and shape of bytes.
    expect(same).toBeLessThan(places.length / 20);
  });

  test.each<[string, (metadata: Map<string, string>) => unknown, string]>([
    ["another format version", (m) => m.set("format", "steepest 2"), 'format is "steepest 2", expected "steepest 1"'],
    ["no format", (m) => m.delete("format"), 'format is not named, expected "steepest 1"'],
    [
      "another width in the architecture",
      (m) => m.set("architecture", m.get("architecture")!.replace('"units":4', '"units":5')),
      "Cannot resume: the checksum is",
    ],
    [
      "another activation in the architecture",
      (m) => m.set("architecture", m.get("architecture")!.replace("tanh", "relu")),
      "Cannot resume: the checksum is",
    ],
    [
      "another seed",
      (m) => m.set("architecture", m.get("architecture")!.replace('"seed":5', '"seed":6')),
      "Cannot resume: the checksum is",
    ],
    ["other counters", (m) => m.set("counters", '{"step":6,"epoch":1}'), "Cannot resume: the checksum is"],
    [
      "another place in the epoch",
      (m) => m.set("training", m.get("training")!.replace('"stepsLeft":1', '"stepsLeft":2')),
      "Cannot resume: the checksum is",
    ],
    ["no training", (m) => m.delete("training"), "Cannot resume: the checksum is"],
    ["another checksum", (m) => m.set("checksum", "0"), 'Cannot resume: the checksum is "0", the contents have "'],
    ["no checksum", (m) => m.delete("checksum"), "the file has no checkpoint, expected one that checkpoint() wrote"],
  ])("%s", async (_, edit, message) => {
    const bytes = edited(edit);
    expect(bytes).not.toEqual(file);
    expect((await refused(bytes)).message).toContain(message);
  });

  test("a file that save wrote", async () => {
    const { message } = await refused((await make()).save());
    expect(message).toContain("the file has no checkpoint");
    expect(message).toContain("use Network.load");
  });
});

describe("a training that was resumed refuses", () => {
  const moved = x.map((row) => row.map((value) => value / 2));
  const flipped = labels.map((label) => 1 - label);
  const data: [string, string, Partial<TrainOptions>, Features?, TargetValues?][] = [
    ["other features", "x or y are not those", {}, moved],
    ["other labels", "x or y are not those", {}, x, flipped],
    ["the same rows in another order", "x or y are not those", {}, x.toReversed(), labels.toReversed()],
    [
      "fewer rows",
      "x or y are not those (10 rows, then 11)",
      { sampleWeight: weights.slice(1) },
      x.slice(1),
      labels.slice(1),
    ],
    ["other weights", "the weights of rows are not those", { sampleWeight: weights.toReversed() }],
    ["no weights", "the weights of rows are not those", { sampleWeight: undefined }],
    ["other validationData", "the validation data are not those", { validationData: [moved, labels] }],
  ];

  test.each(data)("%s", async (_, message, changed, features = x, targets = labels) => {
    const net = await Network.resume(file);
    const error: Error = await net.fit(features, targets, { ...options, ...changed }).catch((reason) => reason);
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe(
      `fit: ${message} of the checkpoint that the network was resumed from; expected the same`,
    );
    await net.fit(x, labels, options);
    expect(net.checkpoint()).toEqual(whole);
  });

  test("fewer epochs than it has begun, in the middle of one and at its end", async () => {
    const [steps, all] = [3, 4];
    const whole = await make();
    await whole.fit(x, labels, { ...options, epochs: all });
    for (let cut = 1; cut <= steps * (all - 1); cut++) {
      const net = await make();
      for await (const { step } of net.train(x, labels, { ...options, epochs: all, every: 1 })) if (step === cut) break;
      const resumed = await Network.resume(net.checkpoint());
      const begun = Math.ceil(cut / steps);
      for (let epochs = 1; epochs < begun; epochs++) {
        await expect(resumed.fit(x, labels, { ...options, epochs })).rejects.toThrow(
          `fit: epochs is ${epochs}, and the training that the network was resumed from has begun ${begun}; expected the total, at least ${begun}`,
        );
      }
      expect([resumed.step, resumed.epoch]).toEqual([cut, begun]);
      await resumed.fit(x, labels, { ...options, epochs: all });
      expect(resumed.save()).toEqual(whole.save());
    }
  });

  const cases: [string, string, string, string, Partial<TrainOptions>, Features?, TargetValues?][] = [
    [
      "another optimizer",
      "option optimizer",
      '{"type":"sgd"',
      '{"type":"adam"',
      { optimizer: sgd({ learningRate: 0.1 }) },
    ],
    ["another schedule", "option optimizer", "{", "{", { optimizer: adam({ learningRate: 0.02 }) }],
    ["another batchSize", "option batchSize", "6", "4", { batchSize: 6 }],
    ["other accumulationSteps", "option stepSize", "8", "4", { accumulationSteps: 2, stepsPerEpoch: 3 }],
    ["another sampling", "option sampling", '"sequential"', '"shuffle"', { sampling: "sequential" }],
    ["other stepsPerEpoch", "option stepsPerEpoch", "2", "3", { stepsPerEpoch: 2 }],
    ["metrics", "option metrics", '["accuracy"]', "[]", { metrics: ["accuracy"] }],
    [
      "other patience",
      "option earlyStopping",
      "{",
      "{",
      { earlyStopping: earlyStopping({ patience: 8, restoreBest: true }) },
    ],
    ["no early stopping", "option earlyStopping", "absent", "{", { earlyStopping: undefined }],
  ];

  test.each(cases)("%s", async (_, name, got, expected, changed, features = x, targets = labels) => {
    const net = await Network.resume(file);
    const error: Error = await net.fit(features, targets, { ...options, ...changed }).catch((reason) => reason);
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message.length, error.message).toBeLessThanOrEqual(240);
    expect(error.message).toContain(`fit: ${name} is ${got}`);
    expect(error.message).toContain(`the checkpoint that the network was resumed from has ${expected}`);
    expect(error.message).toContain("expected the same");
    // Nothing has changed: the right training still goes on.
    await net.fit(x, labels, options);
    expect(net.checkpoint()).toEqual(whole);
  });

  test("a validationSplit in place of none, and another one", async () => {
    const split = { ...options, validationData: undefined, validationSplit: 0.3 };
    const net = await make();
    await net.fit(x, labels, { ...split, epochs: 1 });
    const resumed = await Network.resume(net.checkpoint());
    await expect(resumed.fit(x, labels, { ...split, validationSplit: 0.29 })).rejects.toThrow(
      "fit: option validationSplit is 0.29, and the checkpoint that the network was resumed from has 0.3",
    );
    await expect(resumed.fit(x, labels, { ...options, stepsPerEpoch: 2 })).rejects.toThrow(
      "fit: option validationSplit is 0, ",
    );
  });

  test("but takes more epochs, callbacks, another `every`, typed arrays of the same numbers", async () => {
    const net = await Network.resume(file);
    const rows = Float32Array.from(x.flat());
    let epochs = 0;
    const more = { epochs: 5, every: 2, onEpoch: () => void epochs++ };
    const steps: number[] = [];
    for await (const { step } of net.train(rows, Int32Array.from(labels), { ...options, ...more })) steps.push(step);
    // Every second step from the first of the call, which was before the cut.
    expect([...steps, net.step]).toEqual([6, 8, 10, 12, 14, 15]);
    expect(epochs).toBe(4);
  });
});

test("Network.load takes the network of a checkpoint, and trains it anew with other options", async () => {
  const net = await make();
  let saved: Uint8Array | undefined;
  for await (const { step } of net.train(x, labels, { ...options, every: 1 })) {
    if (step < 5) continue;
    saved = net.save();
    break;
  }
  const loaded = await Network.load(file);
  expect(loaded.save()).toEqual(saved);
  const plain: Network<Precision> = await Network.load(saved!);
  for (const one of [loaded, plain]) await one.fit(x, labels, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 6 });
  expect(loaded.save()).toEqual(plain.save());
});

test("two equal trainings have equal checkpoints, and resuming gives back the bytes", async () => {
  const again = await make();
  for await (const { step } of again.train(x, labels, { ...options, every: 1 })) if (step === 5) break;
  expect(again.checkpoint()).toEqual(file);
  expect((await Network.resume(file)).checkpoint()).toEqual(file);
  expect((await Network.resume(file.slice().buffer)).checkpoint()).toEqual(file);
});

test("a network whose parameters were replaced begins anew", async () => {
  const net = await make();
  await net.fit(x, labels, options);
  net.setParameters(net.parameters());
  const resumed = await Network.resume(net.checkpoint());
  expect(resumed.history.loss).toEqual([]);
  const history = await resumed.fit(x, labels, { optimizer: sgd({ learningRate: 0.1 }) });
  expect(history.loss).toHaveLength(1);
  expect(resumed.epoch).toBe(5);
});
