import { describe, expect, test } from "vitest";
import { dense, type Features, Network, type Precision, sgd, type TargetValues } from "../../src/index.ts";
import { classifier, regression, scalars } from "./samples.ts";

// Whatever form the numbers come in, the network gets the same ones.

/** 8 rows of 3 bytes, scaled to [−½, ½) on the way in. */
const bytes = Array.from({ length: 8 }, (_, i) => [(37 * i) % 256, (101 * i + 9) % 256, 255 - 13 * i]);
const inputs = { shape: 3, scale: 1 / 256, offset: -0.5 };
const flat = bytes.flat();
const y = [0, 1, 1, 0, 1, 0, 0, 1];

/** Numbers in memory that begins in the middle of an element of 8 bytes, and goes on after the last. */
function view<T>(
  Kind: new (buffer: ArrayBuffer, offset: number, length: number) => T,
  size: number,
  numbers: number[],
): T {
  const padded = new Kind(new ArrayBuffer(size * (numbers.length + 8)), 3 * size, numbers.length);
  (padded as unknown as Float32Array).set(numbers);
  return padded;
}

const ROWS: [string, Features][] = [
  ["frozen arrays", Object.freeze(bytes.map((row) => Object.freeze([...row])))],
  ["one flat array", flat],
  ["a frozen flat array", Object.freeze([...flat])],
  ["a Float64Array", Float64Array.from(flat)],
  ["a Float32Array", Float32Array.from(flat)],
  ["a Uint8Array", Uint8Array.from(flat)],
  ["a Uint8ClampedArray", Uint8ClampedArray.from(flat)],
  ["an Int16Array", Int16Array.from(flat)],
  ["a Uint32Array", Uint32Array.from(flat)],
  ["a part of a Float64Array", view(Float64Array, 8, flat)],
  ["a part of a Float32Array", view(Float32Array, 4, flat)],
  ["a part of a Uint8Array", view(Uint8Array, 1, flat)],
  ["an array of Float32Arrays", bytes.map((row) => Float32Array.from(row))],
  ["an array of Uint8Arrays", bytes.map((row) => Uint8Array.from(row))],
  ["an array of parts of Float64Arrays", bytes.map((row) => view(Float64Array, 8, row))],
  ["rows of several kinds", bytes.map((row, i) => [row, Uint8Array.from(row), Float64Array.from(row)][i % 3]!)],
];

const oneHot = y.map((label) => (label === 0 ? [1, 0] : [0, 1]));

const LABELS: [string, TargetValues][] = [
  ["frozen labels", Object.freeze([...y])],
  ["an Int32Array of labels", Int32Array.from(y)],
  ["a Uint8Array of labels", Uint8Array.from(y)],
  ["a part of a Uint8Array of labels", view(Uint8Array, 1, y)],
  ["a Float64Array of labels", Float64Array.from(y)],
  ["one-hot rows", oneHot],
  ["frozen one-hot rows", Object.freeze(oneHot.map((row) => Object.freeze(row)))],
  ["one-hot Uint8Arrays", oneHot.map((row) => Uint8Array.from(row))],
  ["a flat Float32Array of one-hot rows", Float32Array.from(oneHot.flat())],
  ["a part of a flat Float64Array of one-hot rows", view(Float64Array, 8, oneHot.flat())],
  ["a flat Uint8Array of one-hot rows", Uint8Array.from(oneHot.flat())],
];

const options = { optimizer: sgd({ learningRate: 0.5 }), epochs: 3, batchSize: 3 };

/** Everything that a network makes of rows and targets. */
async function results(precision: Precision, rows: Features, targets: TargetValues) {
  const net = await classifier({ inputs, precision });
  const before = [net.predict(rows), net.logits(rows), net.classify(rows)];
  const measured = [net.evaluate(rows, targets), net.gradients(rows, targets)];
  const history = await net.fit(rows, targets, options);
  return [before, measured, history, net.save()];
}

