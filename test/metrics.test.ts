import { describe, expect, test } from "vitest";
import { toTargets } from "../src/data.ts";
import { dense, type Loss, Network } from "../src/index.ts";
import { confusionMatrix, perClass } from "../src/metrics/confusion.ts";
import { checkMetrics, improves, type Metric, measure } from "../src/metrics/index.ts";
import { seeded } from "./reference/seeded.ts";

/** One metric of rows of predictions and targets as a caller gives them. */
function metricOf(metric: Metric, loss: Loss, predictions: number[][], y: number[] | number[][], weights?: number[]) {
  const outputs = predictions[0]!.length;
  const targets = toTargets("evaluate", y, predictions.length, outputs, loss, "f64");
  const list = checkMetrics("evaluate", [metric], { loss, outputs });
  return measure(list, Float64Array.from(predictions.flat()), targets, { loss, outputs, weights })[metric];
}

const column = (numbers: number[]) => numbers.map((number) => [number]);

describe("of three classes", () => {
  // Labels 0, 0, 1, 2, 1 where 0, 1, 1, 2, 2 are right: rows (class) and columns (label) of the confusion matrix are
  // 1 0 0 | 1 1 0 | 0 1 1.
  const labels = [0, 0, 1, 2, 1];
  const classes = [0, 1, 1, 2, 2];
  const predictions = [
    [0.5, 0.3, 0.2],
    [0.6, 0.3, 0.1],
    [0.1, 0.7, 0.2],
    [0.3, 0.2, 0.5],
    [0.3, 0.4, 0.3],
  ];
  const of = (metric: Metric, weights?: number[]) =>
    metricOf(metric, "softmaxCrossEntropy", predictions, classes, weights);

  test("the confusion matrix has a row for each class and a column for each label", () => {
    expect(confusionMatrix(labels, classes, 3)).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [0, 1, 1],
    ]);
    // One more class, that no row has and none was given.
    expect(confusionMatrix(Int32Array.from(labels), Uint8Array.from(classes), 4)[3]).toEqual([0, 0, 0, 0]);
  });

  test("precision, recall, F1 and support of each class", () => {
    expect(perClass(labels, classes, 4)).toEqual([
      { precision: 1 / 2, recall: 1, f1: 2 / 3, support: 1 },
      { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2 },
      { precision: 1, recall: 1 / 2, f1: 2 / 3, support: 2 },
      { precision: 0, recall: 0, f1: 0, support: 0 },
    ]);
  });

  test("accuracy, and the means over classes, over sums and by support", () => {
    expect(of("accuracy")).toBe(3 / 5);
    expect(of("precision")).toBe((1 / 2 + 1 / 2 + 1) / 3);
    expect(of("recall")).toBe((1 + 1 / 2 + 1 / 2) / 3);
    expect(of("f1")).toBe((2 / 3 + 1 / 2 + 2 / 3) / 3);
    for (const metric of ["precisionMicro", "recallMicro", "f1Micro"] as const) expect(of(metric)).toBe(3 / 5);
    expect(of("precisionWeighted")).toBe((1 * (1 / 2) + 2 * (1 / 2) + 2 * 1) / 5);
    expect(of("recallWeighted")).toBe((1 + 1 + 1) / 5);
    expect(of("f1Weighted")).toBe((2 / 3 + 1 + 4 / 3) / 5);
  });

  test("the class is among the k largest; of equal outputs the first comes first", () => {
    // Row 1 finds its class second; row 4 has its class last: the tie of 0.3 goes to class 0.
    expect(of("top1Accuracy")).toBe(3 / 5);
    expect(of("top2Accuracy")).toBe(4 / 5);
  });

  test("a row of weight 2 counts as two rows, one of weight 0 as none", () => {
    const metrics = checkMetrics("evaluate", ["accuracy", "f1", "f1Micro", "f1Weighted", "rocAuc", "top2Accuracy"], {
      loss: "softmaxCrossEntropy",
      outputs: 3,
    });
    const order = [0, 0, 1, 1, 1, 2, 3];
    const twice = (metric: Metric) =>
      metricOf(
        metric,
        "softmaxCrossEntropy",
        order.map((i) => predictions[i]!),
        order.map((i) => classes[i]!),
      );
    for (const metric of metrics) expect(of(metric, [2, 3, 1, 1, 0]), metric).toBe(twice(metric));
  });

  test("a mean over classes leaves out what no row has and none was given, not what was given in vain", () => {
    const oneClass = [
      [0.6, 0.3, 0.1],
      [0.3, 0.6, 0.1],
    ];
    // Class 0: precision 1, recall 1/2; class 1: 0, given in vain; class 2 does not occur.
    expect(metricOf("precision", "softmaxCrossEntropy", oneClass, [0, 0])).toBe(1 / 2);
    expect(metricOf("recall", "softmaxCrossEntropy", oneClass, [0, 0])).toBe(1 / 4);
    expect(metricOf("f1", "softmaxCrossEntropy", oneClass, [0, 0])).toBe(1 / 3);
  });

  test("soft targets have the class of their largest number", () => {
    const soft = classes.map((j) => [0.2, 0.2, 0.2].map((p, i) => (i === j ? 0.6 : p)));
    expect(metricOf("recall", "softmaxCrossEntropy", predictions, soft)).toBe(of("recall"));
  });
});

