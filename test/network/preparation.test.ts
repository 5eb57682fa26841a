import { describe, expect, test } from "vitest";
import {
  adam,
  dense,
  type FitOptions,
  Network,
  type NetworkOptions,
  oneHot,
  type Precision,
  type ScalerKind,
  sgd,
  type TargetValues,
} from "../../src/index.ts";
import { parseSafetensors, serializeSafetensors } from "../../src/safetensors.ts";
import { classifier, labels, options, regression, scalars, x } from "./samples.ts";

// What `fit` does to x and y before the network sees them, against the same done by hand beforehand.

/** 8 rows of 2 columns: mean 300 and 5, deviation 100 and 3, quartiles 200 and 400, 2 and 8, all exact. */
const raw = [
  [200, 2],
  [400, 8],
  [200, 8],
  [400, 2],
  [400, 2],
  [200, 2],
  [200, 8],
  [400, 8],
];
/** Mean 12, deviation 4; the median and the quartiles are 12, 8 and 16. */
const y = [8, 16, 16, 8, 8, 16, 8, 16];
const course = { optimizer: adam({ learningRate: 0.02 }), epochs: 3, batchSize: 3 };

const small = <P extends Precision = "f32">(more: Partial<NetworkOptions<P>> = {}) =>
  Network.create<P>({ inputs: 2, layers: [dense(3, "tanh"), dense(1)], loss: "huber", seed: 3, ...more });

/** By kind: what is taken off and divided by, of each column of x and of y. */
const BY_HAND: [ScalerKind, [number, number][], [number, number]][] = [
  [
    "standard",
    [
      [300, 100],
      [5, 3],
    ],
    [12, 4],
  ],
  [
    "minMax",
    [
      [200, 200],
      [2, 6],
    ],
    [8, 8],
  ],
  [
    "robust",
    [
      [300, 200],
      [5, 6],
    ],
    [12, 8],
  ],
];

describe.each<Precision>(["f32", "f64"])("%s", (precision) => {
  test.each(BY_HAND)(
    "a training that scales, %s, has the bits of one on data scaled by hand",
    async (kind, by, [offset, scale]) => {
      const scaled = raw.map((row) => row.map((v, j) => (v - by[j]![0]) / by[j]![1]));
      const expected = await small({ precision });
      const history = await expected.fit(
        scaled,
        y.map((v) => (v - offset) / scale),
        course,
      );
      const net = await small({ precision });
      const metrics = ["meanAbsoluteError", "r2"] as const;
      const found = await net.fit(raw, y, { ...course, scale: { x: kind, y: kind }, metrics });
      expect(net.parameters()).toEqual(expected.parameters());
      expect(found.loss).toEqual(history.loss);
      expect(net.gradients(raw, y)).toEqual(
        expected.gradients(
          scaled,
          y.map((v) => (v - offset) / scale),
        ),
      );
      expect(net.derivatives([raw[1]!])).toEqual(expected.derivatives([scaled[1]!]));
      const { loss, ...counts } = net.evaluate(raw, y);
      expect(loss).toBe(
        expected.evaluate(
          scaled,
          y.map((v) => (v - offset) / scale),
        ).loss,
      );
      expect(counts).toEqual({ correct: NaN, accuracy: NaN, zeroOneLoss: NaN });

      // ŷ·scale + offset, rounded once more to the precision.
      const predictions = expected.predict(scaled).map((v) => v * scale + offset);
      expect(net.predict(raw)).toEqual(predictions);
      expect(net.logits(raw)).toEqual(predictions);
      // Metrics are in y's units: |ŷ − y| of numbers around 12, which f32 holds to 2⁻²¹.
      const errors = [...predictions].map((v, i) => Math.abs(v - y[i]!));
      expect(found.metrics!.meanAbsoluteError!.at(-1)).toBeCloseTo(errors.reduce((a, b) => a + b) / 8, 5);
    },
  );

  test("missing numbers are filled in, in fit and in everything after it", async () => {
    const holes = raw.with(1, [null as never, 8]).with(4, [400, Number.NaN]);
    // The columns are 200 ×4, 400 ×3 and 2 ×3, 8 ×4.
    for (const [missing, a, b] of [
      ["median", 200, 8],
      ["mean", 2000 / 7, 38 / 7],
      [{ constant: -1 }, -1, -1],
    ] as const) {
      const filled = raw.with(1, [a, 8]).with(4, [400, b]);
      const expected = await small({ precision });
      const scale = { x: "minMax" } as const;
      await expected.fit(filled, y, { ...course, scale });
      const net = await small({ precision });
      await net.fit(holes, y, { ...course, missing, scale });
      expect(net.parameters()).toEqual(expected.parameters());
      expect(net.predict(holes)).toEqual(expected.predict(filled));
      expect(net.evaluate(holes, y)).toEqual(expected.evaluate(filled, y));
    }
    const net = await small({ precision });
    await net.fit(raw, y, { ...course, missing: "mean" });
    // Fitted though nothing was missing.
    expect(net.predict([[undefined as never, 2]])).toEqual(net.predict([[300, 2]]));
    expect(() =>
      net.predict([
        [1, 2],
        [1, Infinity],
      ]),
    ).toThrow("predict: x row 1, column 1 is Infinity");
  });
});

