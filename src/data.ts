import { type Loss, lossKind } from "./losses.ts";
import { unexpected } from "./options.ts";

/** The numbers that a network computes with: 32-bit or 64-bit floating point. */
export type Precision = "f32" | "f64";

/** The typed array of a precision. */
export type NumbersOf<P extends Precision> = P extends "f64" ? Float64Array<ArrayBuffer> : Float32Array<ArrayBuffer>;

/** Rows of features. `data` is row-major, [rows × width], and may share the memory of what the caller passed in. */
export interface Rows {
  data: Uint8Array | Float32Array | Float64Array;
  rows: number;
  width: number;
}

/** Labels, one per row and 0…outputs − 1; or values, row-major [rows × outputs] in the network's precision. */
export type Targets = { kind: "labels"; data: Int32Array } | { kind: "values"; data: Float32Array | Float64Array };

type List = ArrayLike<unknown>;

/** Arrays and typed arrays of numbers, of any realm. */
export function isList(value: unknown): value is List {
  if (!ArrayBuffer.isView(value)) return Array.isArray(value);
  return !/^(Big|DataView)/.test((value as Uint8Array)[Symbol.toStringTag]);
}

/** @throws TypeError */
export function checkList(
  where: string,
  name: string,
  value: unknown,
  expected = "an array of rows, an array of numbers or a typed array of numbers",
): List {
  if (isList(value)) return value;
  throw unexpected(`${where}: ${name}`, value, expected);
}

export const floats = (precision: Precision) => (precision === "f64" ? Float64Array : Float32Array);

/** The error for element `i` of a row-major matrix that was passed in as `list`, flat or nested. */
function unexpectedElement(where: string, name: string, list: List, width: number, i: number, expected: string): Error {
  const row = Math.floor(i / width);
  const column = i % width;
  const rowOrNumber = list[row];
  const value = isList(rowOrNumber) ? rowOrNumber[column] : list[i];
  return unexpected(`${where}: ${name} row ${row}, column ${column}`, value, expected, "number");
}

/** The index of the first number that is NaN or infinite; the length where there is none. */
export function firstNonFinite(data: Float32Array | Float64Array): number {
  let i = 0;
  // v × 0 is 0 for every finite v and NaN for the others. Four at a time took 0.4 of the time of one at a time.
  while (i + 3 < data.length && data[i]! * 0 + data[i + 1]! * 0 + (data[i + 2]! * 0 + data[i + 3]! * 0) === 0) i += 4;
  while (i < data.length && Number.isFinite(data[i])) i++;
  return i;
}

/** The same of the infinities alone. */
function firstInfinite(data: Float32Array | Float64Array): number {
  let i = 0;
  while (i < data.length && Math.abs(data[i]!) !== Number.POSITIVE_INFINITY) i++;
  return i;
}

/** A typed array as bytes, f32 or f64: a view where it is one of them and fits the precision, otherwise converted. */
function fromTypedArray(array: Uint8Array, precision: Precision): Rows["data"] {
  const kind: string = array[Symbol.toStringTag];
  const { buffer, byteOffset, length } = array;
  if (/^Uint8/.test(kind)) return new Uint8Array(buffer, byteOffset, length);
  if (kind === "Float32Array") return new Float32Array(buffer, byteOffset, length);
  if (kind === "Float64Array" && precision === "f64") return new Float64Array(buffer, byteOffset, length);
  return new (floats(precision))(array);
}

function fromArray(
  where: string,
  name: string,
  list: List,
  nested: boolean,
  rows: number,
  width: number,
  p: Precision,
  missing: boolean,
) {
  for (let row = 0; nested && row < rows; row++) {
    const numbers = list[row];
    if (!isList(numbers)) throw unexpected(`${where}: ${name} row ${row}`, numbers, `an array of ${width} numbers`);
    if (isList(numbers[0])) {
      const expected = `${width} numbers, of an image pixel by pixel (flat(2) gives them)`;
      throw new TypeError(`${where}: ${name} row ${row} holds arrays, expected ${expected}`);
    }
    if (numbers.length !== width) {
      throw new RangeError(`${where}: ${name} row ${row} has ${numbers.length} numbers, expected ${width}`);
    }
  }
  const data = new (floats(p))(rows * width);
  for (let row = 0; row < rows; row++) {
    const numbers = nested ? (list[row] as List) : list;
    const start = nested ? 0 : row * width;
    for (let column = 0; column < width; column++) {
      const value = numbers[start + column];
      const i = row * width + column;
      if (typeof value === "number") data[i] = value;
      else if (missing && (value === undefined || value === null)) data[i] = Number.NaN;
      else throw unexpectedElement(where, name, list, width, i, "a number");
    }
  }
  return data;
}

