import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import * as reference from "../reference/maxPool2d.ts";
import { f64, type Numbers, normal, PRECISIONS, uniform } from "../reference/precision.ts";
import { type Batch, inputs, outputs, type Window } from "../reference/window.ts";
import { expectDerivative } from "./differences.ts";
import { Arena, type Rows } from "./harness.ts";
import { cases, fields, label, plain } from "./windows.ts";

const positions = ({ height, width }: Window, { rows }: Batch) => rows * height * width;
const outPositions = ({ outHeight, outWidth }: Window, { rows }: Batch) => rows * outHeight * outWidth;

/** A and the places in a cleared arena. The padding of X is finite, and no result. */
function forward(arena: Arena, x: Numbers, w: Window, batch: Batch, vectors = 0) {
  arena.clear();
  const X = arena.input(x, positions(w, batch), batch.channels, { value: 1e30, vectors });
  const a = arena.output(outPositions(w, batch), batch.channels, { vectors });
  const index = arena.output(outPositions(w, batch), batch.channels, { vectors });
  arena.run(batch.rows, [Op.MaxPool2dForward, ...fields(w), a, index, X, X.rowBytes]);
  return { a, index };
}

/** D_X behind a forward. */
function backward(arena: Arena, da: Numbers, index: Rows, w: Window, batch: Batch, vectors = 0): Rows {
  const DA = arena.input(da, outPositions(w, batch), batch.channels, { value: 0, vectors });
  const dx = arena.output(positions(w, batch), batch.channels, { vectors });
  arena.run(batch.rows, [Op.MaxPool2dBackward, ...fields(w), dx, DA, index, DA.rowBytes]);
  return dx;
}

/** The integers of a matrix, as wide as its numbers, without the padding. */
function places(arena: Arena, { address, rows, columns, rowBytes }: Rows): number[] {
  const { size } = arena.precision;
  const words = arena.labels({ address, bytes: rows * rowBytes });
  return Array.from({ length: rows * columns }, (_, i) => {
    const at = (Math.floor(i / columns) * rowBytes + (i % columns) * size) / 4;
    if (size === 8 && words[at + 1] !== 0) throw new Error(`Number ${i} is no i64 below 2³²`);
    return words[at]!;
  });
}

describe.each(PRECISIONS)("max pooling in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const { array } = precision;

  // [1 3 2]     2 × 2, stride 1, in channel 0:  [6 6]   places [3 2]     da [1 2]  →  dx [0 0 0]
  // [4 6 5]                                     [7 6]          [2 0]        [3 4]        [0 7 0]
  // [7 0 6]     The last window holds 6 twice.                                           [3 0 0]
  // Channel 1 is all 8: the first of equals wins, place 0, and dx [1 2 0], [3 4 0], [0 0 0].
  test("matches a worked example", () => {
    const w = plain([3, 3], [2, 2], [1, 1]);
    const batch = { rows: 1, channels: 2 };
    const x = array([1, 3, 2, 4, 6, 5, 7, 0, 6].flatMap((value) => [value, 8]));
    const { a, index } = forward(arena, x, w, batch);
    expect(arena.values(a)).toEqual([6, 8, 6, 8, 7, 8, 6, 8]);
    expect(places(arena, index)).toEqual([3, 0, 2, 0, 2, 0, 0, 0]);
    const dx = backward(arena, array([1, 1, 2, 2, 3, 3, 4, 4]), index, w, batch);
    expect(arena.values(dx)).toEqual([0, 1, 0, 2, 0, 0, 0, 3, 7, 4, 0, 0, 3, 0, 0, 0, 0, 0]);
  });

  test.each([0, 2])(
    "is the plain reference bit for bit, ties, zeros of both signs and NaN included (%d vectors more)",
    (vectors) => {
      for (const [i, { window, batch }] of [...cases(300, 1 + vectors)].entries()) {
        // Of few different numbers, so that windows hold equals; every other case with a NaN in 20.
        const draws = uniform(precision, inputs(window, batch), i);
        const x = array(draws.map((u) => (i % 2 === 1 && u < 0.05 ? Number.NaN : -Math.round(6 * u - 4))));
        const da = normal(precision, outputs(window, batch), i + 1);
        const what = label({ window, batch });
        const expected = reference.forward(precision, x, window, batch);
        const { a, index } = forward(arena, x, window, batch, vectors);
        arena.expectExactly(a, expected.a, undefined, what);
        expect(places(arena, index), what).toEqual(Array.from(expected.index));
        const dx = backward(arena, da, index, window, batch, vectors);
        arena.expectExactly(dx, reference.backward(precision, da, expected.index, window, batch), 0, what);
      }
    },
  );

  test("infinities of one sign alone have the first place, and NaN in any place wins over ∞, the first of two", () => {
    const w = plain([2, 2], [2, 2], [1, 1]);
    const channels = 3;
    for (const value of [-Infinity, Infinity]) {
      for (let first = 0; first < 4; first++) {
        const { a, index } = forward(arena, array(new Array(4 * channels).fill(value)), w, { rows: 1, channels });
        expect([arena.values(a), places(arena, index)]).toEqual([new Array(channels).fill(value), [0, 0, 0]]);
        for (let second = first; second < 4; second++) {
          const x = array(new Array(4 * channels).fill(value));
          for (const place of [first, second]) x[place * channels + 1] = Number.NaN;
          const spoilt = forward(arena, x, w, { rows: 1, channels });
          expect(arena.values(spoilt.a)).toEqual([value, Number.NaN, value]);
          expect(places(arena, spoilt.index)).toEqual([0, first, 0]);
        }
      }
    }
  });

  test("NaN and ∞ of D_A go to the winner and nowhere else", () => {
    const w = plain([2, 2], [2, 2], [1, 1]);
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const { index } = forward(arena, array([1, 2, 4, 3]), w, { rows: 1, channels: 1 });
      const dx = backward(arena, array([value]), index, w, { rows: 1, channels: 1 });
      expect(arena.values(dx)).toEqual([0, 0, value, 0]);
    }
  });
});

// Numbers that are further apart than the step of the differences: nobody else wins within it.
test("in f64 the derivative is that of central differences", async () => {
  const arena = await Arena.create(f64);
  const w = plain([5, 4], [3, 2], [2, 1], 1);
  const batch = { rows: 2, channels: 3 };
  const draws = uniform(f64, inputs(w, batch), 7);
  const x = f64.array(Array.from(draws, (u) => draws.filter((other) => other < u).length / 9));
  const c = normal(f64, outputs(w, batch), 8);
  const summed = (p: { x: Numbers }) =>
    arena.values(forward(arena, p.x, w, batch).a).reduce((sum, value, i) => sum + c[i]! * value, 0);
  const { index } = forward(arena, x, w, batch);
  expectDerivative(summed, { x }, { x: arena.values(backward(arena, c, index, w, batch)) });
});