test("numbers that only f64 tells apart are scaled before they are rounded to f32", async () => {
  // Beside 10⁹, f32 has multiples of 64.
  const [rows, targets] = [raw.map((row) => row.map((v) => 1e9 + v)), y.map((v) => 1e9 + v)];
  const scale = { x: "minMax", y: "minMax" } as const;
  const expected = await small();
  await expected.fit(raw, y, { ...course, scale });
  const net = await small();
  await net.fit(rows, Float64Array.from(targets), { ...course, scale });
  expect(net.parameters()).toEqual(expected.parameters());
});

test("metrics of the part that validates are in y's units too", async () => {
  const more = { ...course, validationSplit: 0.25, metrics: ["meanAbsoluteError"] } as const;
  const scaled = raw.map(([a, b]) => [(a! - 200) / 200, (b! - 2) / 6]);
  const expected = await small();
  await expected.fit(
    scaled,
    y.map((v) => (v - 8) / 8),
    more,
  );
  const net = await small();
  await net.fit(raw, y, { ...more, scale: { x: "minMax", y: "minMax" } });
  // 8 times as large: the powers of two are exact, and f64 holds what f32 predicts, times 8, plus 8.
  expect(net.history.metrics!.meanAbsoluteError).toEqual(
    expected.history.metrics!.meanAbsoluteError!.map((v) => 8 * v),
  );
});

test("without missing, a number that is missing is refused where x is scaled too", async () => {
  const net = await small();
  const holes = raw.with(4, [400, Number.NaN]);
  await expect(net.fit(holes, y, { ...course, scale: { x: "robust" } })).rejects.toThrow(
    "fit: x row 4, column 1 is NaN, expected a finite number",
  );
});

test("validationData has no say in what is fitted, and is prepared by it", async () => {
  const far = raw.map(([a, b]) => [a! + 1e3, b! - 50]);
  const targets = y.map((v) => 10 * v);
  const net = await small();
  const scale = { x: "minMax", y: "minMax" } as const;
  const history = await net.fit(raw, y, { ...course, scale, validationData: [far, targets] });
  expect(preparationOf(net)).toEqual({
    x: { kind: "minMax", offset: [200, 2], scale: [200, 6] },
    y: { kind: "minMax", offset: [8], scale: [8] },
  });
  expect(history.validationLoss!.at(-1)).toBe(net.evaluate(far, targets).loss);
});

test("the part that validationSplit holds out has no say in what is fitted", async () => {
  const outcome = async (outlier: number) => {
    const rows = raw.map((row) => [...row]);
    rows[outlier]![0] = 1e6;
    const net = await small();
    await net.fit(rows, y, { ...course, scale: { x: "minMax" }, validationSplit: 0.25 });
    return preparationOf(net).x.scale[0];
  };
  const scales = await Promise.all(raw.map((_, i) => outcome(i)));
  // An outlier among the 2 rows of 8 that validate is not seen.
  expect(scales.filter((scale) => scale === 200)).toHaveLength(2);
  expect(scales.filter((scale) => scale === 1e6 - 200)).toHaveLength(6);
});

const prepared = { scale: { x: "standard", y: "robust" }, missing: "median" } as const;

