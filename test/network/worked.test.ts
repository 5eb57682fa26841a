import { describe, expect, test } from "vitest";
import { constant, dense, type Layer, type Loss, Network, type Precision, sgd } from "../../src/index.ts";

// Worked examples of the texts, with every number that they print.

const ONES = { weights: constant(1), biases: constant(0) };

describe("Gill & Gill's 3-2-3-1 network, sigmoid, all weights 1, all biases 0, at (2, 4, 3)", async () => {
  const layers = [dense(2, "sigmoid", ONES), dense(3, "sigmoid", ONES), dense(1, "identity", ONES)];
  const net = await Network.create({ inputs: 3, layers, loss: "meanSquaredError", precision: "f64" });
  const { output, layers: derived } = net.derivatives([[2, 4, 3]]);
  const [first, second, last] = derived;

  // Name, what the core gives, what the text prints, the exact value to 20 digits. The text chained rounded numbers, so the
  // eleventh decimal may differ by 2. The exact value: sums of at most three terms and two sigmoids, 1e-15.
  const examples: [string, ArrayLike<number>, number, number][] = [
    ["z¹", first!.z, 9, 9],
    ["a¹", first!.a, 0.99987660542, 0.9998766054240137683],
    ["z²", second!.z, 1.99975321085, 1.9997532108480275365],
    ["a²", second!.a, 0.88077116426, 0.8807711642648273529],
    ["ŷ", [output], 2.6423134928, 2.6423134927944820588],
    ["D_{W²}ŷ", last!.weights, 0.88077116426, 0.8807711642648273529],
    ["D_{B²}ŷ", last!.biases, 1, 1],
    ["D_{A²}ŷ", second!.da, 1, 1],
    ["D_{Z²}ŷ", second!.dz, 0.10501332046, 0.1050133204644078651],
    ["D_{B¹}ŷ", second!.biases, 0.10501332046, 0.1050133204644078651],
    ["D_{A¹}ŷ", first!.da, 0.31503996138, 0.3150399613932235952],
    ["D_{Z¹}ŷ", first!.dz, 0.00003886942, 0.0000388694255866390305],
    ["D_{B⁰}ŷ", first!.biases, 0.00003886942, 0.0000388694255866390305],
    ["D_{W⁰}ŷ, input 2", first!.weights.subarray(0, 2), 0.00007773884, 0.0000777388511732780611],
    ["D_{W⁰}ŷ, input 4", first!.weights.subarray(2, 4), 0.00015547768, 0.0001554777023465561223],
    ["D_{W⁰}ŷ, input 3", first!.weights.subarray(4, 6), 0.00011660826, 0.0001166082767599170917],
    // D_{W¹} = A¹ ⊗ D_{Z²} is not printed
    ["D_{W¹}ŷ", second!.weights, 0.10500036239, 0.1050003623902562531575],
  ];
  test.each(examples)("%s is what the text prints and what it is", (_, values, printed, exact) => {
    expect(values.length).toBeGreaterThan(0);
    for (const value of Array.from(values)) {
      expect(Math.abs(Math.round(value * 1e11) - Math.round(printed * 1e11))).toBeLessThanOrEqual(2);
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(1e-15);
    }
  });

  test("every block has the shape of the architecture", () => {
    const sizes = derived.map((layer) => Object.fromEntries(Object.entries(layer).map(([k, v]) => [k, v.length])));
    expect(sizes).toEqual([
      { z: 2, a: 2, dz: 2, da: 2, weights: 6, biases: 2 },
      { z: 3, a: 3, dz: 3, da: 3, weights: 6, biases: 3 },
      { z: 1, a: 1, dz: 1, da: 1, weights: 3, biases: 1 },
    ]);
  });

  test("the output is that of predict", () => {
    expect(net.predict([2, 4, 3])).toEqual(Float64Array.of(output));
  });
});

const W = [
  {
    weights: [
      [2, 1],
      [-1, 4],
      [-2, 5],
    ],
    biases: [2, 3],
  },
  {
    weights: [
      [-3, 2, 1],
      [7, 3, -5],
    ],
    biases: [3, 7, -1],
  },
  { weights: [[-9], [4], [7]], biases: [6] },
];

/** The text's example network 3-2-3-1 with the weights above. */
async function example(
  activation: "relu" | "tanh" | "sigmoid",
  precision: Precision = "f64",
  loss: Loss = "meanSquaredError",
) {
  const layers: Layer[] = [dense(2, activation), dense(3, activation), dense(1)];
  const net = await Network.create({ inputs: 3, layers, loss, precision });
  net.setParameters(W);
  return net;
}

