import type { Targets } from "../data.ts";
import { type Loss, lossKind } from "../losses.ts";

/** What is known of the network that predicted, and how much each row counts. */
export interface Judged {
  readonly loss: Loss;
  readonly outputs: number;
  /** One for each row, finite and at least 0; default 1. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** Predictions beside their targets, row by row, with the labels of both. */
export class Samples {
  readonly rows: number;
  readonly outputs: number;
  /** [rows × outputs], as `predict` gives them. */
  readonly predictions: Float32Array | Float64Array;
  /** Whether a row has a label for each output, 0 or 1, in place of one of m classes. */
  readonly each: boolean;
  readonly #targets: Targets;
  readonly #weights: ArrayLike<number> | undefined;
  readonly #threshold: number;
  #labels: Int32Array | undefined;
  #expected: Int32Array | undefined;

  constructor(predictions: Float32Array | Float64Array, targets: Targets, { loss, outputs, weights }: Judged) {
    const { labels, link } = lossKind(loss);
    this.rows = predictions.length / outputs;
    this.outputs = outputs;
    this.predictions = predictions;
    this.each = labels === "each";
    this.#targets = targets;
    this.#weights = weights;
    this.#threshold = link === "sigmoid" ? 0.5 : 0;
  }

  weight(row: number): number {
    return this.#weights ? this.#weights[row]! : 1;
  }

  prediction(row: number, output: number): number {
    return this.predictions[row * this.outputs + output]!;
  }

  /** A class label is a one-hot row. */
  target(row: number, output: number): number {
    const { kind, data } = this.#targets;
    return kind === "values" ? data[row * this.outputs + output]! : Number(data[row] === output);
  }

  /**
   * The labels of the predictions: the first of the largest, or 1 from the threshold on. `classify` takes them of the logits, and so sees
   * what σ and softmax round away: a logit so little below 0 that σ gives ½ is 0 there and 1 here.
   */
  get labels(): Int32Array {
    this.#labels ??= this.#labelsOf(this.predictions, this.#threshold);
    return this.#labels;
  }

  /** The labels of the targets: the first of the largest, or 1 from ½ on. */
  get expected(): Int32Array {
    this.#expected ??= this.#labelsOfTargets();
    return this.#expected;
  }

  #labelsOf(values: Float32Array | Float64Array, threshold: number): Int32Array {
    if (!this.each) return argmax(values, this.outputs);
    return Int32Array.from(values, (value) => Number(value >= threshold));
  }

  #labelsOfTargets(): Int32Array {
    const { kind, data } = this.#targets;
    if (kind === "values") return this.#labelsOf(data, 0.5);
    if (!this.each) return data;
    return Int32Array.from(this.predictions, (_, i) => this.target(Math.floor(i / this.outputs), i % this.outputs));
  }

  /** Σ w·v / Σ w over the rows in order; NaN where all weights are 0. */
  mean(value: (row: number) => number): number {
    let sum = 0;
    let weights = 0;
    for (let row = 0; row < this.rows; row++) {
      sum += this.weight(row) * value(row);
      weights += this.weight(row);
    }
    return sum / weights;
  }
}

function argmax(values: Float32Array | Float64Array, outputs: number): Int32Array {
  const labels = new Int32Array(values.length / outputs);
  for (let row = 0; row < labels.length; row++) {
    const first = row * outputs;
    for (let j = 1; j < outputs; j++) if (values[first + j]! > values[first + labels[row]!]!) labels[row] = j;
  }
  return labels;
}