test("save and load keep what was fitted; later fits repeat it or leave it out, and keep it", async () => {
  const net = await small();
  await net.fit(raw, y, { ...course, ...prepared });
  const loaded = await Network.load(net.save());
  expect(loaded.predict([[null as never, 4]])).toEqual(net.predict([[null as never, 4]]));
  const other = raw.map(([a, b]) => [a! + 7, 2 * b!]);
  const fitted = preparationOf(net);
  const again = { ...course, optimizer: sgd({ learningRate: 0.1 }) };
  await net.fit(other, y, { ...again, ...prepared });
  await loaded.fit(other, y, again);
  expect(preparationOf(net)).toEqual(fitted);
  expect(loaded.save()).toEqual(net.save());
});

test("a training that scales, fills in and names goes on from a checkpoint bit for bit", async () => {
  const names = labels.map((label) => (label ? "yes" : "no"));
  const holes = x.with(3, [Number.NaN, 0, 1]);
  const more: FitOptions = { ...options, missing: "mean", scale: { x: "standard" }, epochs: 4, validationSplit: 0.2 };
  const whole = await classifier();
  await whole.fit(holes, names, more);
  const half = await classifier();
  let bytes: Uint8Array | undefined;
  for await (const { step } of half.train(holes, names, { ...more, every: 1 })) {
    if (step < 5) continue;
    bytes = half.checkpoint();
    break;
  }
  const resumed = await Network.resume(bytes!);
  await expect(resumed.fit(x, names, more)).rejects.toThrow("x or y are not those of the checkpoint");
  await resumed.fit(holes, names, more);
  expect(resumed.save()).toEqual(whole.save());
  expect(resumed.classify(holes, { names: true })).toEqual(whole.classify(holes, { names: true }));
});

const NAMED: [string, (label: number) => string | number | boolean, Partial<FitOptions>][] = [
  ["strings", (label) => (label ? "yes" : "no"), {}],
  ["booleans", (label) => label === 1, {}],
  ["numbers", (label) => (label ? 30 : -2.5), { labels: [30, -2.5] }],
];

test.each(NAMED)("class weights by names that are %s are those by label", async (_, nameOf, more) => {
  const expected = await classifier();
  await expected.fit(x, labels, { ...options, classWeight: { 1: 3 } });
  const net = await classifier();
  const named = { ...options, ...more, classWeight: { [String(nameOf(1))]: 3 } };
  await net.fit(x, labels.map(nameOf), named);
  expect(net.parameters()).toEqual(expected.parameters());
  const [low, high] = [nameOf(0), nameOf(1)].map(String);
  await expect(net.fit(x, labels.map(nameOf), { ...named, classWeight: { maybe: 1 } })).rejects.toThrow(
    `fit: classWeight names class "maybe", expected one of ${low}, ${high}`,
  );
});

test.each(NAMED)("names that are %s train as labels do, and classify gives them back", async (_, nameOf, more) => {
  const names = labels.map(nameOf);
  for (const loss of ["softmaxCrossEntropy", "binaryCrossEntropy", "hinge"] as const) {
    const layers = [dense(4, "tanh"), dense(loss === "softmaxCrossEntropy" ? 2 : 1)];
    const expected = await classifier({ layers, loss });
    await expected.fit(x, labels, { ...options, validationData: [x, labels], classWeight: "balanced" });
    const net = await classifier({ layers, loss });
    await net.fit(x, names, { ...options, validationData: [x, names], classWeight: "balanced", ...more });
    expect(net.parameters()).toEqual(expected.parameters());
    expect(net.history.validationLoss).toEqual(expected.history.validationLoss);
    expect(net.evaluate(x, names)).toEqual(expected.evaluate(x, labels));
    expect(net.gradients(x, names)).toEqual(expected.gradients(x, labels));
    expect(net.classify(x)).toEqual(expected.classify(x));
    expect(net.classify(x, { names: true })).toEqual([...expected.classify(x)].map(nameOf));
    // A later fit may have rows of one name only.
    await net.fit(x.slice(0, 1), names.slice(0, 1), options);
    const loaded = await Network.load(net.save());
    expect(loaded.classify(x, { names: true })).toEqual([...net.classify(x)].map(nameOf));
  }
});

