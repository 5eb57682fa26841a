import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkNames, labelsOf, type Name, namesOf, oneHot } from "../src/labels.ts";

describe("namesOf", () => {
  test.each<[string, unknown, Name[]]>([
    ["strings by code unit", ["b", "a", "é", "Z", "b", "", "10", "9"], ["", "10", "9", "Z", "a", "b", "é"]],
    // U+1F600 is D83D DE00 in UTF-16, below U+FB01, though its code point is above.
    ["strings beyond 16 bits by their halves", ["\ufb01", "\u{1f600}"], ["\u{1f600}", "\ufb01"]],
    ["numbers by value", [10, 9, -0.5, 10, 0, -0], [-0.5, 0, 9, 10]],
    ["typed arrays", new Int8Array([3, -1, 3]), [-1, 3]],
    ["booleans", [true, true, false], [false, true]],
    ["one name", ["only"], ["only"]],
  ])("gives the distinct names of y in order: %s", (_, y, names) => {
    expect(namesOf("fit", y)).toEqual(names);
  });

  test.each<[unknown, ErrorConstructor, string]>([
    ["cat", TypeError, 'fit: y is "cat", expected an array of strings, booleans or numbers'],
    [[], RangeError, "fit: y is empty, expected at least one name"],
    [["a", 1], TypeError, "fit: y row 1 is 1, expected a string as in row 0"],
    [[0, true], TypeError, "fit: y row 1 is true, expected a number as in row 0"],
    [["a", null], TypeError, "fit: y row 1 is null, expected a string, a boolean or a finite number"],
    [[["a"]], TypeError, "fit: y row 0 is an array, expected a string"],
    [[0, Number.NaN], RangeError, "fit: y row 1 is NaN, expected a string, a boolean or a finite number"],
    [new Float32Array([Infinity]), RangeError, "fit: y row 0 is Infinity"],
    [[1n], TypeError, "fit: y row 0 is 1n"],
  ])("refuses %o", (y, Kind, message) => {
    expect(() => namesOf("fit", y)).toThrow(Kind);
    expect(() => namesOf("fit", y)).toThrow(message);
  });
});

describe("labelsOf", () => {
  test("counts names from 0", () => {
    expect(labelsOf("fit", ["dog", "cat", "dog", "eel"], ["cat", "dog", "eel"])).toEqual(new Int32Array([1, 0, 1, 2]));
    expect(labelsOf("fit", [true, false], [false, true])).toEqual(new Int32Array([1, 0]));
    expect(labelsOf("fit", new Float64Array([7, -0, 0]), [0, 7])).toEqual(new Int32Array([1, 0, 0]));
  });

  test("gives every name of any y back", () => {
    const ys = fc.oneof(
      fc.array(fc.string({ unit: "binary", maxLength: 3 }), { minLength: 1 }),
      fc.array(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v + 0),
        { minLength: 1 },
      ),
      fc.array(fc.boolean(), { minLength: 1 }),
    );
    fc.assert(
      fc.property(ys, (y: Name[]) => {
        const names = checkNames("load", JSON.parse(JSON.stringify(namesOf("fit", y))));
        expect(Array.from(labelsOf("fit", y, names), (label) => names[label])).toEqual(y);
      }),
      { seed: 1 },
    );
  });

  test.each<[unknown, Name[], ErrorConstructor, string]>([
    [["cat", "lion"], ["cat", "dog"], RangeError, 'evaluate: y row 1 is "lion", expected one of "cat", "dog"'],
    [["g"], [..."abcde"], RangeError, 'evaluate: y row 0 is "g", expected one of "a", "b", "c", "d", "e"'],
    [["g"], [..."abcdef"], RangeError, 'evaluate: y row 0 is "g", expected one of "a", "b", "c", "d", "e" and 1 more'],
    [["1"], [0, 1], TypeError, 'evaluate: y row 0 is "1", expected one of 0, 1'],
    [[1, Number.NaN], [0, 1], RangeError, "evaluate: y row 1 is NaN, expected one of 0, 1"],
    [[0], [false, true], TypeError, "evaluate: y row 0 is 0, expected one of false, true"],
    ["cat", ["cat"], TypeError, 'evaluate: y is "cat", expected an array of names'],
  ])("refuses %o where the names are %o", (y, names, Kind, message) => {
    expect(() => labelsOf("evaluate", y, names)).toThrow(new Kind(message));
  });
});

test.each<[unknown, ErrorConstructor, string]>([
  [{ 0: "a", length: 1 }, TypeError, "load is an object, expected an array of names"],
  [[], RangeError, "load: y is empty"],
  [["b", "a"], RangeError, 'load: name 0 is "b", expected distinct names in order'],
  [[1, 2, 2], RangeError, "load: name 2 is 2, expected distinct names in order"],
  [["a", null], TypeError, "load: y row 1 is null"],
])("checkNames refuses %o", (value, Kind, message) => {
  expect(() => checkNames("load", value)).toThrow(Kind);
  expect(() => checkNames("load", value)).toThrow(message);
});

describe("oneHot", () => {
  test("sets one number of each row", () => {
    expect(oneHot([1, 0, 2], 3)).toEqual(new Float32Array([0, 1, 0, 1, 0, 0, 0, 0, 1]));
    expect(oneHot(new Int32Array([0, 0]), 1)).toEqual(new Float32Array([1, 1]));
    expect(oneHot([], 3)).toEqual(new Float32Array(0));
  });

  test.each<[unknown, unknown, ErrorConstructor, string]>([
    [[0, 3], 3, RangeError, "oneHot: labels row 1 is 3, expected a class label, an integer from 0 to 2"],
    [[0.5], 3, RangeError, "oneHot: labels row 0 is 0.5, expected a class label, an integer from 0 to 2"],
    [["0"], 3, TypeError, 'oneHot: labels row 0 is "0", expected a class label, an integer from 0 to 2'],
    [0, 3, TypeError, "oneHot: labels is 0, expected an array or a typed array of class labels"],
    [[0], 0, RangeError, "oneHot: classes is 0, expected a positive integer"],
  ])("refuses labels %o of %o classes", (labels, classes, Kind, message) => {
    expect(() => oneHot(labels as number[], classes as number)).toThrow(new Kind(message));
  });
});
