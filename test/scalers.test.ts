import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyScaler, checkScaler, fitScaler, invertScaler, type Scaler, scalerKind } from "../src/scalers.ts";
import { deviation, mean } from "../src/statistics.ts";

const KINDS = ["standard", "minMax", "robust"] as const;

type Fitted = { offset: number[]; scale: number[]; scaled: number[][] };
type Table = { rows: number[][]; mean: number[]; deviation: number[] } & Record<(typeof KINDS)[number], Fitted>;

/** The file names its sources; its tables have 1 to 16 rows and columns: any, constant, with ties, skewed, far from 0. */
const golden: { tables: Table[]; columns: { name: string; column: number[]; mean: number; deviation: number }[] } =
  JSON.parse(readFileSync(new URL("./golden/scalers.json", import.meta.url), "utf8"));

const f64 = (...numbers: number[]) => new Float64Array(numbers);

/** Both within so many units of the last place of `expected`, or of the smallest number. */
function expectUlps(actual: number, expected: number, ulps: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(ulps * Math.max(Math.abs(expected) * 2 ** -52, 2 ** -1074));
}

describe("fitScaler", () => {
  test("matches examples by hand", () => {
    // 2 4 4 4 5 5 7 9: the sum is 40, the mean 5; the squares 9 1 1 1 0 0 4 16 sum to 32, 32/8 = 4, the deviation is 2.
    // Quartiles at 1.75 and 5.25 of the sorted numbers 0 to 7: 4, and 5 + 0.25·(7 − 5) = 5.5; the median is (4 + 5)/2.
    // −1 … −1: constant.
    const data = f64(...[9, 2, 4, 7, 4, 5, 4, 5].flatMap((v) => [v, -1]));
    expect(fitScaler("x", "standard", data, 2)).toEqual({ kind: "standard", offset: [5, -1], scale: [2, 1] });
    expect(fitScaler("x", "minMax", data, 2)).toEqual({ kind: "minMax", offset: [2, -1], scale: [7, 1] });
    expect(fitScaler("x", "robust", data, 2)).toEqual({ kind: "robust", offset: [4.5, -1], scale: [1.5, 1] });
  });

  test("divides by 1 where the quartiles are equal though the column is not constant", () => {
    expect(fitScaler("x", "robust", f64(3, 3, 3, 3, 3, 100), 1)).toEqual({ kind: "robust", offset: [3], scale: [1] });
  });

  test("looks at the rows given alone, in whatever order and as often as they are given", () => {
    const data = f64(1e300, 1, 0, 10, 1e300, 2, 4, 30); // rows 1 and 3 are [0, 10] and [4, 30]
    const of = (rows: ArrayLike<number>) => fitScaler("x", "standard", data, 2, rows);
    expect(of([1, 3])).toEqual({ kind: "standard", offset: [2, 20], scale: [2, 10] });
    expect(of(new Uint32Array([3, 1]))).toEqual(of([1, 3]));
    expect(of([1, 1, 1, 3])).toEqual({ kind: "standard", offset: [1, 15], scale: [Math.sqrt(3), Math.sqrt(75)] });
  });

  test("reads bytes and f32 as the doubles that they are", () => {
    const numbers = [0.5, 3, 250, 7, 8, 9];
    for (const kind of KINDS) {
      const bytes = new Uint8Array(numbers);
      expect(fitScaler("x", kind, bytes, 2)).toEqual(fitScaler("x", kind, f64(...bytes), 2));
      const floats = new Float32Array(numbers.map((v) => v / 3));
      expect(fitScaler("x", kind, floats, 2)).toEqual(fitScaler("x", kind, f64(...floats), 2));
    }
  });

  test.each(golden.tables.map((table) => [table.rows.length, table] as const))(
    "agrees with scikit-learn on a table of %i rows",
    (_, table) => {
      const data = f64(...table.rows.flat());
      for (const kind of KINDS) {
        const scaler = fitScaler("x", kind, data, 5);
        const { offset, scale, scaled } = table[kind];
        // Extremes, medians and quartiles are the same operations in the same order. Sums are not: theirs lose up to n ≤ 16
        // roundings; where that moves the mean, the deviation feels the square of it.
        const exact = kind !== "standard";
        for (let j = 0; j < 5; j++) {
          expectUlps(scaler.offset[j]!, offset[j]!, exact ? 0 : 16);
          expectUlps(scaler.scale[j]!, scale[j]!, exact ? 0 : 16);
        }
        const applied = applyScaler("x", scaler, data, "f64");
        // minMax multiplies there by the inverse and adds −min · inverse: around 1e6 that rounds at 1e6/range · 2^−53. A mean
        // around 1e6 that is off by one rounding, 2^−34, moves the scaled numbers by so much in units of the deviation.
        for (const [i, expected] of scaled.flat().entries()) {
          const far = i % 5 === 4 ? (4e6 / scale[4]!) * 2 ** -52 : 1e-14;
          expect(Math.abs(applied[i]! - expected)).toBeLessThanOrEqual(kind === "robust" ? 0 : far);
        }
      }
      const standard = fitScaler("x", "standard", data, 5);
      for (let j = 0; j < 5; j++) {
        expectUlps(standard.offset[j]!, table.mean[j]!, 1);
        expectUlps(standard.scale[j]!, table.deviation[j]! || 1, 2);
      }
    },
  );

  test.each(golden.columns.map(({ name, ...column }) => [name, column] as const))(
    "takes mean and deviation of a hard column to the last places: %s",
    (_, { column, mean: exactMean, deviation: exactDeviation }) => {
      const found = mean(f64(...column));
      expectUlps(found, exactMean, 1);
      expectUlps(deviation(f64(...column), found), exactDeviation, 3);
    },
  );

  test("gives equal numbers exactly their mean and no deviation, whatever they are and however many", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), fc.integer({ min: 1, max: 99 }), (v, count) => {
        const scaler = { offset: [v + 0], scale: [1] };
        for (const kind of KINDS) {
          expect(fitScaler("x", kind, new Float64Array(count).fill(v), 1)).toEqual({ kind, ...scaler });
        }
      }),
      { seed: 1 },
    );
  });

  test.each([
    ["standard", [1, 1e308, 2, 1.5e308], "offset NaN, scale NaN"],
    ["minMax", [1, -1e308, 2, 1e308], "offset -1e+308, scale Infinity"],
    ["robust", [1, -1e308, 2, -1e308, 3, 0, 4, 1e308, 5, 1e308], "offset 0, scale Infinity"],
  ] as const)("refuses a column that overflows: %s", (kind, data, found) => {
    expect(() => fitScaler("fit: x", kind, f64(...data), 2)).toThrow(
      new RangeError(`fit: x column 1 is too large for the "${kind}" scaler: ${found}, expected finite numbers`),
    );
  });
});

