import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import * as reference from "../reference/adam.ts";
import { f64, type Numbers, normal, PRECISIONS, type Precision, uniform } from "../reference/precision.ts";
import { Arena, type CursorFields, expectClose } from "./harness.ts";

const SETTINGS: reference.Settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

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

/** One update of whole vectors in the arena: `state` takes over what it leaves. Returns the health. */
function update(arena: Arena, state: reference.State, g: Numbers, settings: reference.Settings, health = 0): number {
  const { learningRate, beta1, beta2, epsilon } = settings;
  arena.clear();
  const count = g.length;
  const [w, m, v] = [state.w, state.m, state.v].map((values) => arena.inOut(values, 1, count));
  const dw = arena.input(g, 1, count);
  const rate = arena.data(Float64Array.of(learningRate));
  // The update is the next one: `tick` has counted it.
  const clock = arena.data(Float64Array.of(state.t + 1, 0, 0, 0, 0, 0, 0, 0));
  const cursor = arena.cursor({ ...CURSOR, health });
  const moments = [beta1, beta2, epsilon].map((value) => new Double(value));
  arena.run(1, [Op.Adam, w!, dw, w!.bytes, rate, clock, cursor, m!, v!, 0, ...moments]);
  for (const [values, matrix] of [
    [state.w, w],
    [state.m, m],
    [state.v, v],
  ] as const) {
    values.set(arena.padded(matrix!));
  }
  state.t += 1;
  const fields = arena.cursorFields(cursor);
  expect({ ...fields, health: 0 }).toEqual(CURSOR);
  return fields.health;
}

/** Parameters and moments as they occur, of `count` numbers, after t updates. */
function begun(precision: Precision, count: number, t: number): reference.State {
  const moments = t === 0 ? { m: precision.array(count), v: precision.array(count) } : undefined;
  const { m, v } = moments ?? { m: normal(precision, count, 2, 0.1), v: uniform(precision, count, 3) };
  return { w: normal(precision, count, 1), m, v, t };
}

const copyOf = ({ w, m, v, t }: reference.State): reference.State => ({ w: w.slice(), m: m.slice(), v: v.slice(), t });

