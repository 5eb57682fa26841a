import { firstNonFinite, type Rows } from "./data.ts";
import { checkKnown, finiteNumber, numbers, oneOf, unexpected } from "./options.ts";
import { columnOf, mean, median } from "./statistics.ts";

// Numbers that are missing are NaN here: `toRowsWithMissing` reads them so.

/** What missing numbers are replaced by: the mean or the median of their column's others, or a number. */
export type ImputerKind = "mean" | "median" | { readonly constant: number };

/** A fitted imputer, plain data that JSON gives back as it was: what stands in for the missing numbers of each column. */
export interface Imputer {
  readonly kind: "mean" | "median" | "constant";
  readonly values: readonly number[];
}

/** Where the first number is missing; undefined where none is. */
export function firstMissing(data: Rows["data"], width: number): { row: number; column: number } | undefined {
  const i = data instanceof Uint8Array ? data.length : firstNonFinite(data);
  return i < data.length ? { row: Math.floor(i / width), column: i % width } : undefined;
}

/** @throws TypeError, RangeError */
export function imputerKind(where: string, name: string, value: unknown): ImputerKind {
  if (typeof value === "string") return oneOf<"mean" | "median">(where, name, value, ["mean", "median"]);
  if (typeof value !== "object") throw unexpected(`${where}: ${name}`, value, '"mean", "median" or { constant }');
  checkKnown(`${where}: ${name}`, value, ["constant"]);
  const { constant } = value as { constant: unknown };
  return Object.freeze({ constant: finiteNumber(`${where}: ${name}`, "constant", constant) });
}

/**
 * Fits an imputer to a matrix [rows × width] of numbers that are finite or NaN.
 * @param what names the matrix in messages: "fit: x"
 * @param rows the numbers of the rows to fit to; default all
 * @throws RangeError for a column without any number, unless a constant stands in, and where a sum overflows
 */
export function fitImputer(
  what: string,
  kind: ImputerKind,
  data: Rows["data"],
  width: number,
  rows?: ArrayLike<number>,
): Imputer {
  const valueFor = (j: number) => {
    if (typeof kind === "object") return kind.constant;
    const column = columnOf(data, width, j, rows);
    const present = column.filter((v) => !Number.isNaN(v));
    if (present.length === 0) {
      throw new RangeError(
        `${what} column ${j} is missing in all of ${column.length} rows, expected at least one number for its ${kind}`,
      );
    }
    const value = kind === "mean" ? mean(present) : median(present.sort());
    if (Number.isFinite(value)) return value;
    throw new RangeError(`${what} column ${j} is too large: its ${kind} is ${value}, expected a finite number`);
  };
  return Object.freeze({
    kind: typeof kind === "object" ? "constant" : kind,
    // −0 + 0 is 0: JSON has no −0.
    values: Object.freeze(Array.from({ length: width }, (_, j) => valueFor(j) + 0)),
  });
}

/** An imputer of `width` columns from what JSON gave back. @throws TypeError, RangeError for what `fitImputer` does not return */
export function checkImputer(where: string, value: unknown, width: number): Imputer {
  checkKnown(where, value, ["kind", "values"]);
  const given = value as Imputer;
  const kind = oneOf(where, "kind", given.kind, ["mean", "median", "constant"]);
  const values = numbers(where, "values", given.values, width, finiteNumber);
  const j = values.findIndex((number) => kind === "constant" && number !== values[0]);
  if (j >= 0) throw unexpected(`${where}: values ${j}`, values[j], `the constant ${values[0]}`, "number");
  return Object.freeze({ kind, values });
}

/**
 * A row-major matrix without missing numbers: the same where none is, otherwise a copy in f64, so that the result has the same
 * bits whatever form the numbers came in.
 */
export function impute({ values }: Imputer, data: Rows["data"]): Rows["data"] {
  const width = values.length;
  if (!firstMissing(data, width)) return data;
  const filled = new Float64Array(data);
  for (let i = 0; i < filled.length; i++) if (Number.isNaN(filled[i])) filled[i] = values[i % width]!;
  return filled;
}