describe("applyScaler and invertScaler", () => {
  const scaler: Scaler = { kind: "standard", offset: [5, -1], scale: [2, 0.1] };

  test("take what is there to (v − offset)/scale and back, in a new array of the precision", () => {
    const data = new Uint8Array([9, 0, 2, 255]);
    const scaled = [2, 1 / 0.1, -1.5, 256 / 0.1];
    expect(applyScaler("x", scaler, data, "f64")).toEqual(f64(...scaled));
    expect(applyScaler("x", scaler, data, "f32")).toEqual(new Float32Array(scaled));
    expect(data).toEqual(new Uint8Array([9, 0, 2, 255]));
    const predictions = f64(2, 10, -1.5, 2560);
    expect(invertScaler("y", scaler, predictions)).toEqual(f64(9, 0, 2, 255));
    expect(predictions).toEqual(f64(2, 10, -1.5, 2560));
    expect(invertScaler("y", scaler, new Float32Array([1, 1]))).toEqual(new Float32Array([7, 0.1 - 1]));
  });

  test("round once, from f64 to f32", () => {
    // 1e8 + 1 is no f32: the difference has to be taken before.
    const far: Scaler = { kind: "minMax", offset: [1e8], scale: [4] };
    expect(applyScaler("x", far, f64(1e8 + 1), "f32")).toEqual(new Float32Array([0.25]));
  });

  test("take minMax to 0 and 1 and nothing beyond", () => {
    const column = fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(column, (numbers) => {
        for (const precision of ["f32", "f64"] as const) {
          const fitted = fitScaler("x", "minMax", f64(...numbers), 1);
          const scaled = applyScaler("x", fitted, f64(...numbers), precision);
          expect(Math.min(...scaled)).toBe(0);
          expect(Math.max(...scaled)).toBe(new Set(numbers.map((v) => v + 0)).size > 1 ? 1 : 0);
        }
      }),
      { seed: 1 },
    );
  });

  test("give a table back", () => {
    for (const { rows } of golden.tables) {
      for (const kind of KINDS) {
        const data = f64(...rows.flat());
        const fitted = fitScaler("y", kind, data, 5);
        const back = invertScaler("y", fitted, applyScaler("y", fitted, data, "f64"));
        // Four roundings: of the difference, the quotient, the product and the sum, none of numbers above 2·(|v| + |offset|).
        for (const [i, v] of data.entries()) {
          expect(Math.abs(back[i]! - v)).toBeLessThanOrEqual(
            (Math.abs(v) + Math.abs(fitted.offset[i % 5]!)) * 2 ** -50,
          );
        }
      }
    }
  });

  test("refuse what leaves the precision's range, with its place", () => {
    const small: Scaler = { kind: "standard", offset: [0, -1e308], scale: [1, 1e-300] };
    expect(() => applyScaler("fit: x", small, f64(1, 1, 2, 1e308), "f64")).toThrow(
      new RangeError(
        "fit: x row 0, column 1 is 1, which the scaler takes to Infinity, expected a number in the range of f64",
      ),
    );
    const data = f64(1, 1, -1e39, 1);
    const plain: Scaler = { kind: "standard", offset: [0, 0], scale: [1, 1] };
    expect(applyScaler("x", plain, data, "f64")).toEqual(data);
    expect(() => applyScaler("fit: x", plain, data, "f32")).toThrow(
      "fit: x row 1, column 0 is -1e+39, which the scaler takes to -Infinity, expected a number in the range of f32",
    );
    const large: Scaler = { kind: "minMax", offset: [0, 0], scale: [1, 1e30] };
    expect(invertScaler("y", large, f64(1e9, 1e9))).toEqual(f64(1e9, 1e9 * 1e30));
    expect(() => invertScaler("predict: y", large, new Float32Array([1, 1, 1e9, -1e9]))).toThrow(
      new RangeError(
        "predict: y row 1, column 1 is -1000000000, which the scaler takes to -Infinity, expected a number in the range of f32",
      ),
    );
  });

  test("leave predictions that are not finite as they are", () => {
    const predictions = f64(Number.NaN, Infinity, -Infinity, 0);
    expect(invertScaler("y", scaler, predictions)).toEqual(f64(Number.NaN, Infinity, -Infinity, -1));
  });
});