describe.each(PRECISIONS)("adam in $name", async (precision) => {
  const { lanes, largest } = precision;
  const arena = await Arena.create(precision);
  const most = 33 * lanes;
  const gradients = normal(precision, most, 4);

  // Rates, β and ε that are no numbers of f32: each is rounded once. β = 0 keeps no moment; t = 2³¹ and more are cut to 2³¹ − 1.
  test.each([
    [0, SETTINGS],
    [1, SETTINGS],
    [2, { ...SETTINGS, beta1: 0.8, epsilon: 0.1 }],
    [6, { ...SETTINGS, beta2: 0.99 }],
    [7, { learningRate: 1e10, beta1: 0.3, beta2: 0.7, epsilon: 1e-3 }],
    [998, SETTINGS],
    [1e5 + 1, { ...SETTINGS, beta1: 1 - 1e-7, beta2: 1 - 1e-10 }],
    [0, { ...SETTINGS, beta1: 0, beta2: 0 }],
    [5, { ...SETTINGS, beta1: 0, beta2: 0 }],
    [2 ** 31 - 2, { ...SETTINGS, beta1: 1 - 1e-7, beta2: 1 - 1e-10 }],
  ])(
    "after %d updates takes the steps of the plain reference, bit for bit, over 1 to 33 vectors: %j",
    (t, settings) => {
      for (let count = lanes; count <= most; count += lanes) {
        const state = begun(precision, count, t);
        const expected = copyOf(state);
        const g = precision.array(gradients.subarray(0, count));
        for (let step = 0; step < 3; step++) {
          // The integer t stops at 2³¹ − 1, the count does not.
          const counted = expected.t + 1;
          expected.t = Math.min(expected.t, 2 ** 31 - 2);
          reference.update(precision, expected, g, settings);
          expected.t = counted;
          expect(update(arena, state, g, settings)).toBe(0);
          expect(state).toEqual(expected);
        }
      }
    },
  );

  test("a gradient of 0 leaves parameters with moments of 0 as they are", () => {
    const state = begun(precision, lanes, 0);
    const before = copyOf(state);
    expect(update(arena, state, precision.array(lanes), SETTINGS)).toBe(0);
    expect(state).toEqual({ ...before, t: 1 });
  });

  test.each([
    ["NaN", Number.NaN],
    ["∞", Infinity],
    ["−∞", -Infinity],
  ])(
    "the health is NaN as soon as one parameter, gradient or moment is %s, wherever it is, and the others are updated",
    (_, special) => {
      for (const vectors of [1, 2, 3, 8]) {
        const count = vectors * lanes;
        for (let at = 0; at < count; at++) {
          for (const where of ["w", "g", "m", "v"] as const) {
            const state = begun(precision, count, 4);
            const g = precision.array(gradients.subarray(0, count));
            (where === "g" ? g : state[where])[at] = special;
            const expected = copyOf(state);
            reference.update(precision, expected, g, SETTINGS);
            expect(update(arena, state, g, SETTINGS)).toBeNaN();
            expect(state).toEqual(expected);
          }
        }
      }
    },
  );

  test("the health is NaN when a finite parameter and a finite step overflow, and 0 when they just do not", () => {
    const settings = { ...SETTINGS, learningRate: largest, beta1: 0, beta2: 0 };
    for (let at = 0; at < lanes; at++) {
      const [state, g] = [begun(precision, lanes, 9), precision.array(lanes)];
      state.w.fill(0);
      state.w[at] = largest;
      // The step is largest·(±1 / (1 + 1e-8)), in f32 largest itself.
      g[at] = 1;
      expect(update(arena, copyOf(state), g, settings)).toBe(0);
      g[at] = -1;
      expect(update(arena, copyOf(state), g, settings)).toBeNaN();
    }
  });

  // A second moment of ∞ would make every step after it 0.
  test("the health is NaN when the square of a finite gradient overflows, or its moment corrected by 1 / c", () => {
    for (let at = 0; at < 2 * lanes; at++) {
      const g = precision.array(2 * lanes);
      g[at] = Math.sqrt(largest) * 1.01;
      expect(update(arena, begun(precision, 2 * lanes, 9), g, { ...SETTINGS, beta2: 0 })).toBeNaN();
      g[at] = Math.sqrt(largest) / 1.01;
      expect(update(arena, begun(precision, 2 * lanes, 9), g, { ...SETTINGS, beta2: 0 })).toBe(0);
      const state = begun(precision, 2 * lanes, 0);
      state.v[at] = largest / 2;
      // 1 / (1 − 0.999) ≈ 1,000
      expect(update(arena, state, precision.array(2 * lanes), SETTINGS)).toBeNaN();
    }
  });

  test("two infinities of opposite signs do not cancel in the health", () => {
    const state = begun(precision, 4 * lanes, 4);
    state.w[0] = Infinity;
    state.w[lanes] = -Infinity;
    expect(update(arena, state, precision.array(4 * lanes), SETTINGS)).toBeNaN();
  });

  test("a health of NaN stays NaN", () => {
    expect(update(arena, begun(precision, most, 4), gradients, SETTINGS, Number.NaN)).toBeNaN();
  });
});

test("in f64 the steps along one recorded stream of gradients are those of Kingma & Ba's formula over 1,000 updates", async () => {
  const arena = await Arena.create(f64);
  const count = 6;
  const stream = normal(f64, 1000 * count, 5);
  // Gradients of very different sizes, with means of their own, so that steps add up to more than noise.
  const gradients = stream.map((value, i) => 10 ** ((i % count) - 3) * (value + (i % count) - 2));
  const state = begun(f64, count, 0);
  const expected = copyOf(state);
  const start = state.w.slice();
  for (let step = 0; step < 1000; step++) {
    const g = gradients.slice(step * count, (step + 1) * count);
    update(arena, state, g, SETTINGS);
    reference.formula(expected, g, SETTINGS);
    // A parameter near 1 that changes by 0.001 a step errs by ε/2 a step for its own rounding and a thousandth of a few ε for the
    // step's: 1,000·ε ≈ 2e-13 at most.
    for (const [i, w] of state.w.entries()) expectClose(w, expected.w[i]!, 1e-12, `update ${step + 1}: parameter ${i}`);
  }
  // They went somewhere: up to 1,000 · 0.001.
  expect(Math.max(...state.w.map((w, i) => Math.abs(w - start[i]!)))).toBeGreaterThan(0.5);
});