describe("Gill & Gill's example network", () => {
  test("with ReLU, every layer by hand", async () => {
    // x = (2, 4, 3): z¹ = (2·2 − 4 − 2·3 + 2, 2 + 4·4 + 5·3 + 3) = (−4, 36), a¹ = (0, 36),
    // z² = (7·36 + 3, 3·36 + 7, −5·36 − 1) = (255, 115, −181), a² = (255, 115, 0), ŷ = −9·255 + 4·115 + 6 = −1829
    // x = (1, 0, 5): z¹ = (2 − 10 + 2, 1 + 25 + 3) = (−6, 29), z² = (206, 94, −146), ŷ = −9·206 + 4·94 + 6 = −1472
    // x = (0, 0, 0): z¹ = (2, 3), z² = (−6 + 21 + 3, 4 + 9 + 7, 2 − 15 − 1) = (18, 20, −14), ŷ = −162 + 80 + 6 = −76
    // x = (−1, 2, 1): z¹ = (−4, 15), z² = (108, 52, −76), ŷ = −972 + 208 + 6 = −758
    const x = [
      [2, 4, 3],
      [1, 0, 5],
      [0, 0, 0],
      [-1, 2, 1],
    ];
    for (const precision of ["f32", "f64"] as const) {
      expect([...(await example("relu", precision)).predict(x)]).toEqual([-1829, -1472, -76, -758]);
    }
    const { layers } = (await example("relu")).derivatives([2, 4, 3]);
    expect(layers.map(({ z, a }) => [[...z], [...a]])).toEqual([
      [
        [-4, 36],
        [0, 36],
      ],
      [
        [255, 115, -181],
        [255, 115, 0],
      ],
      [[-1829], [-1829]],
    ]);
    // D_{A²} = W²: (−9, 4, 7); D_{Z²} = (−9, 4, 0); D_{A¹} = (−3·−9 + 2·4, 7·−9 + 3·4) = (35, −51); D_{Z¹} = (0, −51)
    expect(layers.map(({ da, dz }) => [[...da], [...dz]])).toEqual([
      [
        [35, -51],
        [0, -51],
      ],
      [
        [-9, 4, 7],
        [-9, 4, 0],
      ],
      [[1], [1]],
    ]);
    // D_{W⁰} = x ⊗ D_{Z¹}
    expect([...layers[0]!.weights]).toEqual([0, -102, 0, -204, 0, -153]);
  });

  // Computed with 40 decimal digits from the definitions. The sums are of magnitude 100 at most in between: 1e-13.
  test.each([
    ["tanh", [2, 4, 3], -5.999989240758301342282],
    ["tanh", [0, 0, 0], -5.999365638968689920639],
    ["tanh", [0.5, -0.25, 0.125], -5.999330627051592371912],
    ["sigmoid", [2, 4, 3], 1.0178777559405977269726],
    ["sigmoid", [0, 0, 0], 1.0606258586367450998692],
    ["sigmoid", [0.5, -0.25, 0.125], 1.0645961621427276034307],
    ["relu", [0.5, -0.25, 0.125], -47.375],
  ] as const)("with %s at %j is %d", async (activation, x, expected) => {
    expect(Math.abs((await example(activation)).predict(x)[0]! - expected)).toBeLessThan(1e-13);
    // f32: the terms of the last sum are below 240, each rounded to 2⁻²⁴ of it
    expect(Math.abs((await example(activation, "f32")).predict(x)[0]! - expected)).toBeLessThan(240 * 3 * 2 ** -24);
  });

  test("the L² loss of the text's two samples is the mean of their squared errors", async () => {
    // ReLU: ŷ(2, 4, 3) = −1829, y = 5: error −1834; ŷ(1, 0, 5) = −1472, y = −1: error −1471.
    // (1834² + 1471²) / 2 = (3363556 + 2163841) / 2
    const net = await example("relu");
    const x = [
      [2, 4, 3],
      [1, 0, 5],
    ];
    expect(net.evaluate(x, [5, -1]).loss).toBe(2763698.5);
    expect(net.evaluate(x, [[5], [-1]]).loss).toBe(2763698.5);
  });
});

