import { describe, expect, test } from "vitest";
import { applyImages, fitImages } from "../../src/images.ts";
import {
  adam,
  dense,
  type Features,
  type FitOptions,
  type ImageOptions,
  Network,
  type NetworkOptions,
  type Precision,
  sgd,
} from "../../src/index.ts";
import { parseSafetensors, serializeSafetensors } from "../../src/safetensors.ts";
import { normalised } from "../reference/images.ts";
import { seeded } from "../reference/seeded.ts";

// How `fit` normalises images, against the same done by hand beforehand.

/**
 * 4 images of 4 pixels. The mean image is 130, 110, 130, 125. What is left of the first two is flat, +10 and −10; of the others ±40 times
 * 1, 1, −3, 1, plus and minus 6, whose deviation is √(1600·12/3) = 80. The mean of 0, 0, 80 and 80 is 40.
 */
const raw = [
  [140, 120, 140, 135],
  [120, 100, 120, 115],
  [176, 156, 16, 171],
  [84, 64, 244, 79],
];
const labels = [0, 1, 0, 1];
const course = { optimizer: adam({ learningRate: 0.02 }), epochs: 3, batchSize: 3 };

const small = <P extends Precision = "f32">(more: Partial<NetworkOptions<P>> = {}) =>
  Network.create<P>({ inputs: 4, layers: [dense(3, "tanh"), dense(2)], loss: "softmaxCrossEntropy", ...more });

/** Their own means are 7, 250, 140 and 100; what is left deviates by 0, 0, 80 and 40, by 30 in the mean. */
const contrasts = [
  [7, 7, 7, 7],
  [250, 250, 250, 250],
  [180, 180, 20, 180],
  [120, 120, 40, 120],
];
const flat = [0, 0, 0, 0];

const BY_HAND: [string, number[][], ImageOptions, number[][], object][] = [
  [
    "the mean image is taken off",
    raw,
    { mean: true },
    [
      [10, 10, 10, 10],
      [-10, -10, -10, -10],
      [46, 46, -114, 46],
      [-46, -46, 114, -46],
    ],
    { mean: [130, 110, 130, 125] },
  ],
  [
    "then each image's own mean, and what deviates by 80 is multiplied by 40/80",
    raw,
    { mean: true, contrast: true },
    [flat, flat, [20, 20, -60, 20], [-20, -20, 60, -20]],
    { mean: [130, 110, 130, 125], contrast: { floor: 40, deviation: 40 } },
  ],
  [
    "what deviates by 80 is multiplied by 30/80, and by 30/64 what deviates by less than a floor of 64",
    contrasts,
    { mean: false, contrast: { floor: 64 } },
    [flat, flat, [15, 15, -45, 15], [9.375, 9.375, -28.125, 9.375]],
    { contrast: { floor: 64, deviation: 30 } },
  ],
];

describe.each<Precision>(["f32", "f64"])("%s", (precision) => {
  test.each(BY_HAND)("a worked example: %s", async (_, rows, images, normal, fitted) => {
    const expected = await small({ precision });
    await expected.fit(normal, labels, course);
    const forms: Features[] = [rows, Uint8Array.from(rows.flat()), Float32Array.from(rows.flat())];
    for (const form of forms) {
      const net = await small({ precision });
      await net.fit(form, labels, { ...course, images });
      expect(preparationOf(net)).toEqual({ images: fitted });
      expect(net.parameters()).toEqual(expected.parameters());
      expect(net.history.loss).toEqual(expected.history.loss);
      expect(net.predict(form)).toEqual(expected.predict(normal));
      expect(net.evaluate(form, labels)).toEqual(expected.evaluate(normal, labels));
      expect(net.gradients(form, labels)).toEqual(expected.gradients(normal, labels));
      expect(net.derivatives([rows[2]!])).toEqual(expected.derivatives([normal[2]!]));
    }
  });

  test.each([
    { mean: true, floor: 40 },
    { mean: false, floor: 60 },
    { mean: true, floor: undefined },
  ])("images of any size are those of the plain version, %o", ({ mean, floor }) => {
    const next = seeded(3);
    const kind = { ...(mean && { mean: true as const }), ...(floor && { contrast: { floor } }) };
    for (let width = 2; width <= 33; width++) {
      // Contrasts from 0 on; the last image has the greatest.
      const rows = Array.from({ length: 12 }, (_, i) =>
        Array.from({ length: width }, (_, j) => (i < 11 ? Math.floor(128 + (next() - 0.5) * 23 * i) : 255 * (j % 2))),
      );
      const training = [1, 2, 5, 7, 10, 11];
      const data = Uint8Array.from(rows.flat());
      const fitted = fitImages("fit", kind, data, width, training);
      const found = applyImages("fit", fitted, data, width, precision);
      const expected = normalised(rows, training, { mean, floor }).flat();
      // Sums of up to 33 numbers below 2⁸ in f64 and a few roundings of numbers below 2¹⁰; then one of f32.
      const rounding = precision === "f32" ? 2 ** -24 : 0;
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(found[i]! - value)).toBeLessThan(1e-11 + rounding * Math.abs(value));
      }
    }
  });
});