test("where each of several outputs has a label, y has two names, rows × outputs", async () => {
  const nested = labels.map((label) => [label === 1, label === 0]);
  const layers = [dense(2)];
  const expected = await classifier({ layers, loss: "binaryCrossEntropy" });
  await expected.fit(
    x,
    nested.map((row) => row.map(Number)),
    options,
  );
  for (const form of [nested, nested.flat()]) {
    const net = await classifier({ layers, loss: "binaryCrossEntropy" });
    await net.fit(x, form, options);
    expect(net.parameters()).toEqual(expected.parameters());
    expect(net.classify(x, { names: true })).toEqual([...expected.classify(x)].map(Boolean));
    expect(() => net.evaluate(x, nested.with(3, [true, 1 as never]))).toThrow(
      "evaluate: y row 3, column 1 is 1, expected one of false, true",
    );
  }
});

test("nested strings name the labels of each output; another thing among them is found by row and column", async () => {
  const nested: string[][] = labels.map((label) => (label ? ["on", "off"] : ["off", "on"]));
  const net = await classifier({ layers: [dense(2)], loss: "hinge" });
  await expect(net.fit(x, nested.with(5, ["off", 1 as never]), options)).rejects.toThrow(
    'fit: y row 5, column 1 is 1, expected one of "off", "on"',
  );
  await net.fit(x, nested, options);
  expect(net.classify(x, { names: true })).toEqual([...net.classify(x)].map((label) => ["off", "on"][label]));
});

test("a fit that is refused or stopped before its first step leaves no preparation behind", async () => {
  const net = await small();
  const scale = { x: "standard" } as const;
  await expect(net.fit(raw, y, { ...course, scale, signal: AbortSignal.abort() })).rejects.toThrow("abort");
  await expect(net.fit(raw, y, { ...course, scale, validationData: [raw, y.slice(1)] })).rejects.toThrow(
    "validationData",
  );
  const untouched = await small();
  expect(net.save()).toEqual(untouched.save());
  await net.fit(raw, y, { ...course, scale: { x: "robust" } });
  await untouched.fit(raw, y, { ...course, scale: { x: "robust" } });
  expect(net.save()).toEqual(untouched.save());
});

test("predict says where a scaled output is beyond the precision's range", async () => {
  const net = await Network.create({ inputs: 1, layers: [dense(1)], loss: "meanSquaredError" });
  await net.fit([0, 1], [-3e38, 3e38], { ...options, scale: { y: "standard" } });
  net.setParameters([{ weights: [1], biases: [0] }]);
  expect([...net.predict([1])]).toEqual([Math.fround(3e38)]);
  expect(() => net.predict([1, 9])).toThrow("predict: output row 1, column 0 is 9, which the scaler takes to");
});

test("a classifier with names takes one-hot rows too", async () => {
  const net = await classifier();
  await net.fit(
    x,
    labels.map((label) => "ab"[label]!),
    options,
  );
  const named = net.evaluate(
    x,
    labels.map((label) => "ab"[label]!),
  );
  expect(net.evaluate(x, oneHot(labels, 2))).toEqual(named);
  expect(
    net.evaluate(
      x,
      labels.map((label) => [1 - label, label]),
    ),
  ).toEqual(named);
});

/** What its file says of a network's preparation. */
const preparationOf = (net: Network<Precision>) =>
  JSON.parse(parseSafetensors(net.save()).metadata.get("preparation")!);

const strings: string[] = labels.map((label) => (label ? "yes" : "no"));

const REFUSED: [string, unknown, object, string][] = [
  ["RangeError", strings.with(4, "maybe"), {}, "fit: y has 3 names, expected 2; where it has not all of them"],
  ["RangeError", strings.map(() => "yes"), {}, "fit: y has 1 names, expected 2"],
  [
    "RangeError",
    strings.with(4, "maybe"),
    { labels: ["yes", "no"] },
    'fit: y row 4 is "maybe", expected one of "no", "yes"',
  ],
  ["TypeError", strings.with(4, 1 as never), {}, "fit: y row 4 is 1, expected a string as in row 0"],
  ["TypeError", labels, { labels: [0, "1"] }, 'fit: labels row 1 is "1", expected a number as in row 0'],
  ["TypeError", labels, { labels: "ab" }, 'fit: labels is "ab", expected an array of strings'],
  ["RangeError", labels, { scale: { y: "standard" } }, "fit: scale y is given, expected none with softmaxCrossEntropy"],
  [
    "RangeError",
    labels,
    { scale: { x: "log" } },
    'fit: scale x is "log", expected one of "standard", "minMax", "robust"',
  ],
  ["TypeError", labels, { scale: { z: "log" } }, 'fit: scale: unknown option "z", expected one of x, y'],
  ["TypeError", labels, { scale: "standard" }, 'fit: scale: options is "standard", expected a plain object'],
  ["RangeError", labels, { missing: "zero" }, 'fit: missing is "zero", expected one of "mean", "median"'],
  ["RangeError", strings.slice(1), {}, "fit: y has 10 numbers and x has 11 rows"],
];

