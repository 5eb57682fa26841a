import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { normal, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

const ROWS = 9;
const SIZES = Array.from({ length: 33 }, (_, i) => i + 1);

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const values = normal(precision, ROWS * 33, 1);

  function argmax(numbers: ArrayLike<number>, rows: number, outputs: number): number[] {
    arena.clear();
    const V = arena.input(numbers, rows, outputs);
    const labels = arena.words(rows);
    arena.run(rows, [Op.Argmax, labels, V, outputs, V.rowBytes]);
    return Array.from(arena.labels(labels));
  }

  function threshold(numbers: ArrayLike<number>, rows: number, outputs: number, at: number): number[] {
    arena.clear();
    const V = arena.input(numbers, rows, outputs);
    const labels = arena.words(rows * outputs);
    arena.run(rows, [Op.Threshold, labels, V, outputs, V.rowBytes, new Double(at)]);
    return Array.from(arena.labels(labels));
  }

  test("argmax is the place of the largest number, for every count of outputs and rows", () => {
    for (const outputs of SIZES) {
      for (let rows = 1; rows <= ROWS; rows++) {
        const expected = Array.from({ length: rows }, (_, i) => {
          const row = Array.from(values.subarray(i * outputs, (i + 1) * outputs));
          return row.indexOf(Math.max(...row));
        });
        expect(argmax(values, rows, outputs)).toEqual(expected);
      }
    }
  });

  test("argmax finds the largest in every place", () => {
    for (const outputs of SIZES) {
      for (let at = 0; at < outputs; at++) {
        const row = precision.array(outputs).fill(-1);
        row[at] = -precision.smallest;
        expect(argmax(row, 1, outputs)).toEqual([at]);
      }
    }
  });

  test.each([
    ["the first of a tie", [1, 3, 3, 2, 3], 1],
    ["the first of all equal", [0, 0, 0], 0],
    ["the first of 0 and −0", [-0, 0], 0],
    ["infinity", [1, Infinity, 5], 1],
    ["a number above −∞", [-Infinity, -1, -Infinity], 1],
    ["the first where all are −∞", [-Infinity, -Infinity], 0],
    ["the largest number, whatever NaN is behind it", [1, Number.NaN, 2, Number.NaN], 2],
    ["the first where all are NaN", [Number.NaN, Number.NaN], 0],
    ["NaN in the first place, since nothing is larger", [Number.NaN, 1, 2], 0],
  ])("argmax gives %s", (_, row, expected) => {
    expect(argmax(row, 1, row.length)).toEqual([expected]);
  });

  test.each([0, 0.5, -0.25])(
    "threshold at %d is 1 from there on and 0 below, for every count of outputs and rows",
    (at) => {
      for (const outputs of SIZES) {
        for (let rows = 1; rows <= ROWS; rows++) {
          const numbers = Array.from(values.subarray(0, rows * outputs));
          expect(threshold(numbers, rows, outputs, at)).toEqual(numbers.map((value) => Number(value >= at)));
        }
      }
    },
  );

  test("threshold: the boundary itself is 1, as are 0 and −0 at 0; NaN is 0", () => {
    const { smallest } = precision;
    expect(threshold([0, -0, smallest, -smallest, Number.NaN, Infinity, -Infinity], 1, 7, 0)).toEqual([
      1, 1, 1, 0, 0, 1, 0,
    ]);
    expect(threshold([0.5, 0.5 - precision.epsilon, Number.NaN], 1, 3, 0.5)).toEqual([1, 0, 0]);
  });

  test("countEqual adds the rows of which all labels agree, for every width", () => {
    for (const width of SIZES) {
      for (let rows = 1; rows <= ROWS; rows++) {
        const targets = Int32Array.from({ length: rows * width }, (_, i) => i % 3);
        // Every second row differs, each in another place.
        const labels = targets.map((label, i) => {
          const row = Math.floor(i / width);
          return row % 2 === 1 && i % width === row % width ? label + 1 : label;
        });
        arena.clear();
        const cursor = arena.cursor({ correct: 5, loss: 2, divisor: 3, samples: 9 });
        arena.run(rows, [Op.CountEqual, arena.data(labels), arena.data(targets), width, cursor]);
        const { correct, ...others } = arena.cursorFields(cursor);
        expect(correct).toBe(5 + Math.ceil(rows / 2));
        expect(others).toMatchObject({ loss: 2, divisor: 3, samples: 9, step: 0, position: 0 });
      }
    }
  });
});
