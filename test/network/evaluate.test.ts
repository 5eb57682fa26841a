import { describe, expect, test } from "vitest";
import { dense, huber, type Loss, type Metric, Network, type Precision } from "../../src/index.ts";
import { classifier, labels, options, regression, scalars, x } from "./samples.ts";

describe.each<Precision>(["f32", "f64"])("evaluate's metrics in %s", (precision) => {
  const weights = x.map((_, i) => [1, 0, 2.5][i % 3]!);

  test("are those of the labels that classify gives, rows counted by their weights", async () => {
    const net = await classifier({ precision });
    await net.fit(x, labels, { ...options, epochs: 3 });
    const plain = net.evaluate(x, labels);
    expect(plain).not.toHaveProperty("metrics");
    const { metrics, ...rest } = net.evaluate(x, labels, { metrics: ["accuracy", "recallMicro", "accuracy"] });
    expect(rest).toEqual(plain);
    expect(metrics).toEqual({ accuracy: plain.accuracy, recallMicro: plain.accuracy });
    const classes = net.classify(x);
    const weighed = net.evaluate(x, labels, { sampleWeight: weights, metrics: ["accuracy"] });
    const sums = weights.reduce(
      ([right, all], w, i) => [right! + (classes[i] === labels[i] ? w : 0), all! + w],
      [0, 0],
    );
    expect(weighed.metrics.accuracy).toBe(sums[0]! / sums[1]!);
    expect(weighed.correct).toBe(plain.correct);
    expect(net.evaluate(x, labels, { metrics: [] }).metrics).toEqual({});
  });

  test("are those of the history where they are measured over the same rows, in more than one batch", async () => {
    const many = Array.from({ length: 700 }, (_, i) => x[i % 11]!);
    const classes = many.map((_, i) => labels[i % 11]!);
    const metrics: Metric[] = ["f1", "rocAuc", "precisionWeighted"];
    const net = await classifier({ precision });
    const history = await net.fit(many, classes, { ...options, metrics });
    const found = net.evaluate(many, classes, { metrics }).metrics;
    for (const metric of metrics) expect(found[metric]).toBe(history.metrics![metric]![0]);
  });

  test("of a regression: the mean of squares is the loss", async () => {
    const net = await regression({ precision });
    const { loss, metrics } = net.evaluate(x, scalars, {
      sampleWeight: weights,
      metrics: ["rootMeanSquaredError", "meanAbsoluteError"],
    });
    // The loss is summed of terms that are rounded to the precision.
    expect(metrics.rootMeanSquaredError ** 2).toBeCloseTo(loss, precision === "f32" ? 5 : 12);
    const errors = [...net.predict(x)].map((y, i) => weights[i]! * Math.abs(y - scalars[i]![0]!));
    const sum = (list: number[]) => list.reduce((total, value) => total + value, 0);
    expect(metrics.meanAbsoluteError).toBeCloseTo(sum(errors) / sum(weights), precision === "f32" ? 5 : 12);
  });
});

test("evaluate refuses metrics that do not fit, and what is no list of them", async () => {
  const [net, line] = [await classifier(), await regression()];
  expect(() => net.evaluate(x, labels, { metrics: ["r2"] })).toThrow(
    'evaluate: metric "r2" does not fit loss softmaxCrossEntropy with 2 outputs',
  );
  expect(() => line.evaluate(x, scalars, { metrics: ["f1"] })).toThrow(RangeError);
  for (const wrong of ["f1", null, [3]]) {
    expect(() => net.evaluate(x, labels, { metrics: wrong as never })).toThrow(TypeError);
  }
  expect(() => net.evaluate(x, labels, { metric: ["f1"] } as never)).toThrow(
    'evaluate: unknown option "metric", expected one of sampleWeight, metrics',
  );
});

test.each<[string, Loss]>([
  ["meanSquaredError", "meanSquaredError"],
  ["meanAbsoluteError", "meanAbsoluteError"],
  ["huber", huber(2)],
  ["poisson", "poisson"],
])("classify names %s, which has no labels with 1 output", async (name, loss) => {
  const net = await Network.create({ inputs: 3, layers: [dense(1)], loss });
  expect(() => net.classify(x)).toThrow(
    `classify: ${name} with 1 output has no labels, expected at least 2 outputs; use predict`,
  );
});