test("rows that are held out have no say in what is fitted", async () => {
  const outcome = async (bright: number, more: Partial<FitOptions>) => {
    const net = await small();
    const rows = raw.with(bright, [255, 255, 255, 0]);
    await net.fit(rows, labels, { ...course, images: { mean: true, contrast: true }, ...more });
    return JSON.stringify(preparationOf(net));
  };
  const all = await Promise.all(raw.map((_, i) => outcome(i, { validationSplit: 0.25 })));
  const net = await small();
  await net.fit(raw, labels, { ...course, images: { mean: true, contrast: true }, validationSplit: 0.25 });
  // The one row of 4 that validates may be any image.
  expect(all.filter((found) => found === JSON.stringify(preparationOf(net)))).toHaveLength(1);

  const other = await small();
  const validationData: [number[][], number[]] = [[[255, 0, 0, 0]], [1]];
  const images = { mean: true, contrast: true };
  const history = await other.fit(raw, labels, { ...course, images, validationData });
  expect(preparationOf(other)).toEqual({ images: BY_HAND[1]![4] });
  expect(history.validationLoss!.at(-1)).toBe(other.evaluate(...validationData).loss);
});

test("missing numbers are filled in first, and the scale and offset of the inputs come after", async () => {
  const holes = raw.with(0, [Number.NaN, 120, 140, 135]);
  const images = { mean: true, contrast: true };
  const inputs = { shape: 4, scale: 1 / 32, offset: 0.5 };
  const net = await small({ inputs });
  await net.fit(holes, labels, { ...course, images, missing: { constant: 140 } });
  const expected = await small({ inputs });
  await expected.fit(BY_HAND[1]![3], labels, course);
  expect(net.parameters()).toEqual(expected.parameters());
});

test("save, load, clone and later fits keep what was fitted", async () => {
  const images = { mean: true, contrast: true };
  const net = await small();
  await net.fit(raw, labels, { ...course, images });
  const fitted = preparationOf(net);
  const [loaded, copy] = [await Network.load(net.save()), net.clone()];
  const others = contrasts;
  expect(loaded.predict(others)).toEqual(net.predict(others));
  expect(copy.predict(others)).toEqual(net.predict(others));
  const again = { ...course, optimizer: sgd({ learningRate: 0.1 }) };
  await net.fit(others, labels, { ...again, images: { contrast: { floor: 40 }, mean: true } });
  await loaded.fit(others, labels, again);
  await copy.fit(others, labels, { ...again, images });
  expect(preparationOf(net)).toEqual(fitted);
  expect(loaded.save()).toEqual(net.save());
  expect(copy.save()).toEqual(net.save());
});

test("a training goes on from a checkpoint bit for bit", async () => {
  const more = { ...course, epochs: 6, images: { mean: true, contrast: { floor: 30 } } };
  const whole = await small();
  await whole.fit(raw, labels, more);
  const half = await small();
  let bytes: Uint8Array | undefined;
  for await (const { step } of half.train(raw, labels, { ...more, every: 1 })) {
    if (step < 5) continue;
    bytes = half.checkpoint();
    break;
  }
  const resumed = await Network.resume(bytes!);
  await resumed.fit(raw, labels, more);
  expect(resumed.save()).toEqual(whole.save());
});

