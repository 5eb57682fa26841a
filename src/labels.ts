import { checkList, toLabels } from "./data.ts";
import { describe, positiveInteger, unexpected } from "./options.ts";

/** The name of a class, as it stands in y. */
export type Name = string | number | boolean;

/** At most so many names stand in a message. */
const LISTED = 5;

const isName = (value: unknown): value is Name =>
  typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);

/** Of names of one kind. Strings by their UTF-16 code units, as no locale has a say; false before true. */
const order = (a: Name, b: Name) => (a < b ? -1 : Number(a > b));

/**
 * The distinct names of y in order, label k being the k-th: strings by code unit, numbers by value, false before true.
 * As JSON it stays what it is.
 * @param name the argument's
 * @param y an array of strings, of booleans or of finite numbers, or a typed array of numbers; at least one
 * @throws TypeError for other things and for two kinds in one y; RangeError for none, NaN and the infinities
 */
export function namesOf(where: string, y: unknown, name = "y"): readonly Name[] {
  const list = checkList(where, name, y, "an array of strings, booleans or numbers, or a typed array of numbers");
  if (list.length === 0) throw new RangeError(`${where}: ${name} is empty, expected at least one name`);
  const names = new Set<Name>();
  for (let row = 0; row < list.length; row++) {
    names.add(checkName(`${where}: ${name} row ${row}`, list[row], list[0]));
  }
  return Object.freeze([...names].sort(order));
}

/** A name, of the first one's kind. */
function checkName(what: string, value: unknown, first: unknown): Name {
  if (!isName(value)) throw unexpected(what, value, "a string, a boolean or a finite number", "number");
  if (typeof value === typeof first) return value;
  throw unexpected(what, value, `a ${typeof first} as in row 0`);
}

/** Names from what JSON gave back. @throws TypeError, RangeError for what `namesOf` does not return */
export function checkNames(where: string, value: unknown): readonly Name[] {
  if (!Array.isArray(value)) throw unexpected(where, value, "an array of names");
  const names = namesOf(where, value);
  const k = value.findIndex((name, i) => name !== names[i]);
  if (k < 0) return names;
  throw new RangeError(`${where}: name ${k} is ${describe(value[k])}, expected distinct names in order`);
}

/**
 * The labels, 0 to names.length − 1, of what y names.
 * @param place what an element's number is that of, in messages
 * @throws TypeError, RangeError for what is not among the names
 */
export function labelsOf(where: string, y: unknown, names: readonly Name[], place = "y row"): Int32Array<ArrayBuffer> {
  const list = checkList(where, "y", y, "an array of names");
  const labels = new Int32Array(list.length);
  const known = new Map<unknown, number>(names.map((name, k) => [name, k]));
  for (let row = 0; row < labels.length; row++) {
    const label = known.get(list[row]);
    if (label === undefined) throw unexpected(`${where}: ${place} ${row}`, list[row], oneOfThe(names), typeof names[0]);
    labels[row] = label;
  }
  return labels;
}

function oneOfThe(names: readonly Name[]): string {
  const rest = names.length - LISTED;
  const listed = names.slice(0, LISTED).map(describe).join(", ");
  return `one of ${listed}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/**
 * Class labels as rows of one 1 and otherwise 0.
 * @param labels integers from 0 to classes − 1, an array or a typed array
 * @param classes a positive integer
 * @returns [labels.length × classes], row-major
 * @throws TypeError, RangeError
 * @example oneHot([1, 0], 3) // 0 1 0, 1 0 0
 */
export function oneHot(labels: ArrayLike<number>, classes: number): Float32Array<ArrayBuffer> {
  const width = positiveInteger("oneHot", "classes", classes);
  const list = checkList("oneHot", "labels", labels, "an array or a typed array of class labels");
  const ones = new Float32Array(list.length * width);
  for (const [row, label] of toLabels("oneHot", list, width, "labels").entries()) ones[row * width + label] = 1;
  return ones;
}
