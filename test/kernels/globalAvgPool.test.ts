import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import * as reference from "../reference/globalAvgPool.ts";
import { f64, type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { expectDerivative } from "./differences.ts";
import { Arena, type Rows } from "./harness.ts";

interface Sizes {
  readonly rows: number;
  readonly positions: number;
  readonly channels: number;
}

function forward(arena: Arena, x: Numbers, { rows, positions, channels }: Sizes, vectors = 0): Rows {
  arena.clear();
  const X = arena.input(x, rows * positions, channels, { value: 1e30, vectors });
  const a = arena.output(rows, channels, { vectors });
  arena.run(rows, [Op.GlobalAvgPoolForward, a, X, positions, X.rowBytes]);
  return a;
}

function backward(arena: Arena, da: Numbers, { rows, positions, channels }: Sizes, vectors = 0): Rows {
  arena.clear();
  const DA = arena.input(da, rows, channels, { value: 0, vectors });
  const dx = arena.output(rows * positions, channels, { vectors });
  arena.run(rows, [Op.GlobalAvgPoolBackward, dx, DA, positions, DA.rowBytes]);
  return dx;
}

describe.each(PRECISIONS)("global average pooling in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const { array } = precision;

  // Four positions of two channels: (1 + 2 + 3 + 8) / 4 = 3.5 and (10 + 20 + 30 + 0) / 4 = 15; da (6, 2) gives 1.5 and 0.5 everywhere.
  test("matches a worked example", () => {
    const sizes = { rows: 1, positions: 4, channels: 2 };
    expect(arena.values(forward(arena, array([1, 10, 2, 20, 3, 30, 8, 0]), sizes))).toEqual([3.5, 15]);
    expect(arena.values(backward(arena, array([6, 2]), sizes))).toEqual([1.5, 0.5, 1.5, 0.5, 1.5, 0.5, 1.5, 0.5]);
  });

  test.each([0, 2])("is the plain reference bit for bit for 1 to 33 channels (%d vectors more)", (vectors) => {
    for (let channels = 1; channels <= 33; channels++) {
      for (const positions of [1, 2, 3, 7, 49]) {
        for (const rows of [1, 3]) {
          const sizes = { rows, positions, channels };
          const x = normal(precision, rows * positions * channels, channels);
          const da = normal(precision, rows * channels, channels + 100);
          const what = JSON.stringify(sizes);
          const a = forward(arena, x, sizes, vectors);
          arena.expectExactly(a, reference.forward(precision, x, sizes), undefined, what);
          const dx = backward(arena, da, sizes, vectors);
          arena.expectExactly(dx, reference.backward(precision, da, sizes), 0, what);
        }
      }
    }
  });

  test("NaN and ∞ anywhere show in their sample and channel alone", () => {
    const sizes = { rows: 2, positions: 3, channels: 5 };
    for (const value of [Number.NaN, Infinity]) {
      for (let at = 0; at < 30; at++) {
        const x = array(30);
        x[at] = value;
        const wanted = array(10);
        wanted[Math.floor(at / 15) * 5 + (at % 5)] = value;
        arena.expectExactly(forward(arena, x, sizes), wanted, undefined, `number ${at}`);
      }
    }
  });
});

test("in f64 the derivative is that of central differences", async () => {
  const arena = await Arena.create(f64);
  const sizes = { rows: 2, positions: 6, channels: 3 };
  const c = normal(f64, 6, 8);
  const summed = (p: { x: Numbers }) =>
    arena.values(forward(arena, p.x, sizes)).reduce((sum, value, i) => sum + c[i]! * value, 0);
  expectDerivative(summed, { x: normal(f64, 36, 7) }, { x: arena.values(backward(arena, c, sizes)) });
});
