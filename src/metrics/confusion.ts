import { positiveInteger, unexpected } from "../options.ts";
import { countClasses, f1, precision, recall } from "./classes.ts";

/** How well one class is found. */
export interface ClassMetrics {
  /** Of the rows that were given the class, the part that has it; 0 where no row was given it. */
  precision: number;
  /** Of the rows that have the class, the part that was given it; 0 where no row has it. */
  recall: number;
  /** The harmonic mean of precision and recall; 0 where both are 0. */
  f1: number;
  /** Rows that have the class. */
  support: number;
}

/**
 * Rows by class and label: in row i, column j the number of samples of class i that were given label j.
 * @param labels as `net.classify` gives them, integers from 0 to classes − 1
 * @param targets the classes that they should be, as many
 * @throws TypeError, RangeError for anything else
 * @example confusionMatrix(net.classify(x), y, 3)
 */
export function confusionMatrix(labels: ArrayLike<number>, targets: ArrayLike<number>, classes: number): number[][] {
  checkPair("confusionMatrix", labels, targets, classes);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < labels.length; row++) matrix[targets[row]!]![labels[row]!]! += 1;
  return matrix;
}

/**
 * Precision, recall, F1 and support of each class, in the order of the classes. A quotient by 0 is 0, as in scikit-learn.
 * @param labels as `net.classify` gives them, integers from 0 to classes − 1
 * @param targets the classes that they should be, as many
 * @throws TypeError, RangeError for anything else
 * @example perClass(net.classify(x), y, 3)[0].recall
 */
export function perClass(labels: ArrayLike<number>, targets: ArrayLike<number>, classes: number): ClassMetrics[] {
  checkPair("perClass", labels, targets, classes);
  return countClasses(labels, targets, classes, () => 1).map((counts) => ({
    precision: precision(counts),
    recall: recall(counts),
    f1: f1(counts),
    support: counts.support,
  }));
}

function checkPair(where: string, labels: unknown, targets: unknown, classes: unknown): void {
  const count = positiveInteger(where, "classes", classes);
  const lengths = Object.entries({ labels, targets }).map(([name, list]) => checkClasses(where, name, list, count));
  if (lengths[0] !== lengths[1]) {
    throw new RangeError(
      `${where}: labels has ${lengths[0]} rows and targets has ${lengths[1]}, expected as many of both`,
    );
  }
}

/** Checks that a list is of classes. Returns its length. */
function checkClasses(where: string, name: string, list: unknown, classes: number): number {
  if (!(Array.isArray(list) || (ArrayBuffer.isView(list) && "length" in list))) {
    throw unexpected(`${where}: ${name}`, list, "an array or a typed array of class labels");
  }
  const { length } = list as ArrayLike<unknown>;
  if (length === 0) throw new RangeError(`${where}: ${name} is empty, expected at least one row`);
  for (let row = 0; row < length; row++) {
    const label = (list as ArrayLike<unknown>)[row];
    if (Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes) continue;
    throw unexpected(
      `${where}: ${name} row ${row}`,
      label,
      `a class label, an integer from 0 to ${classes - 1}`,
      "number",
    );
  }
  return length;
}