describe("of labels 0 and 1", () => {
  test("with one output precision, recall and F1 are those of 1, whichever the mean", () => {
    // Labels 1 1 0 1, of the boundary ½ too, where 1 0 1 1 is right: 2 of 3 that were given, 2 of 3 that there are.
    const p = column([0.9, 0.5, 0.49, 0.6]);
    for (const mean of ["", "Micro", "Weighted"] as const) {
      for (const score of ["precision", "recall", "f1"] as const) {
        expect(metricOf(`${score}${mean}`, "binaryCrossEntropy", p, [1, 0, 1, 1])).toBe(2 / 3);
      }
    }
    expect(metricOf("accuracy", "binaryCrossEntropy", p, [1, 0, 1, 1])).toBe(1 / 2);
  });

  test("decision values of hinge are 1 from 0 on, targets from ½ on", () => {
    expect(metricOf("accuracy", "hinge", column([0, -0.01, 0.4, -3]), [1, 0, 1, 0])).toBe(1);
    expect(metricOf("accuracy", "binaryCrossEntropy", column([0.5, 0.4]), [0.5, 0.49])).toBe(1);
  });

  test("a quotient by 0 is 0", () => {
    expect(metricOf("precision", "binaryCrossEntropy", column([0.1, 0.2]), [1, 0])).toBe(0);
    expect(metricOf("recall", "binaryCrossEntropy", column([0.9, 0.2]), [0, 0])).toBe(0);
    expect(metricOf("f1", "binaryCrossEntropy", column([0.1, 0.2]), [0, 0])).toBe(0);
  });

  test("with several outputs all labels of a row must agree, and means are over outputs", () => {
    const p = [
      [0.9, 0.1, 0.2],
      [0.8, 0.7, 0.3],
    ];
    const y = [
      [1, 0, 0],
      [0, 1, 0],
    ];
    const of = (metric: Metric) => metricOf(metric, "binaryCrossEntropy", p, y);
    expect(of("accuracy")).toBe(1 / 2);
    // Output 0: given twice, has one; output 1: given and has one; output 2: never.
    expect(of("precision")).toBe((1 / 2 + 1 + 0) / 3);
    expect(of("recall")).toBe((1 + 1 + 0) / 3);
    expect(of("precisionMicro")).toBe(2 / 3);
    expect(of("precisionWeighted")).toBe((1 / 2 + 1) / 2);
  });

  test("a class label is the row that is 1 for its output alone", () => {
    const p = [
      [0.9, 0.1, 0.2],
      [0.1, 0.7, 0.6],
      [0.1, 0.2, 0.8],
    ];
    expect(metricOf("accuracy", "binaryCrossEntropy", p, [0, 1, 2])).toBe(2 / 3);
    expect(metricOf("precision", "binaryCrossEntropy", p, [0, 1, 2])).toBe((1 + 1 + 1 / 2) / 3);
  });
});

