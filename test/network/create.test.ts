import { describe, expect, test } from "vitest";
import { constant, dense, glorotUniform, heNormal, Network } from "../../src/index.ts";
import { classifier, labels, options, regression, scalars, x } from "./samples.ts";

describe("layers: []", () => {
  test.each(["f32", "f64"] as const)(
    "is the identity in %s: ŷ is x, its derivative 1, and training changes nothing",
    async (precision) => {
      const net = await Network.create({ inputs: 3, layers: [], loss: "meanSquaredError", precision });
      expect([...net.predict(x)]).toEqual(x.flat());
      expect(net.logits(x)).toEqual(net.predict(x));
      expect(net.parameters()).toEqual([]);
      net.setParameters([]);
      expect(net.derivatives(x[0]!, { output: 2 })).toEqual({ output: x[0]![2], layers: [] });
      // (ŷ − y)² is 1 in one place of three in every row; the sums of 11 thirds round 2⁻⁵³ or, in f32, 2⁻²⁴ each time
      const y = x.map(([a, b, c]) => [a!, b! + 1, c!]);
      const gradients = net.gradients(x, y);
      expect(gradients.layers).toEqual([]);
      const history = await net.fit(x, y, { ...options, epochs: 2 });
      for (const loss of [gradients.loss, net.evaluate(x, y).loss, ...history.loss]) {
        expect(Math.abs(loss - 1 / 3)).toBeLessThan(11 * 2 ** (precision === "f64" ? -53 : -24));
      }
      expect([net.epoch, net.step]).toEqual([2, 6]);
      expect([...net.predict(x)]).toEqual(x.flat());
    },
  );
});

describe("inputs", () => {
  test("as a number, a list and a shape are the same network", async () => {
    const forms = [3, [3], { shape: 3 }, { shape: [3] }, { shape: 3, scale: 1, offset: 0 }] as const;
    const [first, ...others] = await Promise.all(forms.map((inputs) => classifier({ inputs })));
    for (const net of others) expect(net.save()).toEqual(first!.save());
  });

  test("are scaled on the way in: scale · x + offset, in predict and in training", async () => {
    const scaled = await regression({ inputs: { shape: 3, scale: 0.25, offset: -2 } });
    const plain = await regression();
    // products and sums of multiples of 1/256 are exact
    const rows = x.map((row) => row.map((value) => 0.25 * value - 2));
    expect(scaled.predict(x)).toEqual(plain.predict(rows));
    expect(scaled.gradients(x, scalars)).toEqual(plain.gradients(rows, scalars));
    expect(scaled.derivatives(x[0]!)).toEqual(plain.derivatives(rows[0]!));
    expect(await scaled.fit(x, scalars, options)).toEqual(await plain.fit(rows, scalars, options));
    expect(scaled.parameters()).toEqual(plain.parameters());
  });

  test("of bytes are scaled in the network's precision", async () => {
    const bytes = Uint8Array.of(0, 1, 127, 254, 255, 3);
    for (const precision of ["f32", "f64"] as const) {
      const net = await Network.create({
        inputs: { shape: 3, scale: 1 / 255 },
        layers: [],
        loss: "meanSquaredError",
        precision,
      });
      const round = precision === "f32" ? Math.fround : Number;
      expect([...net.predict(bytes)]).toEqual([...bytes].map((byte) => round(byte * round(1 / 255))));
    }
  });
});

describe("precision", () => {
  test.each([
    ["f32", Float32Array],
    ["f64", Float64Array],
  ] as const)("%s gives the numbers of a %o everywhere", async (precision, Kind) => {
    const net = await classifier({ precision });
    const { layers } = net.gradients(x, labels);
    const derived = net.derivatives(x[0]!).layers;
    const all = [
      net.predict(x),
      net.logits(x),
      ...net.parameters().flatMap(({ weights, biases }) => [weights, biases]),
    ];
    for (const list of [...all, ...layers.flatMap(Object.values), ...derived.flatMap(Object.values)]) {
      expect(list).toBeInstanceOf(Kind);
    }
    expect(net.classify(x)).toBeInstanceOf(Int32Array);
    expect(net.predict(x)).toHaveLength(22);
    expect(net.classify(x)).toHaveLength(11);
  });

  test("is f32 and the seed 0 by default", async () => {
    const rest = { inputs: 2, layers: [dense(3)], loss: "meanSquaredError" } as const;
    const [implied, explicit] = [
      await Network.create(rest),
      await Network.create({ ...rest, precision: "f32", seed: 0 }),
    ];
    expect(implied.save()).toEqual(explicit.save());
  });
});

test("one layer description makes any number of layers and networks, each with values of its own", async () => {
  const layer = Object.freeze(dense(3, "tanh"));
  const layers = Object.freeze([layer, layer]);
  const [net, other] = [await classifier({ layers }), await classifier({ layers })];
  const [first, second] = net.parameters();
  expect(first!.weights).not.toEqual(second!.weights);
  await net.fit(x, labels, options);
  expect(other.parameters()).toEqual((await classifier({ layers })).parameters());
});

test("dense fills in glorotUniform, heNormal before ReLU, and zero biases", () => {
  expect(dense(3)).toEqual({
    type: "dense",
    units: 3,
    activation: "identity",
    weights: glorotUniform(),
    biases: constant(0),
  });
  expect(dense(3, "relu").weights).toEqual(heNormal());
  expect(dense(3, "tanh").weights).toEqual(glorotUniform());
  expect(dense(3, "relu", { weights: glorotUniform(), biases: constant(0.1) })).toMatchObject({
    weights: glorotUniform(),
    biases: { type: "constant", value: 0.1 },
  });
});

test("what a caller does to the options after create changes nothing", async () => {
  const inputs = [3];
  const layers = [dense(4, "tanh"), dense(2)];
  const net = await classifier({ inputs, layers });
  const bytes = net.save();
  inputs[0] = 5;
  (layers[0] as { units: number }).units = 7;
  layers.pop();
  await net.fit(x, labels, options);
  const expected = await classifier();
  await expected.fit(x, labels, options);
  expect(net.save()).toEqual(expected.save());
  expect(bytes).toEqual((await classifier()).save());
});
