import { describe, expect, test } from "vitest";
import { Gradient } from "../../assembly/opcodes.ts";
import * as reference from "../reference/dense.ts";
import { type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena, type CursorFields } from "./harness.ts";
import { backward, type Layer } from "./layer.ts";
import { LARGEST, label, long, packing, small, some } from "./sizes.ts";

const CURSOR: CursorFields = {
  step: 3,
  loss: 2,
  samples: 5,
  correct: 7,
  divisor: 4,
  health: 0,
  order: 9,
  length: 11,
  position: 1,
  batchSize: 2,
  stepSize: 4,
  begin: 1,
  weights: 0,
};

describe.each(PRECISIONS)("the descent in $name", async (precision) => {
  const { lanes, largest } = precision;
  const arena = await Arena.create(precision);
  const layer: Layer = {
    x: normal(precision, LARGEST, 1),
    w: normal(precision, LARGEST, 2),
    b: normal(precision, 257, 3),
    dz: normal(precision, LARGEST, 4),
  };
  const gradient = precision.array(LARGEST);
  const biasGradient = precision.array(257);
  const dx = precision.array(LARGEST);

  interface Options {
    readonly rate: number;
    /** Whether D_X is wanted: true unless told. */
    readonly wanted?: boolean;
    readonly wider?: { x?: number; z?: number };
    readonly health?: number;
    readonly what?: string;
  }

  /**
   * Descends. Throws unless W, B and D_X, from the W before, are those of the reference to the bit, and the cursor but for
   * its health as it was. Returns the health.
   */
  function run(
    size: reference.Sizes,
    { rate, wanted = true, wider = {}, health = 0, what = "" }: Options,
    change: Partial<Layer> = {},
  ) {
    const { x, w, b, dz } = { ...layer, ...change };
    const options = { gradient: Gradient.Descend, dx: wanted, rate, wider, cursor: { ...CURSOR, health } };
    const result = backward(arena, { x, w, b, dz }, size, options);
    const { inputs, outputs } = size;
    reference.weightGradient(reference.inOrder, gradient, undefined, x, dz, size);
    reference.biasGradient(reference.inOrder, biasGradient, undefined, dz, size);
    reference.inputGradient(reference.inOrder, dx, dz, w, size);
    const weights = reference.descended(precision, w, gradient, rate, inputs * outputs);
    const biases = reference.descended(precision, b, biasGradient, rate, outputs);
    const finite = [...x.subarray(0, size.rows * inputs), ...dz.subarray(0, size.rows * outputs)].every(
      Number.isFinite,
    );
    // An infinite number times a padding of 0 shows in the padding.
    const padding = finite ? 0 : undefined;
    arena.expectExactly(result.dw, weights, padding, `weights, ${label(size)} ${what}`);
    arena.expectExactly(result.db, biases, padding, `biases, ${label(size)} ${what}`);
    if (wanted)
      arena.expectExactly(result.dx, dx, finite && !wider.x ? 0 : undefined, `inputs, ${label(size)} ${what}`);
    const { health: after, ...others } = result.cursor;
    for (const [name, value] of Object.entries(others)) {
      if (value !== CURSOR[name as keyof CursorFields]) throw new Error(`${name} of the cursor is ${value}`);
    }
    return after;
  }

  test.each([
    ["1…33 in each dimension", small, {}],
    ["sizes around 64, 128 and 256", long, {}],
    ["sizes around those from which D_Z is copied", () => packing(precision), {}],
    ["rows of x a vector wider than needed", some, { x: 1 }],
    ["rows of z, w and b a vector wider than needed", some, { z: 1 }],
    ["all rows two vectors wider than needed", some, { x: 2, z: 2 }],
  ] as const)(
    "subtracts rate × gradient, bit for bit, and D_X is that of the weights before: %s",
    (_, sizes, wider) => {
      for (const size of sizes()) {
        const health = run(size, { rate: 0.1, wider });
        if (health !== 0) throw new Error(`The health is ${health}, ${label(size)}`);
      }
    },
  );

  // 0.1 is not a number of f32: the rate is rounded first, then the product, then the difference.
  test.each([0.1, 1, 1e-3, 1e30])("holds at a rate of %d, for one row and for several", (rate) => {
    for (const rows of [1, 2, 5]) {
      for (let inputs = 1; inputs <= 9; inputs++) {
        for (let vectors = 1; vectors <= 9; vectors++) {
          const size = { rows, inputs, outputs: vectors * lanes };
          // Without D_X nothing has been written to the workspace before.
          for (const wanted of [true, false]) expect(run(size, { rate, wanted })).toBe(0);
        }
      }
    }
  });

  test("a gradient of −0 leaves a parameter of −0, for one row as for several", () => {
    for (const rows of [1, 2, 4]) {
      const size = { rows, inputs: 5, outputs: 2 * lanes + 1 };
      const negative = precision.array(LARGEST).fill(-0);
      const change = { x: precision.array(LARGEST).fill(1), dz: negative, w: negative, b: negative };
      expect(run(size, { rate: 0.5 }, change)).toBe(0);
    }
  });

  // Five inputs and three vectors take each shape of tile; one row, and rows enough that D_Z is copied, take ways of their own.
  const shapes = [1, 2, 350].map((rows) => ({ rows, inputs: 5, outputs: 3 * lanes - 1 }));

  /** The numbers with `value` in place `at`. */
  const placed = (numbers: Numbers, at: number, value: number) => {
    const copy = numbers.slice();
    copy[at] = value;
    return copy;
  };

  describe.each(shapes)("$rows rows, $inputs inputs, $outputs outputs", (size) => {
    const { rows, inputs, outputs } = size;
    const weights = inputs * outputs;
    const { x, w, b, dz } = layer;

    test.each([
      ["NaN", Number.NaN],
      ["∞", Infinity],
      ["−∞", -Infinity],
    ])("the health is NaN as soon as one number is %s, wherever it is, and the others are updated", (_, special) => {
      const descend = (change: Partial<Layer>, what: string) =>
        expect(run(size, { rate: 0.5, what }, change), what).toBeNaN();
      for (let at = 0; at < weights; at++) descend({ w: placed(w, at, special) }, `weight ${at}`);
      for (let at = 0; at < outputs; at++) descend({ b: placed(b, at, special) }, `bias ${at}`);
      const step = rows > 2 ? 41 : 1;
      for (let at = 0; at < rows * inputs; at += step) descend({ x: placed(x, at, special) }, `input ${at}`);
      for (let at = 0; at < rows * outputs; at += step)
        descend({ dz: placed(dz, at, special) }, `element ${at} of D_Z`);
    });

    test("the health is NaN when a finite parameter and a finite gradient overflow, and 0 when they just do not", () => {
      const zeros = () => precision.array(LARGEST);
      for (let at = 0; at < weights; at++) {
        // The gradient of this weight and of its bias is g, of all others 0.
        const change = (g: number, value: number) => ({
          x: placed(zeros(), Math.floor(at / outputs), 1),
          dz: placed(zeros(), at % outputs, g),
          w: placed(zeros(), at, value),
          b: zeros(),
        });
        const what = `weight ${at}`;
        expect(run(size, { rate: 1, what }, change(-largest, largest)), what).toBeNaN();
        expect(run(size, { rate: 1, what }, change(-1, largest)), what).toBe(0);
        expect(run(size, { rate: 1, what }, change(largest, 0)), what).toBe(0);
      }
      for (let at = 0; at < outputs; at++) {
        const change = { x: zeros(), w: zeros(), dz: placed(zeros(), at, -largest), b: placed(zeros(), at, largest) };
        expect(run(size, { rate: 1, what: `bias ${at}` }, change), `bias ${at}`).toBeNaN();
      }
    });

    test("two infinities of opposite signs do not cancel in the health, wherever they are", () => {
      for (let at = 0; at < weights; at++) {
        const there = { w: placed(placed(w, at, Infinity), (7 * at + 3) % weights, -Infinity) };
        expect(run(size, { rate: 0.5 }, there)).toBeNaN();
      }
      const biases = { b: placed(placed(b, 0, Infinity), outputs - 1, -Infinity) };
      expect(run(size, { rate: 0.5 }, biases)).toBeNaN();
    });

    test("a health of NaN stays NaN", () => {
      expect(run(size, { rate: 0.1, health: Number.NaN })).toBeNaN();
    });
  });
});