describe("ROC AUC", () => {
  const of = (scores: number[], labels: number[], weights?: number[]) =>
    metricOf("rocAuc", "hinge", column(scores), labels, weights);

  test("is the part of the pairs in order, ties counted half", () => {
    // scikit-learn's example: positives 0.35, 0.8 and negatives 0.1, 0.4; of 4 pairs only 0.35 < 0.4 is not in order.
    expect(of([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(3 / 4);
    expect(of([1, 1, 1, 1, 1], [0, 1, 0, 1, 1])).toBe(1 / 2);
    expect(of([-Infinity, -0, 0, Infinity], [0, 0, 1, 1])).toBe(7 / 8);
  });

  test("equals the count over all pairs for random scores, ties and weights", () => {
    const next = seeded(4);
    for (let count = 2; count < 60; count++) {
      const scores = Array.from({ length: count }, () => Math.floor(next() * 9));
      const labels = scores.map((_, i) => (i < 2 ? i : Math.floor(next() * 2)));
      const weights = scores.map((_, i) => Math.floor(next() * 4) + Number(i < 2));
      let pairs = 0;
      let all = 0;
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < count; j++) {
          if (labels[i] !== 1 || labels[j] !== 0) continue;
          all += weights[i]! * weights[j]!;
          pairs += weights[i]! * weights[j]! * ((1 + Math.sign(scores[i]! - scores[j]!)) / 2);
        }
      }
      // Halves and products of small integers: exact.
      expect(of(scores, labels, weights)).toBe(pairs / all);
    }
  });

  test("is NaN where there is nothing to compare, or a prediction is NaN", () => {
    expect(of([1, 2], [1, 1])).toBeNaN();
    expect(of([1, 2], [0, 0])).toBeNaN();
    expect(of([1, 2, 3], [0, 1, 0], [1, 0, 1])).toBeNaN();
    expect(of([1, Number.NaN, 3], [0, 1, 1])).toBeNaN();
  });
});

describe("of values", () => {
  test("errors and R² of one output, by hand", () => {
    // scikit-learn's example. Errors −0.5, 0.5, 0, 1; squares sum to 1.5; the mean is 2.875, the squares from it sum to 29.1875.
    const of = (metric: Metric) => metricOf(metric, "meanSquaredError", column([2.5, 0, 2, 8]), [3, -0.5, 2, 7]);
    expect(of("meanAbsoluteError")).toBe(0.5);
    expect(of("rootMeanSquaredError")).toBe(Math.sqrt(1.5 / 4));
    expect(of("r2")).toBe(1 - 1.5 / 29.1875);
  });

  test("of several outputs the mean of what each is", () => {
    const p = [
      [1, 4],
      [3, 0],
    ];
    const y = [
      [0, 4],
      [2, 4],
    ];
    // Errors 1, 1 and 0, −4; y from its mean 1: −1, 1; y of the second is constant.
    const of = (metric: Metric) => metricOf(metric, "huber", p, y);
    expect(of("meanAbsoluteError")).toBe((1 + 2) / 2);
    expect(of("rootMeanSquaredError")).toBe((1 + Math.sqrt(8)) / 2);
    expect(of("r2")).toBe((0 + 0) / 2);
    // With weights 1, 3 the first errs by 1 and the second by 3.
    expect(metricOf("meanAbsoluteError", "huber", p, y, [1, 3])).toBe((1 + 3) / 2);
  });

  test("R² of constant targets is 1 where the predictions are exact, else 0, though 0.1 has no exact mean", () => {
    const of = (predictions: number[], weights?: number[]) =>
      metricOf("r2", "meanSquaredError", column(predictions), [0, 0.1, 0.1, 0.1].slice(-predictions.length), weights);
    expect((0.1 + 0.1 + 0.1) / 3).not.toBe(0.1);
    expect(of([0.1, 0.1, 0.1])).toBe(1);
    expect(of([0.1, 0.2, 0.1])).toBe(0);
    expect(of([5, 0.1, 0.2, 0.1], [0, 1, 1, 1])).toBe(0);
    expect(of([0.1])).toBeNaN();
  });

  test("NaN in a prediction comes through", () => {
    for (const metric of ["meanAbsoluteError", "rootMeanSquaredError", "r2"] as const) {
      for (const y of [
        [1, 2, 3],
        [1, 1, 1],
      ]) {
        expect(metricOf(metric, "meanSquaredError", column([1, Number.NaN, 2]), y)).toBeNaN();
      }
    }
  });

  test("a regression with several outputs has classes as well, by the largest output", () => {
    const p = [
      [0.9, -0.2],
      [0.6, 0.5],
    ];
    expect(metricOf("accuracy", "meanSquaredError", p, [0, 1])).toBe(1 / 2);
    expect(metricOf("recall", "meanSquaredError", p, [0, 1])).toBe(1 / 2);
    // Targets 1 0 and 0 1: errors 0.1, 0.2, 0.6, 0.5, whose means by output are 0.35, up to a rounding.
    expect(metricOf("meanAbsoluteError", "meanSquaredError", p, [0, 1])).toBeCloseTo(0.35, 15);
  });
});

test("a NaN is no hit among the k largest, and pushes others back", () => {
  const { NaN: nan } = Number;
  const of = (row: number[]) => metricOf("top2Accuracy", "softmaxCrossEntropy", [row], [2]);
  expect(
    [
      [0.1, 0.2, nan, 0.3],
      [0.4, nan, 0.3, 0.2],
      [0.2, nan, 0.3, 0.1],
    ].map(of),
  ).toEqual([0, 0, 1]);
});

test.each([
  ["softmaxCrossEntropy", 3],
  ["binaryCrossEntropy", 1],
  ["binaryCrossEntropy", 3],
  ["hinge", 2],
  ["meanSquaredError", 3],
] as const)(
  "accuracy with %s and %d outputs is what evaluate counts, precision and recall those of classify",
  async (loss, outputs) => {
    const next = seeded(outputs);
    for (const precision of ["f32", "f64"] as const) {
      const net = await Network.create({ inputs: 4, layers: [dense(outputs)], loss, precision, seed: 3 });
      const x = Array.from({ length: 300 }, () => Array.from({ length: 4 }, () => 2 * next() - 1));
      const oneOf = outputs > 1 && loss !== "binaryCrossEntropy" && loss !== "hinge";
      const y = oneOf
        ? x.map(() => Math.floor(next() * outputs))
        : x.map(() => Array.from({ length: outputs }, () => Math.round(next())));
      const targets = toTargets("evaluate", y, x.length, outputs, loss, precision);
      const metrics = measure(["accuracy", "recall"], net.predict(x), targets, { loss, outputs });
      expect(metrics.accuracy).toBe(net.evaluate(x, y).accuracy);
      const labels = net.classify(x);
      const recalls = oneOf
        ? perClass(labels, y as number[], outputs).map(({ recall }) => recall)
        : Array.from({ length: outputs }, (_, j) => {
            const given = labels.filter((_, i) => i % outputs === j);
            return perClass(
              given,
              y.map((row) => (row as number[])[j]!),
              2,
            )[1]!.recall;
          });
      expect(metrics.recall).toBe(recalls.reduce((sum, recall) => sum + recall, 0) / outputs);
    }
  },
);

test("what gets better as it grows, and what as it shrinks", () => {
  const up: Metric[] = ["accuracy", "top5Accuracy", "precision", "recallMicro", "f1Weighted", "rocAuc", "r2"];
  expect(up.map(improves)).toEqual(up.map(() => "up"));
  expect((["meanAbsoluteError", "rootMeanSquaredError"] as const).map(improves)).toEqual(["down", "down"]);
});

describe("checkMetrics", () => {
  const check = (metrics: unknown, loss: Loss, outputs: number) => () =>
    checkMetrics("fit", metrics, { loss, outputs });

  test("returns what fits, each once", () => {
    const list: Metric[] = ["f1", "top9Accuracy", "accuracy"];
    expect(check([...list, "f1"], "softmaxCrossEntropy", 10)()).toEqual(list);
    expect(check([], "meanSquaredError", 1)()).toEqual([]);
    expect(check(["accuracy", "top1Accuracy", "r2"], "meanSquaredError", 2)()).toHaveLength(3);
    expect(check(["rocAuc"], { type: "binaryCrossEntropy", smoothing: 0.1 }, 1)()).toEqual(["rocAuc"]);
  });

  test("names metric, loss, outputs and what is allowed", () => {
    expect(check(["r2", "f1"], "poisson", 1)).toThrow(
      new RangeError(
        'fit: metric "f1" does not fit loss poisson with 1 output, ' +
          'expected one of "meanAbsoluteError", "rootMeanSquaredError", "r2"',
      ),
    );
    expect(check(["top3Accuracy"], "softmaxCrossEntropy", 3)).toThrow(
      /^fit: metric "top3Accuracy" does not fit .* with 3 outputs, expected .*"topKAccuracy" with K from 1 to 2$/,
    );
  });

  test.each<[Metric, Loss, number]>([
    ["accuracy", { type: "huber", delta: 1 }, 1],
    ["r2", "softmaxCrossEntropy", 3],
    ["meanAbsoluteError", "binaryCrossEntropy", 1],
    ["rootMeanSquaredError", "hinge", 2],
    ["top1Accuracy", "binaryCrossEntropy", 3],
    ["top1Accuracy", "meanSquaredError", 1],
    ["top99999999999999999999Accuracy", "softmaxCrossEntropy", 10],
  ])("refuses %s with loss %o and %d outputs", (metric, loss, outputs) => {
    expect(check([metric], loss, outputs)).toThrow(RangeError);
    expect(check([metric], loss, outputs)).toThrow("does not fit");
  });

  test("refuses unknown words and what is no list of words", () => {
    for (const word of [
      "Accuracy",
      "",
      "toString",
      "top0Accuracy",
      "top-1Accuracy",
      "top1.5Accuracy",
      "top3accuracy",
    ]) {
      expect(check([word], "softmaxCrossEntropy", 3)).toThrow(RangeError);
      expect(check([word], "softmaxCrossEntropy", 3)).toThrow(`fit: metric is "${word}", expected one of "accuracy",`);
    }
    for (const item of [undefined, null, 1, ["f1"], { topK: 3 }]) {
      expect(check([item], "softmaxCrossEntropy", 3)).toThrow(TypeError);
    }
    for (const list of [undefined, null, "accuracy", { 0: "accuracy", length: 1 }, new Set(["accuracy"])]) {
      expect(check(list, "softmaxCrossEntropy", 3)).toThrow(TypeError);
    }
  });
});

describe.each([confusionMatrix, perClass])("%o", (of) => {
  const { name } = of;

  test("refuses what is no list of classes, and names row and value", () => {
    const call = of as (...values: unknown[]) => unknown;
    expect(() => call([0, 3], [0, 1], 3)).toThrow(
      new RangeError(`${name}: labels row 1 is 3, expected a class label, an integer from 0 to 2`),
    );
    for (const label of [-1, 0.5, Number.NaN, Infinity]) expect(() => call([0], [label], 3)).toThrow(RangeError);
    for (const label of ["0", null, undefined, 1n, [0]]) {
      expect(() => call([0], [label], 3)).toThrow(TypeError);
      expect(() => call([0], [label], 3)).toThrow(`${name}: targets row 0 is`);
    }
    for (const list of ["01", 5, null, undefined, { 0: 0, length: 1 }, new DataView(new ArrayBuffer(1))]) {
      expect(() => call(list, [0], 3)).toThrow(TypeError);
    }
    expect(() => call(new BigInt64Array(1), [0], 3)).toThrow(TypeError);
    expect(() => call(new Array(1), [0], 3)).toThrow(TypeError);
  });

  test("refuses lists that are empty or of different lengths, and a number of classes that is none", () => {
    expect(() => of([0, 1], [0], 3)).toThrow(
      new RangeError(`${name}: labels has 2 rows and targets has 1, expected as many of both`),
    );
    expect(() => of([], [], 3)).toThrow(new RangeError(`${name}: labels is empty, expected at least one row`));
    for (const classes of [0, -1, 1.5, Number.NaN]) expect(() => of([0], [0], classes)).toThrow(RangeError);
    expect(() => (of as (...values: unknown[]) => unknown)([0], [0])).toThrow(TypeError);
  });
});