test.each(REFUSED)("%s, and nothing changes: %j %j", async (kind, targets, more, message) => {
  const net = await classifier();
  const before = net.save();
  const error = await net.fit(x, targets as TargetValues, { ...options, ...more }).catch((reason: Error) => reason);
  expect(error).toMatchObject({ name: kind, message: expect.stringContaining(message) });
  expect(net.save()).toEqual(before);
});

test("a later fit with another preparation is refused", async () => {
  const net = await regression();
  await net.fit(x, scalars, { ...options, scale: { x: "minMax" }, missing: { constant: 3 } });
  const before = net.save();
  const refused = (more: Partial<FitOptions>, message: string) =>
    expect(net.fit(x, scalars, { ...options, ...more })).rejects.toThrow(message);
  await refused(
    { scale: { x: "robust" } },
    'fit: scale x is "robust", and the network\'s first fit had "minMax", expected the same',
  );
  await refused({ scale: { y: "robust" } }, 'fit: scale y is "robust", and the network\'s first fit had none');
  await refused({ missing: "mean" }, 'fit: missing is "mean", and the network\'s first fit had {"constant":3}');
  await refused({ missing: { constant: 2 } }, 'fit: missing is {"constant":2}, and');
  await refused({ labels: ["a", "b"] }, "fit: labels is given, expected none with meanSquaredError and 1 output");
  expect(net.save()).toEqual(before);

  const named = await classifier();
  await named.fit(x, strings, options);
  await expect(named.fit(x, strings, { ...options, labels: ["no", "yea"] })).rejects.toThrow(
    'fit: the list of names is ["no","yea"], and the network\'s first fit had ["no","yes"]',
  );
  await expect(named.fit(x, strings.with(2, "yea"), options)).rejects.toThrow('fit: y row 2 is "yea", expected one of');
  expect(() => named.evaluate(x, labels)).toThrow("evaluate: y row 0 is");

  const plain = await classifier();
  await plain.fit(x, labels, options);
  await expect(plain.fit(x, strings, options)).rejects.toThrow("and the network's first fit had none");
  expect(() => plain.classify(x, { names: true })).toThrow("classify: names is true, and the network has none");
  expect(() => plain.classify(x, { names: 1 as never })).toThrow("classify: names is 1, expected true or false");
});

test("scaled targets are values, and have no labels", async () => {
  const net = await Network.create({ inputs: 3, layers: [dense(2)], loss: "meanSquaredError" });
  const scale = { y: "standard" } as const;
  await expect(net.fit(x, labels, { ...options, scale })).rejects.toThrow(
    "fit: y is class labels, expected 11 × 2 values, as y is scaled",
  );
  await net.fit(
    x,
    x.map(([a, b]) => [a!, b!]),
    { ...options, scale },
  );
  expect(() => net.classify(x)).toThrow("classify: y is scaled, and values have no labels; use predict");
});

test("a file with a preparation that no fit makes is refused", async () => {
  const net = await small();
  await net.fit(raw, y, { ...course, ...prepared });
  const { metadata, tensors } = parseSafetensors(net.save());
  const having = (preparation: object) =>
    Network.load(
      serializeSafetensors(new Map(tensors), new Map(metadata).set("preparation", JSON.stringify(preparation))),
    );
  const given = preparationOf(net);
  await expect(having({ ...given, z: 1 })).rejects.toThrow(
    'Cannot load: metadata preparation: Cannot load: preparation: unknown option "z"',
  );
  await expect(having({ ...given, missing: null })).rejects.toThrow("preparation: missing: options is null");
  await expect(having({ ...given, x: { ...given.x, scale: [1, 0] } })).rejects.toThrow("preparation: x: scale 1 is 0");
  await expect(having({ ...given, y: { ...given.y, offset: [1, 2] } })).rejects.toThrow(
    "offset has 2 numbers, expected 1",
  );
  await expect(having({ names: ["a", "b"] })).rejects.toThrow("expected none with huber and 1 output");
  await expect(having(given)).resolves.toBeInstanceOf(Network);
});
