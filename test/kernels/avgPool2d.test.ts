import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import * as reference from "../reference/avgPool2d.ts";
import { f64, type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { type Batch, inputs, outputs, type Window } from "../reference/window.ts";
import { expectDerivative } from "./differences.ts";
import { Arena, type Rows } from "./harness.ts";
import { cases, fields, label, plain } from "./windows.ts";

/** The last fields of the records. Where padding does not count, what lies behind the image must have no say. */
const counting = (padded?: reference.After) => (padded ? [1, padded.bottom, padded.right] : [0, 1000, 1000]);

/** A in a cleared arena. */
function forward(arena: Arena, x: Numbers, w: Window, { rows, channels }: Batch, padded?: reference.After): Rows {
  arena.clear();
  const X = arena.input(x, rows * w.height * w.width, channels, { value: 1e30 });
  const a = arena.output(rows * w.outHeight * w.outWidth, channels);
  arena.run(rows, [Op.AvgPool2dForward, ...fields(w), a, X, X.rowBytes, ...counting(padded)]);
  return a;
}

/** D_X in a cleared arena. */
function backward(arena: Arena, da: Numbers, w: Window, { rows, channels }: Batch, padded?: reference.After): Rows {
  arena.clear();
  const DA = arena.input(da, rows * w.outHeight * w.outWidth, channels, { value: 0 });
  const dx = arena.output(rows * w.height * w.width, channels);
  arena.run(rows, [Op.AvgPool2dBackward, ...fields(w), dx, DA, DA.rowBytes, ...counting(padded)]);
  return dx;
}

describe.each(PRECISIONS)("average pooling in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const { array } = precision;

  // 3 numbers in a row, windows 1 × 3 of stride 2 that begin one before the image: (1, 2) and (2, 6) are inside.
  // Counted inside the image: 3/2 and 8/2; with the padding of one on both sides: 3/3 and 8/3.
  // Of da (6, 12): 3, 3 + 6, 6; and 2, 2 + 4, 4.
  // A padding of 0 on the right leaves the second window two positions, as many as inside: 8/2.
  test("matches a worked example", () => {
    const w = { ...plain([1, 3], [1, 3], [1, 2], 0), outWidth: 2, left: 1 };
    const batch = { rows: 1, channels: 1 };
    const results = (padded?: reference.After) => [
      arena.values(forward(arena, array([1, 2, 6]), w, batch, padded)),
      arena.values(backward(arena, array([6, 12]), w, batch, padded)),
    ];
    const third = precision.round(8 / 3);
    expect(results()).toEqual([
      [1.5, 4],
      [3, 9, 6],
    ]);
    expect(results({ bottom: 0, right: 1 })).toEqual([
      [1, third],
      [2, 6, 4],
    ]);
    expect(results({ bottom: 0, right: 0 })).toEqual([
      [1, 4],
      [2, 8, 6],
    ]);
  });

  test.each(["the image", "the padded image"])("is the plain reference bit for bit, counting inside %s", (inside) => {
    for (const [i, { window, batch, ...after }] of [...cases(300, 3)].entries()) {
      const padded = inside === "the image" ? undefined : after;
      const x = normal(precision, inputs(window, batch), i);
      const da = normal(precision, outputs(window, batch), i + 1);
      const what = `${label({ window, batch })}, ${JSON.stringify(padded)}`;
      const a = forward(arena, x, window, batch, padded);
      arena.expectExactly(a, reference.forward(precision, x, window, batch, padded), undefined, what);
      const dx = backward(arena, da, window, batch, padded);
      arena.expectExactly(dx, reference.backward(precision, da, window, batch, padded), 0, what);
    }
  });

  test("NaN makes NaN of the windows that see it, in its channel, and NaN of D_A of the positions that it sees", () => {
    const w = plain([4, 3], [2, 2], [1, 1]);
    const batch = { rows: 2, channels: 3 };
    for (let at = 0; at < inputs(w, batch); at += 5) {
      const x = array(inputs(w, batch));
      x[at] = Number.NaN;
      arena.expectExactly(forward(arena, x, w, batch), reference.forward(precision, x, w, batch), undefined, `x ${at}`);
    }
    for (let at = 0; at < outputs(w, batch); at += 5) {
      const da = array(outputs(w, batch));
      da[at] = Number.NaN;
      arena.expectExactly(backward(arena, da, w, batch), reference.backward(precision, da, w, batch), 0, `da ${at}`);
    }
  });
});

test.each([undefined, { bottom: 1, right: 1 }])(
  "in f64 the derivative is that of central differences, with padding of %j counted",
  async (padded) => {
    const arena = await Arena.create(f64);
    const w = plain([5, 4], [3, 2], [2, 1], 1);
    const batch = { rows: 2, channels: 3 };
    const c = normal(f64, outputs(w, batch), 8);
    const summed = (p: { x: Numbers }) =>
      arena.values(forward(arena, p.x, w, batch, padded)).reduce((sum, value, i) => sum + c[i]! * value, 0);
    const x = normal(f64, inputs(w, batch), 7);
    expectDerivative(summed, { x }, { x: arena.values(backward(arena, c, w, batch, padded)) });
  },
);
