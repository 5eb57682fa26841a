import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { f32, f64, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

const ROWS = 9;
const WIDTHS = Array.from({ length: 33 }, (_, i) => i + 1);
/** Row numbers with repetitions and both ends; the step begins at POSITION. */
const ORDER = Uint32Array.of(4, 4, 2, 0, 7, 7, 1, 8, 3, 2, 0, 5, 6, 6);
const POSITION = 3;

/** Every byte occurs; the other numbers have digits that f32 must round. */
const SOURCES = [
  { name: "u8", op: Op.GatherBytes, rows: Uint8Array.from({ length: ROWS * 33 }, (_, i) => (i * 89 + 255) % 256) },
  { name: "f32", op: Op.GatherFloats, rows: normal(f32, ROWS * 33, 1, 100) },
  { name: "f64", op: Op.GatherDoubles, rows: normal(f64, ROWS * 33, 2, 100) },
];

describe.each(PRECISIONS)("to $name", async (precision) => {
  const { round } = precision;
  const arena = await Arena.create(precision);

  /** Without an order the rows are taken as they stand. */
  function cursorOf(ordered: boolean) {
    if (!ordered) return { cursor: 0, row: (i: number) => i };
    const order = arena.data(ORDER).address;
    const cursor = arena.cursor({ order, length: ORDER.length, position: POSITION, batchSize: ROWS });
    return { cursor, row: (i: number) => ORDER[POSITION + i]! };
  }

  describe.each(SOURCES)("gather from $name", ({ op, rows: source }) => {
    test.each([
      [1, 0, false],
      [1, 0, true],
      [1 / 255, 0, true],
      [0.1, -0.7, false],
      [-3, 1e3, true],
    ])("scales by %d and adds %d, rounding twice (by an order: %s)", (scale, offset, ordered) => {
      for (const width of WIDTHS) {
        for (let rows = 1; rows <= ROWS; rows++) {
          arena.clear();
          const from = arena.data(source.subarray(0, ROWS * width));
          const out = arena.output(rows, width);
          const { cursor, row } = cursorOf(ordered);
          arena.run(rows, [op, out, from, cursor, width, out.rowBytes, new Double(scale), new Double(offset)]);
          const expected = Array.from({ length: rows * width }, (_, i) => {
            const value = source[row(Math.floor(i / width)) * width + (i % width)]!;
            return round(round(offset) + round(round(value) * round(scale)));
          });
          arena.expectExactly(out, expected, undefined, `${rows} × ${width}`);
        }
      }
    });

    // A vector of f32 takes 32 bytes of f64: 24 past a row of one number. Otherwise 15 are enough.
    const excess = op === Op.GatherDoubles && precision === f32 ? 24 : 15;
    test(`reads at most ${excess} bytes past the last row`, () => {
      for (const width of WIDTHS) {
        arena.clear();
        const from = arena.lastData(source.subarray(0, 3 * width), excess);
        const out = arena.output(3, width);
        arena.run(3, [op, out, from, 0, width, out.rowBytes, new Double(1), new Double(0)]);
        arena.expectExactly(out, Array.from(source.subarray(0, 3 * width), round), undefined, `width ${width}`);
      }
    });
  });

  test("gather keeps NaN, infinities and subnormal numbers", () => {
    const { smallest, largest } = precision;
    const numbers = [Number.NaN, Infinity, -Infinity, smallest, -smallest, largest, -largest];
    arena.clear();
    const out = arena.output(1, numbers.length);
    const op = precision === f32 ? Op.GatherFloats : Op.GatherDoubles;
    const from = arena.data(precision.array(numbers));
    arena.run(1, [op, out, from, 0, numbers.length, out.rowBytes, new Double(1), new Double(0)]);
    expect(arena.values(out)).toEqual(numbers);
  });

  test.each([
    [1, 0, false],
    [1, 0, true],
    [0.9, 0.025, true],
  ])("gatherLabels writes %d at the label and %d elsewhere, 0 in the padding (by an order: %s)", (on, off, ordered) => {
    for (const outputs of WIDTHS) {
      const labels = Int32Array.from({ length: ROWS }, (_, i) => (i * 5 + outputs - 1) % outputs);
      for (let rows = 1; rows <= ROWS; rows++) {
        arena.clear();
        const from = arena.data(labels);
        const out = arena.output(rows, outputs);
        const { cursor, row } = cursorOf(ordered);
        arena.run(rows, [Op.GatherLabels, out, from, cursor, outputs, out.rowBytes, new Double(off), new Double(on)]);
        const expected = Array.from({ length: rows * outputs }, (_, i) =>
          round(labels[row(Math.floor(i / outputs))] === i % outputs ? on : off),
        );
        arena.expectExactly(out, expected, 0, `${rows} × ${outputs}`);
      }
    }
  });
});