describe("the classification losses against arithmetic", () => {
  test("the cross-entropy with labels 0 and 1, and how many agree", async () => {
    // one input, ŷ = x: probabilities σ(2), σ(−1), σ(0), σ(−3) for labels 1, 1, 0, 0
    const net = await Network.create({
      inputs: 1,
      layers: [dense(1, "identity", ONES)],
      loss: "binaryCrossEntropy",
      precision: "f64",
    });
    const x = [[2], [-1], [0], [-3]];
    const sigma = (z: number) => 1 / (1 + Math.exp(-z));
    const expected = -(Math.log(sigma(2)) + Math.log(sigma(-1)) + Math.log(1 - sigma(0)) + Math.log(1 - sigma(-3))) / 4;
    const { loss, correct, accuracy, zeroOneLoss } = net.evaluate(x, [1, 1, 0, 0]);
    // both sides round some ten times, each time 2⁻⁵³ of numbers near 1
    expect(Math.abs(loss - expected)).toBeLessThan(1e-15);
    // h(ŷ) = 1, 0, 1 (ŷ ≥ 0), 0: the first and the last agree
    expect([...net.classify(x)]).toEqual([1, 0, 1, 0]);
    expect({ correct, accuracy, zeroOneLoss }).toEqual({ correct: 2, accuracy: 0.5, zeroOneLoss: 2 });
    expect(Math.abs(net.predict([[2]])[0]! - sigma(2))).toBeLessThan(1e-15);
  });

  test("the softmax cross-entropy of three classes, labels and probabilities alike", async () => {
    const net = await Network.create({ inputs: 3, layers: [], loss: "softmaxCrossEntropy", precision: "f64" });
    const x = [
      [1, 2, 3],
      [0, 0, 0],
      [5, 1, -2],
    ];
    const logOf = (z: number[], j: number) => z[j]! - Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0));
    const labels = [2, 1, 1];
    const expected = -(logOf(x[0]!, 2) + logOf(x[1]!, 1) + logOf(x[2]!, 1)) / 3;
    const evaluation = net.evaluate(x, labels);
    expect(Math.abs(evaluation.loss - expected)).toBeLessThan(2e-15);
    // argmax is 2, 0 (the first of equals), 0: one agrees
    expect(evaluation).toMatchObject({ correct: 1, zeroOneLoss: 2 });
    const soft = [
      [0, 0, 1],
      [0, 1, 0],
      [0.25, 0.5, 0.25],
    ];
    const last = 0.25 * logOf(x[2]!, 0) + 0.5 * logOf(x[2]!, 1) + 0.25 * logOf(x[2]!, 2);
    expect(Math.abs(net.evaluate(x, soft).loss + (logOf(x[0]!, 2) + logOf(x[1]!, 1) + last) / 3)).toBeLessThan(2e-15);
    const p = net.predict([[1, 2, 3]]);
    for (const [j, value] of p.entries()) expect(Math.abs(value - Math.exp(logOf([1, 2, 3], j)))).toBeLessThan(3e-16);
    expect([...net.logits([[1, 2, 3]])]).toEqual([1, 2, 3]);
  });

  test("several labels a sample agree only when all do", async () => {
    const net = await Network.create({ inputs: 2, layers: [], loss: "binaryCrossEntropy" });
    const x = [
      [1, -1],
      [1, 1],
      [-1, -1],
    ];
    expect([...net.classify(x)]).toEqual([1, 0, 1, 1, 0, 0]);
    expect(
      net.evaluate(x, [
        [1, 0],
        [1, 0],
        [0, 0],
      ]),
    ).toMatchObject({ correct: 2, zeroOneLoss: 1 });
  });
});