const REFUSED: [string, unknown, string][] = [
  ["TypeError", true, "fit: images: options is true, expected a plain object"],
  ["TypeError", { means: true }, 'fit: images: unknown option "means", expected one of contrast, mean'],
  ["TypeError", { mean: 1 }, "fit: images: mean is 1, expected true or false"],
  ["TypeError", { contrast: 40 }, "fit: images: contrast is 40, expected true, false or { floor }"],
  ["TypeError", { contrast: {} }, "fit: images: contrast: floor is undefined, expected a positive finite number"],
  ["RangeError", { contrast: { floor: -1 } }, "fit: images: contrast: floor is -1, expected a positive finite number"],
  ["RangeError", { contrast: { floor: 0 } }, "fit: images: contrast: floor is 0, expected a positive finite number"],
  ["RangeError", { contrast: { floor: Number.NaN } }, "fit: images: contrast: floor is NaN"],
  ["RangeError", { contrast: { floor: Infinity } }, "fit: images: contrast: floor is Infinity"],
  [
    "RangeError",
    { contrast: { floor: 81 }, mean: true },
    "fit: images: contrast: floor is 81, and no image of x deviates by as much (the most is 80), expected a smaller floor",
  ],
];

test.each(REFUSED)("%s, and nothing changes: %j", async (name, images, message) => {
  const net = await small();
  const before = net.save();
  const error = await net.fit(raw, labels, { ...course, images: images as ImageOptions }).catch((e: Error) => e);
  expect(error).toMatchObject({ name, message: expect.stringContaining(message) });
  expect(net.save()).toEqual(before);
});

test("images are not scaled too, and a later fit has no other preparation", async () => {
  const net = await small();
  const images = { mean: true };
  await expect(net.fit(raw, labels, { ...course, images, scale: { x: "standard" } })).rejects.toThrow(
    "fit: images and scale x are given, expected one of them",
  );
  await net.fit(raw, labels, { ...course, images });
  await expect(net.fit(raw, labels, { ...course, images: { contrast: true } })).rejects.toThrow(
    'fit: images is {"contrast":{"floor":40}}, and the network\'s first fit had {"mean":true}, expected the same',
  );
  await expect(net.fit(raw, labels, { ...course, scale: { x: "standard" } })).rejects.toThrow(
    'fit: scale x is "standard", and the network\'s first fit had none',
  );
  const plain = await small();
  await plain.fit(raw, labels, { ...course, images: { contrast: false } });
  expect(parseSafetensors(plain.save()).metadata.has("preparation")).toBe(false);
  await expect(plain.fit(raw, labels, { ...course, images })).rejects.toThrow("and the network's first fit had none");
});

test("numbers beyond the precision's range are named", async () => {
  const large = raw.map((row) => row.map((v) => v * 1e305));
  const double = await small({ precision: "f64" });
  await expect(double.fit(large, labels, { ...course, images: { contrast: true } })).rejects.toThrow(
    "fit: x is too large: the mean deviation of its images is Infinity, expected a finite number",
  );
  const single = await small();
  await single.fit(raw, labels, { ...course, images: { contrast: true } });
  expect(() => single.predict(Float64Array.from([1, 2, 3, 4, 1e200, 0, 0, 0]))).toThrow(
    "predict: x row 1, column 0 is 1e+200, which images takes to NaN, expected a number in the range of f32",
  );
});

test("a file with images that no fit makes is refused", async () => {
  const net = await small();
  await net.fit(raw, labels, { ...course, images: { mean: true, contrast: true } });
  const { metadata, tensors } = parseSafetensors(net.save());
  const having = (preparation: object) =>
    Network.load(
      serializeSafetensors(new Map(tensors), new Map(metadata).set("preparation", JSON.stringify(preparation))),
    );
  const { images } = preparationOf(net);
  await expect(having({ images: { ...images, mean: [1, 2, 3] } })).rejects.toThrow(
    "Cannot load: metadata preparation: Cannot load: preparation: images: mean has 3 numbers, expected 4",
  );
  await expect(having({ images: {} })).rejects.toThrow("images is empty, expected mean or contrast");
  await expect(having({ images: { ...images, floor: 3 } })).rejects.toThrow('images: unknown option "floor"');
  await expect(having({ images: { contrast: { floor: 40, deviation: 0 } } })).rejects.toThrow(
    "images: contrast: deviation is 0, expected a positive finite number",
  );
  await expect(having({ images: { contrast: { floor: -40, deviation: 1 } } })).rejects.toThrow("floor is -40");
  await expect(having({ images, x: { kind: "minMax", offset: [0, 0, 0, 0], scale: [1, 1, 1, 1] } })).rejects.toThrow(
    "images and scale x are given, expected one of them",
  );
  await expect(having({ images })).resolves.toBeInstanceOf(Network);
});

/** What its file says of a network's preparation. */
const preparationOf = (net: Network<Precision>) =>
  JSON.parse(parseSafetensors(net.save()).metadata.get("preparation")!);
