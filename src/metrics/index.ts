import type { Targets } from "../data.ts";
import { type Loss, lossKind, lossName } from "../losses.ts";
import { describe, unexpected } from "../options.ts";
import { accuracy, topAccuracy } from "./accuracy.ts";
import { f1, macro, micro, precision, recall, weighted } from "./classes.ts";
import { meanAbsoluteError, r2, rootMeanSquaredError } from "./regression.ts";
import { rocAuc } from "./rocAuc.ts";
import { type Judged, Samples } from "./samples.ts";

/** What the facade knows of a metric. */
interface Kind {
  readonly of: (samples: Samples) => number;
  /** Which way it goes where training helps. */
  readonly improves: "up" | "down";
  /** What it compares. */
  readonly compares: "labels" | "classes" | "values";
}

const ofLabels = (of: Kind["of"]): Kind => ({ of, improves: "up", compares: "labels" });

const KINDS = {
  accuracy: ofLabels(accuracy),
  precision: ofLabels(macro(precision)),
  precisionMicro: ofLabels(micro(precision)),
  precisionWeighted: ofLabels(weighted(precision)),
  recall: ofLabels(macro(recall)),
  recallMicro: ofLabels(micro(recall)),
  recallWeighted: ofLabels(weighted(recall)),
  f1: ofLabels(macro(f1)),
  f1Micro: ofLabels(micro(f1)),
  f1Weighted: ofLabels(weighted(f1)),
  rocAuc: ofLabels(rocAuc),
  meanAbsoluteError: { of: meanAbsoluteError, improves: "down", compares: "values" },
  rootMeanSquaredError: { of: rootMeanSquaredError, improves: "down", compares: "values" },
  r2: { of: r2, improves: "up", compares: "values" },
} as const satisfies Record<string, Kind>;

/**
 * What tells how good predictions are, over all rows at once.
 * accuracy: the part of the rows whose label agrees; with several labels a row, all must.
 * top3Accuracy, or any k below the number of classes: the part of the rows whose class is among the k of the largest outputs.
 * precision, recall, f1: of the class 1 where there is one output; the mean over outputs where each has a label; else the mean over the
 * classes that occur. precisionMicro and so on: of the sums over classes or outputs. precisionWeighted and so on: the mean weighted by how
 * many rows have the class or label. A quotient by 0 is 0, as in scikit-learn.
 * rocAuc: the area under the ROC curve, ties counted half; the mean over outputs, or over classes of one against the rest. NaN where a
 * class has no row or every row.
 * meanAbsoluteError, rootMeanSquaredError, r2: of values, the mean over outputs. r2 of targets that are all the same is 1 where the
 * predictions are exact, else 0, as in scikit-learn.
 */
export type Metric = keyof typeof KINDS | `top${number}Accuracy`;

const METRICS = Object.keys(KINDS) as (keyof typeof KINDS)[];

/** The k of "top3Accuracy"; undefined for other words. */
const topOf = (metric: string) => /^top([1-9]\d*)Accuracy$/.exec(metric)?.[1];

function metricKind(metric: Metric): Kind {
  if (Object.hasOwn(KINDS, metric)) return KINDS[metric as keyof typeof KINDS];
  const k = Number(topOf(metric));
  return { of: (samples) => topAccuracy(samples, k), improves: "up", compares: "classes" };
}

/** What a network with this loss and as many outputs can be compared by. */
function compared({ loss, outputs }: { loss: Loss; outputs: number }): Kind["compares"][] {
  const { labels } = lossKind(loss);
  if (labels === "each") return ["labels"];
  const classes: Kind["compares"][] = outputs > 1 ? ["labels", "classes"] : [];
  return labels === "none" ? [...classes, "values"] : classes;
}

/**
 * Checks a caller's list of metrics for a network. Returns it without repetitions.
 * @throws TypeError for what is no array of strings; RangeError for unknown metrics and for those that do not fit the loss or the outputs
 */
export function checkMetrics(where: string, metrics: unknown, network: { loss: Loss; outputs: number }): Metric[] {
  if (!Array.isArray(metrics)) throw unexpected(`${where}: metrics`, metrics, "an array of metrics");
  const { loss, outputs } = network;
  const fitting = compared(network);
  const allowed = METRICS.filter((metric) => fitting.includes(KINDS[metric].compares)).map(describe);
  if (fitting.includes("classes")) allowed.push(`"topKAccuracy" with K from 1 to ${outputs - 1}`);
  const expected = `one of ${allowed.join(", ")}`;
  for (const metric of metrics as unknown[]) {
    const k = typeof metric === "string" ? topOf(metric) : undefined;
    if (!(typeof metric === "string" && (k || Object.hasOwn(KINDS, metric)))) {
      throw unexpected(`${where}: metric`, metric, expected, "string");
    }
    if (fitting.includes(metricKind(metric as Metric).compares) && !(Number(k) >= outputs)) continue;
    const count = `${outputs} output${outputs === 1 ? "" : "s"}`;
    throw new RangeError(
      `${where}: metric ${describe(metric)} does not fit loss ${lossName(loss)} with ${count}, expected ${expected}`,
    );
  }
  return [...new Set(metrics as Metric[])];
}

/** Whether larger ("up") or smaller ("down") values of the metric are better; NaN is neither. */
export const improves = (metric: Metric): "up" | "down" => metricKind(metric).improves;

/**
 * The metrics of predictions [rows × outputs] as `predict` gives them, summed in f64 and in the order of the rows. Rows of weight w count
 * as w rows would (scikit-learn's sample_weight).
 */
export function measure<M extends Metric>(
  metrics: readonly M[],
  predictions: Float32Array | Float64Array,
  targets: Targets,
  network: Judged,
): Record<M, number> {
  const samples = new Samples(predictions, targets, network);
  return Object.fromEntries(metrics.map((metric) => [metric, metricKind(metric).of(samples)])) as Record<M, number>;
}
