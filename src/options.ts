/** "a" or "an" before a word as it is spoken ("a Uint8Array"). */
const article = (word: string) => (/^[aeioAEIO]/.test(word) ? "an" : "a");

/** A value as an error message shows it: primitives as in code, the rest by kind. Runs no code of the value's. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function" || (typeof value === "object" && value !== null)) {
    let kind: string = typeof value;
    if (ArrayBuffer.isView(value)) kind = (value as Uint8Array)[Symbol.toStringTag];
    else if (Array.isArray(value)) kind = "array";
    return `${article(kind)} ${kind}`;
  }
  return String(value);
}

/**
 * The error for a value that is not what it should be: a RangeError where its type is the expected one
 * (`type`, as `typeof` names it), otherwise a TypeError. `what` names place and thing: "Network.create: batchSize".
 */
export function unexpected(what: string, value: unknown, expected: string, type?: string): Error {
  const Kind = typeof value === type ? RangeError : TypeError;
  return new Kind(`${what} is ${describe(value)}, expected ${expected}`);
}

/**
 * Checks that `options` is a plain object whose keys are all in `known`.
 * @throws TypeError for anything else; the message names the first unknown key and lists the known ones.
 */
export function checkKnown(where: string, options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options)) throw unexpected(`${where}: options`, options, "a plain object");
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(`${where}: unknown option ${describe(key)}, expected one of ${nearest(key, known)}`);
    }
  }
}

/** The known words, those that differ from the given one only by case first, cut off where they fill two lines of a terminal. */
function nearest(word: string, known: readonly string[]): string {
  const alike = (other: string) => other.toLowerCase() === word.toLowerCase();
  const words = [...known.filter(alike), ...known.filter((other) => !alike(other))].join(", ");
  return words.length > 160 ? `${words.slice(0, words.lastIndexOf(",", 160))}, …` : words;
}

/** Object.prototype is another object in other realms (frames, sandboxes); its prototype is null there too. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkNumber(
  where: string,
  name: string,
  value: unknown,
  expected: string,
  valid: (x: number) => boolean,
): number {
  if (typeof value === "number" && valid(value)) return value;
  throw unexpected(`${where}: ${name}`, value, expected, "number");
}

/** An integer from 1 to 2^53 − 1: sizes and counts. @throws TypeError, RangeError */
export const positiveInteger = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "a positive integer", (x) => Number.isSafeInteger(x) && x > 0);

/** An integer from 0 to 2^53 − 1: seeds and indices. @throws TypeError, RangeError */
export const nonNegativeInteger = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "an integer from 0 to 2^53 - 1", (x) => Number.isSafeInteger(x) && x >= 0);

/** A finite number above 0: rates and scales. @throws TypeError, RangeError */
export const positiveNumber = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "a positive finite number", (x) => Number.isFinite(x) && x > 0);

/** A finite number from 0. @throws TypeError, RangeError */
export const nonNegativeNumber = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "a finite number from 0", (x) => Number.isFinite(x) && x >= 0);

/** A number from 0 to below 1: moments. @throws TypeError, RangeError */
export const fraction = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "a number in [0, 1)", (x) => x >= 0 && x < 1);

/** A number above 0, at most 1: shares. @throws TypeError, RangeError */
export const unitInterval = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "a number in (0, 1]", (x) => x > 0 && x <= 1);

/** Any number but NaN and the infinities. @throws TypeError, RangeError */
export const finiteNumber = (where: string, name: string, value: unknown) =>
  checkNumber(where, name, value, "a finite number", Number.isFinite);

/** One of the allowed words. @throws TypeError, RangeError */
export function oneOf<T extends string>(where: string, name: string, value: unknown, allowed: readonly T[]): T {
  if ((allowed as readonly unknown[]).includes(value)) return value as T;
  throw unexpected(`${where}: ${name}`, value, `one of ${allowed.map(describe).join(", ")}`, "string");
}

/** @throws TypeError */
export function boolean(where: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw unexpected(`${where}: ${name}`, value, "true or false");
}

/** An array of so many numbers, each of which `check` takes; the result is a frozen copy. @throws TypeError, RangeError */
export function numbers(
  where: string,
  name: string,
  value: unknown,
  count: number,
  check: typeof finiteNumber,
): readonly number[] {
  if (!Array.isArray(value)) throw unexpected(`${where}: ${name}`, value, `an array of ${count} numbers`);
  if (value.length !== count) {
    throw new RangeError(`${where}: ${name} has ${value.length} numbers, expected ${count}`);
  }
  return Object.freeze(Array.from(value, (number, i) => check(where, `${name} ${i}`, number)));
}
