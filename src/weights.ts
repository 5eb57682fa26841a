import { isList, type Targets } from "./data.ts";
import type { Name } from "./labels.ts";
import { describe, isPlainObject, nonNegativeNumber, unexpected } from "./options.ts";

// Weights of samples: means are Σ w·loss / Σ w.

/** Weights of classes: by label, or by name where classes have names; or "balanced", n / (classes · count) of the labels in y. */
export type ClassWeight = "balanced" | ArrayLike<number> | { readonly [label: string]: number };

/** The options of `fit` and `train` that weigh samples. `levenbergMarquardt` takes none of them. */
export interface WeightOptions {
  /**
   * The weight of each row, a finite number from 0, not all 0: a step goes along the gradient of Σ w·loss / Σ w over its rows, and
   * `history.loss` is that mean over the epoch. Rows whose weights are all 0 have no mean: a step of them has a gradient of 0 and adds
   * nothing, and an epoch of such steps alone has the loss NaN. Penalties have no weights, and `batchNorm` counts each row the same.
   */
  sampleWeight?: ArrayLike<number> | undefined;
  /**
   * The weight of each class, a finite number from 0, by which the weights of its rows are multiplied: an array with one for each
   * class; an object by label, or by name where y has names, in which other classes keep 1; or "balanced": n / (classes · count) by the
   * labels in y, as in scikit-learn.
   * y is labels, one-hot rows, or 0 and 1 of a single output, and has a row of each class that is given a weight.
   */
  classWeight?: ClassWeight | undefined;
}

/**
 * The weight of each row: the sample's times its class's; none where neither is given.
 * @throws TypeError for what is not a number; RangeError for too few or too many numbers, for one that is negative, NaN or infinite, for
 * weights that are all 0 or whose sum is infinite, for targets that are no labels, and for classes that y does not hold
 */
export function toWeights(
  where: string,
  { sampleWeight, classWeight }: WeightOptions,
  y: Targets,
  rows: number,
  outputs: number,
  names?: readonly Name[],
): Float64Array | undefined {
  if (sampleWeight === undefined && classWeight === undefined) return undefined;
  const classes = names ?? Math.max(2, outputs);
  const byClass = (labels: Int32Array) => toClassWeights(where, classWeight, labels, classes, true);
  const weights = weigh(where, sampleWeight, classWeight === undefined ? undefined : byClass, y, rows, outputs);
  const sum = sumOf(weights);
  if (sum > 0 && sum < Number.POSITIVE_INFINITY) return weights;
  const given = [sampleWeight && "sampleWeight", classWeight && "classWeight"].filter(Boolean).join(" times ");
  if (sum === 0) throw new RangeError(`${where}: ${given} is 0 in every row, expected a weight above 0`);
  throw new RangeError(`${where}: the sum of ${given} over the rows is ${sum}, expected a finite number`);
}

/**
 * The weights of some rows of many, which may all be 0: of each row the sample's, or that of all samples, times its class's.
 * @throws as `toWeights`, but for classes that y does not hold
 */
export function itemWeights(
  where: string,
  sampleWeight: unknown,
  byClass: Float64Array | undefined,
  y: Targets,
  rows: number,
  outputs: number,
): Float64Array | undefined {
  if (sampleWeight === undefined && !byClass) return undefined;
  const each = typeof sampleWeight === "number" ? new Float64Array(rows).fill(sampleWeight) : sampleWeight;
  return weigh(where, each, byClass && (() => byClass), y, rows, outputs);
}

/** The weight of each class, whatever labels there are. @throws TypeError, RangeError */
export function classWeights(
  where: string,
  { classWeight }: WeightOptions,
  outputs: number,
  names?: readonly Name[],
): Float64Array | undefined {
  if (classWeight === undefined) return undefined;
  return toClassWeights(where, classWeight, new Int32Array(0), names ?? Math.max(2, outputs), false);
}

function weigh(
  where: string,
  sampleWeight: unknown,
  byClass: ((labels: Int32Array) => Float64Array) | undefined,
  y: Targets,
  rows: number,
  outputs: number,
): Float64Array {
  const weights = new Float64Array(rows).fill(1);
  if (sampleWeight !== undefined) weights.set(toSampleWeights(where, sampleWeight, rows));
  if (byClass) {
    const labels = labelsOf(where, y, rows, outputs);
    const factors = byClass(labels);
    for (const [i, label] of labels.entries()) weights[i]! *= factors[label]!;
  }
  return weights;
}

/** Σ w in index order. */
export const sumOf = (weights: Float64Array) => weights.reduce((sum, weight) => sum + weight, 0);

function toSampleWeights(where: string, given: unknown, rows: number): number[] {
  if (!isList(given))
    throw unexpected(`${where}: sampleWeight`, given, "an array or a typed array of one number a row");
  if (given.length !== rows) {
    throw new RangeError(
      `${where}: sampleWeight has ${given.length} numbers and x has ${rows} rows, expected one a row`,
    );
  }
  return Array.from(given, (weight, row) => nonNegativeNumber(where, `sampleWeight of row ${row}`, weight));
}

/** The class of each row: its label, the place of the 1 in a one-hot row, or the 0 or 1 of a single output. */
function labelsOf(where: string, y: Targets, rows: number, outputs: number): Int32Array {
  if (y.kind === "labels") return y.data;
  return Int32Array.from({ length: rows }, (_, row) => {
    const values = y.data.subarray(row * outputs, (row + 1) * outputs);
    const ones = values.filter((value) => value === 1).length;
    if (values.every((value) => value === 0 || value === 1)) {
      if (outputs === 1) return ones;
      if (ones === 1) return values.indexOf(1);
    }
    const expected = outputs === 1 ? "0 or 1" : "a label, or a 1 and otherwise 0";
    throw new RangeError(`${where}: classWeight needs classes, and y row ${row} is [${values}], expected ${expected}`);
  });
}

/**
 * @param known how many classes there are, or their names
 * @param whole whether the labels are all there are
 */
function toClassWeights(
  where: string,
  given: unknown,
  labels: Int32Array,
  known: number | readonly Name[],
  whole: boolean,
): Float64Array {
  const names = typeof known === "number" ? undefined : known.map(String);
  const classes = names?.length ?? (known as number);
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]! += 1;
  const weights = new Float64Array(classes).fill(1);
  if (given === "balanced") {
    const held = counts.filter((count) => count > 0).length;
    return weights.map((_, label) => labels.length / (held * counts[label]!));
  }
  if (!isList(given) && !isPlainObject(given)) {
    const expected = '"balanced", or an array or a plain object of weights by class';
    throw unexpected(`${where}: classWeight`, given, expected, "string");
  }
  if (isList(given) && given.length !== classes) {
    throw new RangeError(
      `${where}: classWeight has ${given.length} numbers, expected one for each of ${classes} classes`,
    );
  }
  const words = names ?? Array.from(counts, (_, label) => `${label}`);
  const entries = isList(given) ? Array.from(given, (weight, label) => [words[label]!, weight]) : Object.entries(given);
  for (const [name, weight] of entries as [string, unknown][]) {
    const label = words.indexOf(name);
    if (label < 0) {
      const expected = names ? names.join(", ") : `0 to ${classes - 1}`;
      throw new RangeError(`${where}: classWeight names class ${describe(name)}, expected one of ${expected}`);
    }
    weights[label] = nonNegativeNumber(where, `classWeight of class ${name}`, weight);
    if (whole && counts[label] === 0) {
      throw new RangeError(
        `${where}: classWeight of class ${name} is ${weight}, and y has no row of it, expected an object without it`,
      );
    }
  }
  return weights;
}
