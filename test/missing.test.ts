import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { toRows, toRowsWithMissing } from "../src/data.ts";
import { checkImputer, firstMissing, fitImputer, impute, imputerKind } from "../src/missing.ts";

type Table = { missing: (number | null)[][]; imputed: { mean: number[]; median: number[] } };
const tables: Table[] = JSON.parse(readFileSync(new URL("./golden/scalers.json", import.meta.url), "utf8")).tables;

const f32 = (...numbers: number[]) => new Float32Array(numbers);
const f64 = (...numbers: number[]) => new Float64Array(numbers);
const NaNs = Number.NaN;

describe("toRowsWithMissing", () => {
  const hole = [1, 2, 3];
  delete hole[1];
  test.each<[string, unknown]>([
    [
      "null in rows",
      [
        [1, null],
        [3, 4],
      ],
    ],
    [
      "undefined in rows",
      [
        [1, undefined],
        [3, 4],
      ],
    ],
    [
      "NaN in rows",
      [
        [1, NaNs],
        [3, 4],
      ],
    ],
    ["a hole in a row", [hole.slice(0, 2), [3, 4]]],
    ["NaN in typed rows", [f32(1, NaNs), f64(3, 4)]],
    ["null in a flat array", [1, null, 3, 4]],
    ["a hole in a flat array", [...hole.slice(0, 1), ...new Array(1), 3, 4]],
    ["NaN in a Float64Array", f64(1, NaNs, 3, 4)],
    ["arrays of another realm", runInNewContext("[[1, null], [3, 4]]")],
  ])("reads %s as NaN", (_, x) => {
    const read = toRowsWithMissing("fit", x, 2);
    expect(read).toEqual({ data: f64(1, NaNs, 3, 4), rows: 2, width: 2 });
    expect(firstMissing(read.data, 2)).toEqual({ row: 0, column: 1 });
  });

  test("takes a flat array whose first number is missing", () => {
    const { data } = toRowsWithMissing("fit", [null, 2, undefined, 4, NaNs, 6], 3);
    expect(data).toEqual(f64(NaNs, 2, NaNs, 4, NaNs, 6));
    expect(firstMissing(data, 3)).toEqual({ row: 0, column: 0 });
  });

  test("takes what has nothing missing as toRows does for f64", () => {
    for (const x of [[[1, 2]], [1, 2], new Uint8Array([1, 2]), f32(1, 2), f64(1, 1e300), [f32(1, 2)]]) {
      const read = toRowsWithMissing("fit", x, 2);
      expect(read).toEqual(toRows("fit", x, 2, "f64"));
      expect(firstMissing(read.data, 2)).toBeUndefined();
    }
    const x = f32(1, NaNs);
    expect(toRowsWithMissing("fit", x, 2).data.buffer).toBe(x.buffer);
  });

  const finite = "expected a finite number, or NaN, null or undefined where it is missing";
  test.each<[string, unknown, ErrorConstructor, string]>([
    [
      "an infinity after a NaN",
      [
        [NaNs, 1],
        [2, Infinity],
      ],
      RangeError,
      `x row 1, column 1 is Infinity, ${finite}`,
    ],
    ["an infinity in a Float32Array", f32(NaNs, 1, -Infinity), RangeError, `x row 2, column 0 is -Infinity, ${finite}`],
    ["a string", [["NaN"]], TypeError, 'x row 0, column 0 is "NaN", expected a number'],
    ["a missing row", [[1], null], TypeError, "x row 1 is null, expected an array of 1 numbers"],
    ["a short row", [[], [1]], RangeError, "x row 0 has 0 numbers, expected 1"],
    ["no rows", [], RangeError, "x is empty, expected at least one row"],
  ])("refuses %s", (_, x, Kind, message) => {
    const width = Array.isArray(x) && Array.isArray(x[0]) && x[0].length > 1 ? 2 : 1;
    expect(() => toRowsWithMissing("fit", x, width)).toThrow(new Kind(`fit: ${message}`));
  });

  test("leaves toRows as strict as it was", () => {
    expect(() => toRows("fit", [[1, null]], 2, "f64")).toThrow("x row 0, column 1 is null, expected a number");
    expect(() => toRows("fit", f64(1, NaNs), 2, "f64")).toThrow("x row 0, column 1 is NaN, expected a finite number");
  });
});