describe("checkScaler", () => {
  test("takes what fitScaler made, after JSON too, with the same bits", () => {
    const data = f64(...golden.tables[6]!.rows.flat(), -0, -0, -0, -0, -0);
    for (const kind of KINDS) {
      const scaler = fitScaler("x", kind, data, 5);
      const read = checkScaler("load", JSON.parse(JSON.stringify(scaler)), 5);
      expect(read).toEqual(scaler);
      expect(f64(...read.offset, ...read.scale)).toEqual(f64(...scaler.offset, ...scaler.scale));
    }
    // toEqual tells −0 from 0
    expect(fitScaler("x", "minMax", f64(-0, -0), 1).offset).toEqual([0]);
  });

  test.each<[unknown, ErrorConstructor, string]>([
    [null, TypeError, "load: options is null, expected a plain object"],
    [{ kind: "standard", offset: [0], scale: [1], mean: 1 }, TypeError, 'load: unknown option "mean"'],
    [{ kind: "quantile", offset: [0], scale: [1] }, RangeError, 'load: kind is "quantile", expected one of "standard"'],
    [{ offset: [0], scale: [1] }, TypeError, "load: kind is undefined"],
    [{ kind: "standard", scale: [1] }, TypeError, "load: offset is undefined, expected an array of 1 numbers"],
    [{ kind: "standard", offset: [0, 1], scale: [1] }, RangeError, "load: offset has 2 numbers, expected 1"],
    [{ kind: "standard", offset: [null], scale: [1] }, TypeError, "load: offset 0 is null, expected a finite number"],
    [{ kind: "standard", offset: [0], scale: [0] }, RangeError, "load: scale 0 is 0, expected a positive finite"],
    [{ kind: "standard", offset: [0], scale: [] }, RangeError, "load: scale has 0 numbers, expected 1"],
    [{ kind: "standard", offset: [0], scale: [1e999] }, RangeError, "load: scale 0 is Infinity"],
  ])("refuses %o", (value, Kind, message) => {
    expect(() => checkScaler("load", value, 1)).toThrow(Kind);
    expect(() => checkScaler("load", value, 1)).toThrow(message);
  });

  test("scalerKind takes the three words", () => {
    for (const kind of KINDS) expect(scalerKind("fit", "scale", kind)).toBe(kind);
    expect(() => scalerKind("fit", "scale", "toString")).toThrow(
      new RangeError('fit: scale is "toString", expected one of "standard", "minMax", "robust"'),
    );
  });
});