describe.each<Precision>(["f32", "f64"])("%s", async (precision) => {
  const expected = await results(precision, bytes, y);

  test.each(ROWS)("rows as %s give the bits of nested arrays, and stay as they are", async (_, rows) => {
    const copy = structuredClone(rows);
    expect(await results(precision, rows, y)).toEqual(expected);
    expect(rows).toEqual(copy);
  });

  test.each(LABELS)("targets as %s give the bits of an array of labels, and stay as they are", async (_, targets) => {
    const copy = structuredClone(targets);
    expect(await results(precision, bytes, targets)).toEqual(expected);
    expect(targets).toEqual(copy);
  });

  test("scalar targets are the same as a list, as rows and as floats", async () => {
    const rows = scalars.map((_, i) => [i / 8, -i / 4, 1]);
    const trained = async (targets: TargetValues) => {
      const net = await regression({ precision });
      return [net.evaluate(rows, targets), await net.fit(rows, targets, options), net.save()];
    };
    const nested = await trained(scalars);
    expect(await trained(scalars.flat())).toEqual(nested);
    expect(await trained(Float64Array.from(scalars.flat()))).toEqual(nested);
    // multiples of 2⁻¹²: f32 holds them
    expect(await trained(view(Float32Array, 4, scalars.flat()))).toEqual(nested);
  });

  test("numbers that f32 does not hold are rounded once in f32 and kept in f64", async () => {
    const tenths = [
      [0.1, 0.2, 0.3],
      [1 / 3, 2 / 3, 0.7],
    ];
    const rounded = Float32Array.from(tenths.flat());
    const net = await Network.create({ inputs: 3, layers: [], loss: "meanSquaredError", precision });
    const kept: number[] = precision === "f32" ? [...rounded] : tenths.flat();
    for (const form of [tenths, tenths.flat(), Float64Array.from(tenths.flat())]) {
      expect([...net.predict(form)]).toEqual(kept);
    }
    expect([...net.predict(rounded)]).toEqual([...rounded]);
  });

  test("derivatives takes one row in every form", async () => {
    const net = await classifier({ inputs, precision });
    const derivatives = net.derivatives([bytes[0]!]);
    const [row] = bytes as [number[]];
    for (const form of [
      row,
      Uint8Array.from(row),
      Float32Array.from(row),
      [Float64Array.from(row)],
      Object.freeze(row),
    ]) {
      expect(net.derivatives(form)).toEqual(derivatives);
    }
  });
});

test.each([
  ["nested arrays", () => [bytes.map((row) => [...row]), [...y]]],
  ["Float32Array", () => [Float32Array.from(flat), Float32Array.from(oneHot.flat())]],
  ["Uint8Array and Int32Array", () => [Uint8Array.from(flat), Int32Array.from(y)]],
] as [string, () => [Features, TargetValues]][])(
  "what happens to %s after fit was called changes nothing",
  async (_, make) => {
    const [rows, targets] = make();
    const expected = await classifier({ inputs });
    await expected.fit(rows, targets, options);

    const net = await classifier({ inputs });
    const given: { -readonly [key in keyof typeof options]: (typeof options)[key] } = { ...options };
    const done = net.fit(rows, targets, given);
    for (const list of [rows, targets] as unknown as (Float32Array & number[][])[]) {
      if (typeof list[0] === "object") for (const row of list) row.fill(1);
      else list.fill(1);
    }
    given.epochs = 50;
    given.batchSize = 1;
    await done;
    expect(net.save()).toEqual(expected.save());
  },
);

test("results are copies: what a caller writes into them changes nothing", async () => {
  const net = await classifier({ inputs });
  await net.fit(bytes, y, options);
  const snapshot = () =>
    structuredClone([
      net.predict(bytes),
      net.logits(bytes),
      net.classify(bytes),
      net.parameters(),
      net.save(),
      net.history,
    ]);
  const before = snapshot();
  net.predict(bytes).fill(9);
  net.logits(bytes).fill(9);
  net.classify(bytes).fill(9);
  net.save().fill(9);
  net.history.loss.fill(9);
  for (const { weights, biases } of net.parameters()) for (const list of [weights, biases]) list.fill(9);
  for (const { weights, biases } of net.gradients(bytes, y).layers) for (const list of [weights, biases]) list.fill(9);
  for (const layer of net.derivatives(bytes[0]!).layers) for (const list of Object.values(layer)) list.fill(9);
  expect(snapshot()).toEqual(before);
});

test("setParameters takes nested, flat, typed and frozen numbers, and what parameters returns", async () => {
  const net = await Network.create({ inputs: 2, layers: [dense(2)], loss: "meanSquaredError" });
  const expected = [{ weights: Float32Array.of(1, 2, 3, 4), biases: Float32Array.of(5, 6), shape: [2, 2] }];
  const zero = [{ weights: new Uint8Array(4), biases: new Uint8Array(2) }];
  for (const weights of [
    [
      [1, 2],
      [3, 4],
    ],
    [1, 2, 3, 4],
    Float64Array.of(1, 2, 3, 4),
    view(Float32Array, 4, [1, 2, 3, 4]),
  ]) {
    for (const biases of [[5, 6], Object.freeze([5, 6]), view(Uint8Array, 1, [5, 6])]) {
      net.setParameters(zero);
      net.setParameters([{ weights, biases }]);
      expect(net.parameters()).toEqual(expected);
    }
  }
  const parameters = net.parameters();
  net.setParameters(zero);
  net.setParameters(parameters);
  expect(net.parameters()).toEqual(expected);
});