/** What the functions below share; `name` is the argument's, and `missing` says whether numbers may be. */
function toMatrix(where: string, name: string, list: List, width: number, precision: Precision, missing = false): Rows {
  if (list.length === 0) throw new RangeError(`${where}: ${name} is empty, expected at least one row`);
  const nested = isList(list[0]);
  const rows = nested ? list.length : list.length / width;
  if (!Number.isInteger(rows)) {
    throw new RangeError(`${where}: ${name} has ${list.length} numbers, expected a multiple of ${width}`);
  }
  const data = ArrayBuffer.isView(list)
    ? fromTypedArray(list as unknown as Uint8Array, precision)
    : fromArray(where, name, list, nested, rows, width, precision, missing);
  if (!(data instanceof Uint8Array)) {
    const i = missing ? firstInfinite(data) : firstNonFinite(data);
    const expected = missing
      ? "a finite number, or NaN, null or undefined where it is missing"
      : `a finite number in the range of ${precision}`;
    if (i < data.length) throw unexpectedElement(where, name, list, width, i, expected);
  }
  return { data, rows, width };
}

/**
 * Rows of features from what the caller passed in: arrays of numbers or typed arrays, one for each row; or one flat
 * row-major array or typed array whose length is a multiple of `width`. Uint8Array and Uint8ClampedArray stay bytes,
 * Float32Array stays f32; anything else takes the network's precision. Rows and columns in messages count from 0.
 * @throws TypeError for anything that is not a number; RangeError for no rows, rows of another width, NaN, the
 * infinities and, where the result is f32, numbers beyond its range.
 */
export function toRows(where: string, x: unknown, width: number, precision: Precision, name = "x"): Rows {
  return toMatrix(where, name, checkList(where, name, x), width, precision);
}

/**
 * The same forms of x with numbers missing: NaN, and in arrays null, undefined and holes too. They are NaN in the result, which is
 * bytes, f32 or f64 as `toRows` has it for a network of f64: what is to be filled in or scaled need not fit into f32 before.
 * @throws as `toRows`, but for NaN
 */
export function toRowsWithMissing(where: string, x: unknown, width: number, name = "x"): Rows {
  return toMatrix(where, name, checkList(where, name, x), width, "f64", true);
}

/** Class labels from a list of them. @throws TypeError, RangeError for anything but integers from 0 to classes − 1 */
export function toLabels(where: string, list: List, classes: number, name = "y"): Int32Array<ArrayBuffer> {
  const labels = new Int32Array(list.length);
  for (let row = 0; row < labels.length; row++) {
    const label = list[row];
    if (!(Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes)) {
      throw unexpected(
        `${where}: ${name} row ${row}`,
        label,
        `a class label, an integer from 0 to ${classes - 1}`,
        "number",
      );
    }
    labels[row] = label as number;
  }
  return labels;
}

/**
 * Targets from what the caller passed in. A flat y as long as x has rows is class labels, or scalar values where there
 * is one output; rows × outputs numbers, nested or flat, are values: from 0 to 1 for `binaryCrossEntropy`, 0 or 1 for `hinge`, from 0
 * for `poisson`, probabilities that sum to 1 within 1e-3 for `softmaxCrossEntropy`, which allows for their rounding.
 * @throws TypeError for anything that is not a number; RangeError for another number of rows than x's, another width,
 * NaN, the infinities, and labels, values and sums outside those ranges.
 */
export function toTargets(
  where: string,
  y: unknown,
  rows: number,
  outputs: number,
  loss: Loss,
  precision: Precision,
): Targets {
  const list = checkList(where, "y", y);
  const flat = !isList(list[0]);
  if (flat && outputs > 1 && list.length === rows) return { kind: "labels", data: toLabels(where, list, outputs) };
  if (list.length !== (flat ? rows * outputs : rows)) {
    const labels = outputs > 1 ? `${rows} class labels or ` : "";
    throw new RangeError(
      `${where}: y has ${list.length} ${flat ? "numbers" : "rows"} and x has ${rows} rows, ` +
        `expected ${labels}${rows} × ${outputs} values`,
    );
  }
  const matrix = toMatrix(where, "y", list, outputs, precision).data;
  const data = matrix instanceof floats(precision) ? matrix : new (floats(precision))(matrix);
  const { targets } = lossKind(loss);
  const refuse = (bad: (value: number) => boolean, expected: string) => {
    const i = data.findIndex(bad);
    if (i >= 0) throw unexpectedElement(where, "y", list, outputs, i, expected);
  };
  if (targets === "fraction") refuse((value) => value < 0 || value > 1, "a value from 0 to 1");
  if (targets === "binary") refuse((value) => value !== 0 && value !== 1, "0 or 1");
  if (targets === "nonNegative") refuse((value) => value < 0, "a number from 0");
  if (targets === "probabilities") checkProbabilities(where, list, data, outputs);
  return { kind: "values", data };
}

function checkProbabilities(where: string, list: List, data: Float32Array | Float64Array, outputs: number): void {
  const i = data.findIndex((value) => value < 0);
  if (i >= 0) throw unexpectedElement(where, "y", list, outputs, i, "a probability, at least 0");
  for (let start = 0; start < data.length; start += outputs) {
    let sum = 0;
    for (let j = start; j < start + outputs; j++) sum += data[j]!;
    if (Math.abs(sum - 1) > 1e-3) {
      throw new RangeError(`${where}: y row ${start / outputs} sums to ${sum}, expected probabilities that sum to 1`);
    }
  }
}