describe("training", () => {
  test("depth 1 with full batches reaches the least-squares solution", async () => {
    // y ≈ X·w + b with four points. Normal equations by hand: columns (1, x1, x2) of
    // (0,0 → 1), (1,0 → 3), (0,1 → 0), (1,1 → 4): means: ȳ = 2, centred x are ±½ and orthogonal:
    // w1 = Σ(x1 − ½)(y − 2) / 1 = ½(1 + 2) + ½(1 + 2)… = (−½·−1 + ½·1 + −½·−2 + ½·2) = 3,
    // w2 = (−½·−1 + −½·1 + ½·−2 + ½·2) / 1 = 0, b = 2 − 3/2 = ½
    const net = await Network.create({
      inputs: 2,
      layers: [dense(1)],
      loss: "meanSquaredError",
      precision: "f64",
      seed: 4,
    });
    const x = [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ];
    await net.fit(x, [1, 3, 0, 4], { optimizer: sgd({ learningRate: 0.3 }), epochs: 500, batchSize: 4 });
    const { weights, biases } = net.parameters()[0]!;
    for (const [got, expected] of [
      [weights[0], 3],
      [weights[1], 0],
      [biases[0], 0.5],
    ]) {
      expect(Math.abs(got! - expected!)).toBeLessThan(1e-6);
    }
  });

  test("several outputs at once reach the least-squares solution of each", async () => {
    const net = await Network.create({ inputs: 1, layers: [dense(3)], loss: "meanSquaredError", precision: "f64" });
    // lines 2x + 1, −x, 5 through exact points
    await net.fit(
      [[-1], [0], [1]],
      [
        [-1, 1, 5],
        [1, 0, 5],
        [3, -1, 5],
      ],
      { optimizer: sgd({ learningRate: 0.5 }), epochs: 400, batchSize: 3 },
    );
    const { weights, biases } = net.parameters()[0]!;
    for (const [j, expected] of [2, -1, 0].entries()) expect(Math.abs(weights[j]! - expected)).toBeLessThan(1e-6);
    for (const [j, expected] of [1, 0, 5].entries()) expect(Math.abs(biases[j]! - expected)).toBeLessThan(1e-6);
  });

  test("the worked step of scikit-learn's multilayer perceptron", async () => {
    // sklearn/neural_network/tests/test_mlp.py, test_fit: 3-2-1, sigmoid, log loss, rate 0.1; its α = 0.1 adds 0.1·W to
    // each weight gradient of the one sample. The gradients below are computed with 40 digits.
    const W1 = [
      [0.1, 0.2],
      [0.3, 0.1],
      [0.5, 0],
    ];
    const W2 = [[0.1], [0.2]];
    const net = await Network.create({
      inputs: 3,
      layers: [dense(2, "sigmoid"), dense(1)],
      loss: "binaryCrossEntropy",
      precision: "f64",
    });
    net.setParameters([
      { weights: W1, biases: [0.1, 0.1] },
      { weights: W2, biases: [1] },
    ]);
    const x = [[0.6, 0.8, 0.7]];
    // "0.7654" there is cut off, not rounded
    expect(Math.floor(net.predict(x)[0]! * 1e4)).toBe(7654);
    expect(Math.abs(net.predict(x)[0]! - 0.765452021909520016)).toBeLessThan(1e-15);
    const { loss, layers } = net.gradients(x, [0]);
    expect(Math.abs(loss - 1.45009511462222929)).toBeLessThan(1e-15);
    const expected = [
      [
        0.010007289812336568, 0.0224545330747522896, 0.013343053083115424, 0.0299393774330030528, 0.011675171447725996,
        0.0261969552538776712,
      ],
      [0.01667881635389428, 0.037424221791253816],
      [0.5198787085216822062, 0.4397081859642778152],
      [0.7654520219095200161],
    ];
    for (const [i, list] of [layers[0]!.weights, layers[0]!.biases, layers[1]!.weights, layers[1]!.biases].entries()) {
      for (const [j, value] of list.entries()) expect(Math.abs(value - expected[i]![j]!)).toBeLessThan(1e-15);
    }
    // Their decayed step, from our gradient: coefs_[0][0] is 0.098, 0.195752…; coefs_[1] 0.04706, 0.154089 (sklearn's own test compares 3 decimals)
    const step = (w: number, g: number) => w - 0.1 * (g + 0.1 * w);
    expect(step(0.1, layers[0]!.weights[0]!)).toBeCloseTo(0.098, 3);
    expect(step(0.2, layers[0]!.weights[1]!)).toBeCloseTo(0.195752, 3);
    expect(step(0.1, layers[1]!.weights[0]!)).toBeCloseTo(0.04706, 3);
    expect(step(0.2, layers[1]!.weights[1]!)).toBeCloseTo(0.154089, 3);
    // The same step without decay, by fit
    await net.fit(x, [0], { optimizer: sgd({ learningRate: 0.1 }), batchSize: 1 });
    const [first, second] = net.parameters();
    const flat = [...first!.weights, ...first!.biases, ...second!.weights, ...second!.biases];
    const before = [...W1.flat(), 0.1, 0.1, ...W2.flat(), 1];
    for (const [i, gradient] of expected.flat().entries())
      expect(Math.abs(flat[i]! - (before[i]! - 0.1 * gradient))).toBeLessThan(1e-15);
  });
});
