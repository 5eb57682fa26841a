// Metrics of random cases against scikit-learn 1.2.1: accuracy_score, precision_recall_fscore_support (zero_division=0, the classes that
// occur; of all classes for perClass), top_k_accuracy_score, roc_auc_score (one against the rest), confusion_matrix,
// mean_absolute_error, mean_squared_error (squared=False) and r2_score, each with its default average over outputs. Predictions, targets and
// weights are multiples of powers of 2, so that f32 holds them and every sum is exact: only quotients and roots are rounded, and the means
// of those. Half of the cases have weights, zeros among them.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Targets } from "../../src/data.ts";
import type { Loss } from "../../src/losses.ts";
import { confusionMatrix, perClass } from "../../src/metrics/confusion.ts";
import { checkMetrics, type Metric, measure } from "../../src/metrics/index.ts";

interface Case {
  readonly loss: Loss;
  readonly outputs: number;
  readonly predictions: number[];
  /** One class a row for softmaxCrossEntropy, else [rows × outputs]. */
  readonly targets: number[];
  readonly weights: number[] | null;
  /** null: scikit-learn throws, since a class has no row or every row. */
  readonly expected: { readonly [metric in Metric]?: number | null };
  readonly labels?: number[];
  readonly confusion?: number[][];
  readonly perClass?: Record<"precision" | "recall" | "f1" | "support", number>[];
}

const path = new URL("metrics.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: Case[] };

/** A few roundings in f64 of numbers near 1, relative to what is larger; 2.2e-16 was found. */
const TOLERANCE = 4 * Number.EPSILON;

function expectClose(actual: number, expected: number | null | undefined, what: string) {
  if (expected === null) return expect(actual, what).toBeNaN();
  return expect(Math.abs(actual - expected!), what).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(expected!)));
}

/** The forms in which the targets of a case can come. */
function forms({ loss, outputs, targets }: Case): Targets[] {
  const values = (numbers: number[]): Targets[] => [
    { kind: "values", data: Float32Array.from(numbers) },
    { kind: "values", data: Float64Array.from(numbers) },
  ];
  if (loss !== "softmaxCrossEntropy") return values(targets);
  const oneHot = targets.flatMap((label) => Array.from({ length: outputs }, (_, j) => Number(j === label)));
  return [{ kind: "labels", data: Int32Array.from(targets) }, ...values(oneHot)];
}

describe.each([Float32Array, Float64Array])("of predictions in a %o", (Numbers) => {
  test("all metrics are those of scikit-learn, with and without weights", () => {
    for (const [c, one] of cases.entries()) {
      const { loss, outputs, expected } = one;
      const metrics = checkMetrics("evaluate", Object.keys(expected), { loss, outputs });
      const predictions = Numbers.from(one.predictions);
      for (const targets of forms(one)) {
        const weights = one.weights ?? undefined;
        const measured = measure(metrics, predictions, targets, { loss, outputs, weights });
        expect(Object.keys(measured)).toEqual(Object.keys(expected));
        for (const metric of metrics) expectClose(measured[metric]!, expected[metric], `case ${c}, ${metric}`);
      }
    }
  });
});

test("confusion matrix and scores of each class are those of scikit-learn", () => {
  const judged = cases.filter((one) => one.labels);
  expect(judged).toHaveLength(20);
  for (const { labels, targets, outputs, confusion, perClass: expected } of judged) {
    expect(confusionMatrix(labels!, Int32Array.from(targets), outputs)).toEqual(confusion);
    const scores = perClass(Int32Array.from(labels!), targets, outputs);
    expect(scores).toHaveLength(outputs);
    for (const [j, { precision, recall, f1, support }] of scores.entries()) {
      expectClose(precision, expected![j]!.precision, "precision");
      expectClose(recall, expected![j]!.recall, "recall");
      expectClose(f1, expected![j]!.f1, "f1");
      expect(support).toBe(expected![j]!.support);
    }
  }
});
