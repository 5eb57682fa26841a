import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toRows, toTargets } from "../src/data.ts";

/** Kind and numbers: typed arrays of one kind and content are equal. */
const f32 = (...numbers: number[]) => new Float32Array(numbers);
const f64 = (...numbers: number[]) => new Float64Array(numbers);
const u8 = (...numbers: number[]) => new Uint8Array(numbers);

describe("toRows", () => {
  test.each([
    [
      "nested arrays",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    ["frozen arrays", Object.freeze([Object.freeze([1, 2]), Object.freeze([3, 4]), Object.freeze([5, 6])])],
    ["an array of typed arrays of mixed kinds", [f64(1, 2), u8(3, 4), [5, 6]]],
    ["one flat array", [1, 2, 3, 4, 5, 6]],
    ["Int8Array", new Int8Array([1, 2, 3, 4, 5, 6])],
    ["Uint16Array", new Uint16Array([1, 2, 3, 4, 5, 6])],
    ["Int16Array", new Int16Array([1, 2, 3, 4, 5, 6])],
    ["Uint32Array", new Uint32Array([1, 2, 3, 4, 5, 6])],
    ["Int32Array", new Int32Array([1, 2, 3, 4, 5, 6])],
    ["arrays of another realm", runInNewContext("[[1, 2], new Float32Array([3, 4]), [5, 6]]")],
  ])("takes %s in the network's precision", (_, x) => {
    expect(toRows("fit", x, 2, "f32")).toEqual({ data: f32(1, 2, 3, 4, 5, 6), rows: 3, width: 2 });
    expect(toRows("fit", x, 2, "f64")).toEqual({ data: f64(1, 2, 3, 4, 5, 6), rows: 3, width: 2 });
  });

  test("takes bytes, f32 and fitting f64 as views of the caller's memory", () => {
    const clamped = Uint8ClampedArray.from([9, 1, 2, 3, 4]).subarray(1);
    for (const precision of ["f32", "f64"] as const) {
      for (const x of [u8(9, 1, 2, 3, 4).subarray(1), f32(9, 1, 2, 3, 4).subarray(1), Buffer.from([1, 2, 3, 4])]) {
        const { data } = toRows("fit", x, 2, precision);
        expect(data).toEqual(x instanceof Float32Array ? f32(1, 2, 3, 4) : u8(1, 2, 3, 4));
        expect([data.buffer, data.byteOffset]).toEqual([x.buffer, x.byteOffset]);
      }
      const { data } = toRows("fit", clamped, 2, precision);
      expect(data).toEqual(u8(1, 2, 3, 4));
      expect(data.buffer).toBe(clamped.buffer);
    }
    const doubles = f64(9, 0.1, 2).subarray(1);
    expect(toRows("fit", doubles, 2, "f64").data).toEqual(f64(0.1, 2));
    expect(toRows("fit", doubles, 2, "f64").data.buffer).toBe(doubles.buffer);
    expect(toRows("fit", doubles, 2, "f32").data).toEqual(f32(Math.fround(0.1), 2));
  });

  test("takes typed arrays of another realm as this realm's kinds", () => {
    const { data } = toRows("fit", runInNewContext("new Float32Array([1, 2])"), 2, "f64");
    expect(data).toBeInstanceOf(Float32Array);
    expect(data).toEqual(f32(1, 2));
  });

  test("counts one flat array of the right length as one row", () => {
    expect(toRows("predict", [1, 2, 3], 3, "f64")).toEqual({ data: f64(1, 2, 3), rows: 1, width: 3 });
  });

  test("keeps the largest f32, subnormals and negative zero", () => {
    // (2 − 2^−23)·2^127 and 2^−149: the largest and the smallest f32
    const edge = [3.4028234663852886e38, 2 ** -149, -0, -3.4028234663852886e38];
    expect(toRows("fit", [edge], 4, "f32").data).toEqual(f32(...edge));
  });

  const hole = [[1, 2], [3]];
  hole[1]!.length = 2;
  test.each<[string, unknown, ErrorConstructor, string]>([
    ["nothing", undefined, TypeError, "x is undefined, expected an array of rows"],
    ["a string", "1,2", TypeError, 'x is "1,2", expected an array of rows'],
    ["an array-like object", { length: 2 }, TypeError, "x is an object, expected an array of rows"],
    ["an ArrayBuffer", new ArrayBuffer(8), TypeError, "x is an object, expected an array of rows"],
    ["a DataView", new DataView(new ArrayBuffer(8)), TypeError, "x is a DataView, expected an array of rows"],
    ["big integers", new BigInt64Array(2), TypeError, "x is a BigInt64Array, expected an array of rows"],
    ["an empty array", [], RangeError, "x is empty, expected at least one row"],
    ["an empty typed array", f32(), RangeError, "x is empty, expected at least one row"],
    ["a flat array of a wrong length", [1, 2, 3], RangeError, "x has 3 numbers, expected a multiple of 2"],
    ["a typed array of a wrong length", u8(1, 2, 3), RangeError, "x has 3 numbers, expected a multiple of 2"],
    ["a short row", [[1, 2], [3]], RangeError, "x row 1 has 1 numbers, expected 2"],
    ["a long row", [[1, 2], f32(3, 4, 5)], RangeError, "x row 1 has 3 numbers, expected 2"],
    ["a row that is a number", [[1, 2], 3], TypeError, "x row 1 is 3, expected an array of 2 numbers"],
    ["a missing row", [[1, 2], undefined, [3, 4]], TypeError, "x row 1 is undefined, expected an array of 2 numbers"],
    [
      "a row of big integers",
      [[1, 2], new BigInt64Array(2)],
      TypeError,
      "x row 1 is a BigInt64Array, expected an array",
    ],
    [
      "a string in a row",
      [
        [1, 2],
        [3, "4"],
      ],
      TypeError,
      'x row 1, column 1 is "4", expected a number',
    ],
    ["null in a row", [[1, null]], TypeError, "x row 0, column 1 is null, expected a number"],
    ["a boolean in a row", [[true, 2]], TypeError, "x row 0, column 0 is true, expected a number"],
    ["a hole in a row", hole, TypeError, "x row 1, column 1 is undefined, expected a number"],
    [
      "rows nested deeper",
      [[[1], [2]]],
      TypeError,
      "x row 0 holds arrays, expected 2 numbers, of an image pixel by pixel",
    ],
    ["a string in a flat array", [1, 2, 3, "4"], TypeError, 'x row 1, column 1 is "4", expected a number'],
    ["a row in a flat array", [1, 2, [3], 4], TypeError, "x row 1, column 0 is an array, expected a number"],
    [
      "NaN in a row",
      [
        [1, 2],
        [Number.NaN, 4],
      ],
      RangeError,
      "x row 1, column 0 is NaN, expected a finite number",
    ],
    ["infinity in a typed row", [f32(1, 2), f32(3, -Infinity)], RangeError, "x row 1, column 1 is -Infinity, expected"],
    ["NaN in a flat array", [1, Number.NaN], RangeError, "x row 0, column 1 is NaN, expected a finite number"],
    [
      "NaN in a Float32Array",
      f32(1, 2, 3, Number.NaN),
      RangeError,
      "x row 1, column 1 is NaN, expected a finite number",
    ],
    ["infinity in a Float64Array", f64(1, Infinity), RangeError, "x row 0, column 1 is Infinity, expected a finite"],
  ])("refuses %s", (_, x, Kind, message) => {
    for (const precision of ["f32", "f64"] as const) {
      const refused = catchError(() => toRows("fit", x, 2, precision));
      expect(refused).toBeInstanceOf(Kind);
      expect(refused.message).toContain(`fit: ${message}`);
    }
  });

  test("refuses in f32, and takes in f64, a number that only f64 holds", () => {
    for (const x of [f64(1, 1e39), [1, 1e39], [[1, 1e39]], [f64(1, 1e39)]]) {
      expect(() => toRows("fit", x, 2, "f32")).toThrow(
        new RangeError("fit: x row 0, column 1 is 1e+39, expected a finite number in the range of f32"),
      );
      expect(toRows("fit", x, 2, "f64").data).toEqual(f64(1, 1e39));
    }
  });

  test("finds a NaN or an infinity at every place of every length from 1 to 33", () => {
    for (const Kind of [Float32Array, Float64Array]) {
      for (let length = 1; length <= 33; length++) {
        for (let bad = 0; bad < length; bad++) {
          const x = new Kind(length).fill(3e38);
          x[bad] = bad % 2 ? Number.NaN : Number.NEGATIVE_INFINITY;
          expect(() => toRows("fit", x, 1, "f64")).toThrow(`row ${bad}, column 0 is ${x[bad]}`);
        }
      }
    }
  });

  test("gives the numbers of any matrix of doubles back, whatever it comes in, and leaves it as it was", () => {
    const matrices = fc
      .integer({ min: 1, max: 5 })
      .chain((width) =>
        fc.array(
          fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: width, maxLength: width }),
          { minLength: 1, maxLength: 9 },
        ),
      );
    fc.assert(
      fc.property(matrices, (matrix) => {
        const width = matrix[0]!.length;
        const expected = { data: f64(...matrix.flat()), rows: matrix.length, width };
        const flat = f64(...matrix.flat());
        for (const x of [matrix, matrix.flat(), flat, matrix.map((row) => f64(...row))]) {
          const before = structuredClone(x);
          expect(toRows("fit", x, width, "f64")).toEqual(expected);
          expect(x).toEqual(before);
        }
      }),
      { seed: 1 },
    );
  });
});