describe("fitImputer and impute", () => {
  // Columns: 1 · 4 10 without row 2, and 5 7 · · without rows 0 and 3. Means 15/3 and 12/2, medians 4 and (5 + 7)/2.
  const x = f64(1, NaNs, NaNs, 5, 4, 7, 10, NaNs);

  test("match an example by hand", () => {
    const filled = (kind: Parameters<typeof fitImputer>[1]) => impute(fitImputer("fit: x", kind, x, 2), x);
    expect(filled("mean")).toEqual(f64(1, 6, 5, 5, 4, 7, 10, 6));
    expect(filled("median")).toEqual(f64(1, 6, 4, 5, 4, 7, 10, 6));
    expect(filled({ constant: -1 })).toEqual(f64(1, -1, -1, 5, 4, 7, 10, -1));
    expect(x).toEqual(f64(1, NaNs, NaNs, 5, 4, 7, 10, NaNs));
  });

  test("look at the rows given alone", () => {
    const imputer = fitImputer("fit: x", "mean", x, 2, [0, 2]); // 1 and 4, and 7
    expect(imputer).toEqual({ kind: "mean", values: [2.5, 7] });
    expect(impute(imputer, x)).toEqual(f64(1, 7, 2.5, 5, 4, 7, 10, 7));
  });

  test.each(tables.map((table) => [table.missing.length, table] as const))(
    "agree with scikit-learn on a table of %i rows",
    (_, { missing, imputed }) => {
      const { data } = toRowsWithMissing("fit", missing, 5);
      expect(fitImputer("x", "median", data, 5).values).toEqual(imputed.median);
      for (const [j, value] of fitImputer("x", "mean", data, 5).values.entries()) {
        // Theirs loses up to n ≤ 16 roundings.
        expect(Math.abs(value - imputed.mean[j]!)).toBeLessThanOrEqual(16 * 2 ** -53 * Math.abs(value));
      }
    },
  );

  test("give the same bits whatever form the numbers come in", () => {
    const rows = [
      [0.1, 0.2],
      [NaNs, 0.7],
      [0.4, NaNs],
    ].map((row) => row.map(Math.fround));
    const forms = [rows, rows.flat(), f64(...rows.flat()), f32(...rows.flat()), rows.map((row) => f32(...row))];
    const filled = forms.map((form) => {
      const { data } = toRowsWithMissing("fit", form, 2);
      return impute(fitImputer("x", "mean", data, 2), data);
    });
    for (const numbers of filled) expect(numbers).toEqual(filled[0]);
    expect(toRows("fit", filled[0], 2, "f64")).toEqual({ data: filled[0], rows: 3, width: 2 });
  });

  test("give back what has nothing missing", () => {
    for (const data of [new Uint8Array([0, 1]), f32(1, 2), f64(1, 2)]) {
      expect(impute(fitImputer("x", "median", data, 2), data)).toBe(data);
    }
  });

  test("refuse a column without any number, unless by a constant, and one whose sum overflows", () => {
    const gaps = f64(1, NaNs, 2, NaNs, 3, 4);
    expect(() => fitImputer("fit: x", "mean", gaps, 2, [0, 1])).toThrow(
      new RangeError("fit: x column 1 is missing in all of 2 rows, expected at least one number for its mean"),
    );
    expect(fitImputer("fit: x", { constant: 9 }, gaps, 2, [0, 1]).values).toEqual([9, 9]);
    expect(fitImputer("fit: x", "median", gaps, 2).values).toEqual([2, 4]);
    expect(() => fitImputer("fit: x", "median", f64(1, 1.7e308, 1, 1.7e308), 2)).toThrow(
      new RangeError("fit: x column 1 is too large: its median is Infinity, expected a finite number"),
    );
  });
});

describe("checkImputer", () => {
  test("takes what fitImputer made, after JSON too", () => {
    for (const kind of ["mean", "median", { constant: 0.1 }, { constant: -0 }] as const) {
      const imputer = fitImputer("x", kind, f64(0.1, -0, 0.2, NaNs, 0.7, -0), 2);
      expect(checkImputer("load", JSON.parse(JSON.stringify(imputer)), 2)).toEqual(imputer);
    }
  });

  test.each<[unknown, ErrorConstructor, string]>([
    [[1], TypeError, "load: options is an array, expected a plain object"],
    [
      { kind: "mode", values: [1, 1] },
      RangeError,
      'load: kind is "mode", expected one of "mean", "median", "constant"',
    ],
    [{ kind: "mean", values: [1] }, RangeError, "load: values has 1 numbers, expected 2"],
    [{ kind: "mean", values: [1, null] }, TypeError, "load: values 1 is null, expected a finite number"],
    [{ kind: "constant", values: [1, 2] }, RangeError, "load: values 1 is 2, expected the constant 1"],
    [{ kind: "mean", values: [1, 2], rows: 3 }, TypeError, 'load: unknown option "rows"'],
  ])("refuses %o", (value, Kind, message) => {
    expect(() => checkImputer("load", value, 2)).toThrow(Kind);
    expect(() => checkImputer("load", value, 2)).toThrow(message);
  });
});

test("imputerKind takes the words and constants", () => {
  for (const kind of ["mean", "median", { constant: -1 }] as const) {
    expect(imputerKind("fit", "missing", kind)).toEqual(kind);
  }
  const refused: [unknown, ErrorConstructor, string][] = [
    ["mode", RangeError, 'fit: missing is "mode", expected one of "mean", "median"'],
    [0, TypeError, 'fit: missing is 0, expected "mean", "median" or { constant }'],
    [null, TypeError, "fit: missing: options is null, expected a plain object"],
    [{}, TypeError, "fit: missing: constant is undefined, expected a finite number"],
    [{ constant: NaNs }, RangeError, "fit: missing: constant is NaN, expected a finite number"],
    [{ value: 1 }, TypeError, 'fit: missing: unknown option "value", expected one of constant'],
  ];
  for (const [value, Kind, message] of refused) {
    expect(() => imputerKind("fit", "missing", value)).toThrow(new Kind(message));
  }
});