describe("toTargets", () => {
  const losses = ["meanSquaredError", "binaryCrossEntropy", "softmaxCrossEntropy"] as const;

  test.each(losses)("takes as many integers as rows for class labels of several outputs (%s)", (loss) => {
    const labels = { kind: "labels", data: new Int32Array([2, 0, 1, 2]) };
    for (const y of [[2, 0, 1, 2], u8(2, 0, 1, 2), f64(2, 0, 1, 2), new Int32Array([2, 0, 1, 2])]) {
      expect(toTargets("fit", y, 4, 3, loss, "f32")).toEqual(labels);
    }
  });

  test("takes as many numbers as rows for scalar targets of one output", () => {
    for (const y of [[0.5, -3], f32(0.5, -3), [[0.5], [-3]], [f64(0.5), [-3]]]) {
      expect(toTargets("fit", y, 2, 1, "meanSquaredError", "f64")).toEqual({ kind: "values", data: f64(0.5, -3) });
      expect(toTargets("fit", y, 2, 1, "meanSquaredError", "f32")).toEqual({ kind: "values", data: f32(0.5, -3) });
    }
  });

  test.each(losses)("takes rows × outputs numbers for values, bytes too (%s)", (loss) => {
    for (const y of [
      [
        [1, 0],
        [0, 1],
      ],
      [1, 0, 0, 1],
      u8(1, 0, 0, 1),
      f32(1, 0, 0, 1),
      [u8(1, 0), [0, 1]],
    ]) {
      expect(toTargets("fit", y, 2, 2, loss, "f32")).toEqual({ kind: "values", data: f32(1, 0, 0, 1) });
      expect(toTargets("fit", y, 2, 2, loss, "f64")).toEqual({ kind: "values", data: f64(1, 0, 0, 1) });
    }
  });

  test("reads a flat y as long as the rows as labels even where it could be the values of fewer rows", () => {
    expect(toTargets("fit", [1, 0], 2, 2, "binaryCrossEntropy", "f32").kind).toBe("labels");
    expect(toTargets("fit", [1, 0], 1, 2, "binaryCrossEntropy", "f32").kind).toBe("values");
  });

  test.each<[string, unknown, ErrorConstructor, string]>([
    ["one label", 1, TypeError, "y is 1, expected an array"],
    ["a label above the last", [0, 1, 3], RangeError, "y row 2 is 3, expected a class label, an integer from 0 to 2"],
    ["a negative label", [0, -1, 1], RangeError, "y row 1 is -1, expected a class label"],
    ["a label between two", f32(0, 1.5, 1), RangeError, "y row 1 is 1.5, expected a class label"],
    ["a label that is NaN", [0, Number.NaN, 1], RangeError, "y row 1 is NaN, expected a class label"],
    ["a label that is a string", ["0", 1, 2], TypeError, 'y row 0 is "0", expected a class label'],
    ["a label that is a boolean", [0, 1, true], TypeError, "y row 2 is true, expected a class label"],
    ["big integers", BigInt64Array.from([0n, 1n, 2n]), TypeError, "y is a BigInt64Array, expected an array"],
    ["too few labels", [0, 1], RangeError, "y has 2 numbers and x has 3 rows, expected 3 class labels or 3 × 3 values"],
    ["too many values", u8(...Array(12).fill(0)), RangeError, "y has 12 numbers and x has 3 rows, expected 3 class"],
    ["too few rows", [[1, 0, 0]], RangeError, "y has 1 rows and x has 3 rows, expected 3 class labels or 3 × 3"],
    ["no labels", [], RangeError, "y has 0 numbers and x has 3 rows"],
    ["labels nested in rows", [[0], [1], [2]], RangeError, "y row 0 has 1 numbers, expected 3"],
    [
      "a ragged row",
      [
        [1, 0, 0],
        [1, 0],
        [1, 0, 0],
      ],
      RangeError,
      "y row 1 has 2 numbers, expected 3",
    ],
    [
      "NaN",
      [
        [1, 0, 0],
        [0, 0, Number.NaN],
        [1, 0, 0],
      ],
      RangeError,
      "y row 1, column 2 is NaN, expected a finite number",
    ],
    [
      "a boolean",
      [
        [1, 0, 0],
        [0, 1, 0],
        [1, false, 0],
      ],
      TypeError,
      "y row 2, column 1 is false, expected a number",
    ],
  ])("refuses %s", (_, y, Kind, message) => {
    for (const loss of losses) {
      const refused = catchError(() => toTargets("fit", y, 3, 3, loss, "f32"));
      expect(refused).toBeInstanceOf(Kind);
      expect(refused.message).toContain(`fit: ${message}`);
    }
  });

  test("speaks of labels where there are several outputs, not where there is one", () => {
    expect(() => toTargets("fit", [1, 2, 3], 2, 1, "meanSquaredError", "f32")).toThrow(
      new RangeError("fit: y has 3 numbers and x has 2 rows, expected 2 × 1 values"),
    );
    expect(() => toTargets("fit", [1, 2, 3], 2, 2, "meanSquaredError", "f32")).toThrow(
      new RangeError("fit: y has 3 numbers and x has 2 rows, expected 2 class labels or 2 × 2 values"),
    );
  });

  test("keeps values of binaryCrossEntropy from 0 to 1", () => {
    expect(toTargets("fit", [0, 1, 0.25], 3, 1, "binaryCrossEntropy", "f64").data).toEqual(f64(0, 1, 0.25));
    for (const value of [-0.001, 1.1]) {
      for (const y of [
        [
          [0, 1],
          [1, value],
        ],
        f64(0, 1, 1, value),
      ]) {
        expect(() => toTargets("fit", y, 2, 2, "binaryCrossEntropy", "f32")).toThrow(
          new RangeError(`fit: y row 1, column 1 is ${value}, expected a value from 0 to 1`),
        );
      }
    }
  });

  test("keeps rows of softmaxCrossEntropy probabilities that sum to 1 within 1e-3", () => {
    const third = f32(1 / 3, 1 / 3, 1 / 3);
    expect(toTargets("fit", third, 1, 3, "softmaxCrossEntropy", "f32").data).toEqual(third);
    for (const last of [0.5009, 0.4991]) {
      expect(() =>
        toTargets(
          "fit",
          [
            [1, 0],
            [0.5, last],
          ],
          2,
          2,
          "softmaxCrossEntropy",
          "f64",
        ),
      ).not.toThrow();
    }
    for (const last of [0.5011, 0.4989, 0]) {
      expect(() =>
        toTargets(
          "fit",
          [
            [1, 0],
            [0.5, last],
          ],
          2,
          2,
          "softmaxCrossEntropy",
          "f64",
        ),
      ).toThrow(new RangeError(`fit: y row 1 sums to ${0.5 + last}, expected probabilities that sum to 1`));
    }
    expect(() =>
      toTargets(
        "fit",
        [
          [1, 0],
          [1.5, -0.5],
        ],
        2,
        2,
        "softmaxCrossEntropy",
        "f32",
      ),
    ).toThrow(new RangeError("fit: y row 1, column 1 is -0.5, expected a probability, at least 0"));
  });

  test("checks the first value too", () => {
    expect(() => toTargets("fit", [[2, 0]], 1, 2, "binaryCrossEntropy", "f64")).toThrow("y row 0, column 0 is 2");
    expect(() => toTargets("fit", [[-1, 2]], 1, 2, "softmaxCrossEntropy", "f64")).toThrow("y row 0, column 0 is -1");
  });

  test("leaves values of meanSquaredError free", () => {
    expect(toTargets("fit", [[-7, 9]], 1, 2, "meanSquaredError", "f32").data).toEqual(f32(-7, 9));
  });
});

function catchError(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
