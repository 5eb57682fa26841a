import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import * as reference from "../reference/optimizers.ts";
import { f64, type Numbers, normal, PRECISIONS, uniform } from "../reference/precision.ts";
import { Arena, type Call, type CursorFields } from "./harness.ts";

/** What a slot holds: numbers of both signs, none below 0, or it is not there. */
type Slot = "signed" | "positive" | "absent";

interface Update {
  readonly op: Op;
  readonly slots: readonly Slot[];
  readonly constants: readonly (number | Double)[];
  readonly rule: reference.Rule;
  /** For `nadamTick`. */
  readonly schedule?: readonly [beta1: number, base: number];
  /** What the last slot begins with, if not 0. */
  readonly initial?: number;
  /** For the long run, if not 0.001. */
  readonly rate?: number;
}

const doubles = (...values: number[]) => values.map((value) => new Double(value));

const momentum = (mu: number, nesterov: boolean): Update => ({
  op: Op.Momentum,
  slots: ["signed"],
  constants: [new Double(mu), Number(nesterov)],
  rule: reference.momentum(mu, nesterov),
});

const rmsProp = (rho: number, epsilon: number, centred: boolean, mu: number): Update => ({
  op: Op.RmsProp,
  slots: ["positive", centred ? "signed" : "absent", mu > 0 ? "signed" : "absent"],
  constants: doubles(rho, epsilon, mu),
  rule: reference.rmsProp(rho, epsilon, centred, mu),
});

const adagrad = (epsilon: number, initial: number): Update => ({
  op: Op.Adagrad,
  slots: ["positive"],
  constants: doubles(epsilon),
  rule: reference.adagrad(epsilon),
  initial,
});

const adadelta = (rho: number, epsilon: number): Update => ({
  op: Op.Adadelta,
  slots: ["positive", "positive"],
  constants: doubles(rho, epsilon),
  rule: reference.adadelta(rho, epsilon),
  rate: 1,
});

const amsgrad = (beta1: number, beta2: number, epsilon: number): Update => ({
  op: Op.Adam,
  slots: ["signed", "positive", "positive"],
  constants: doubles(beta1, beta2, epsilon),
  rule: reference.amsgrad(beta1, beta2, epsilon),
});

const nadam = (beta1: number, beta2: number, epsilon: number, base: number): Update => ({
  op: Op.Nadam,
  slots: ["signed", "positive"],
  constants: doubles(beta1, beta2, epsilon, base),
  rule: reference.nadam(beta1, beta2, epsilon, base),
  schedule: [beta1, base],
});

const rprop = (sizes: reference.Sizes, initial: number): Update => ({
  op: Op.Rprop,
  slots: ["signed", "positive"],
  constants: doubles(sizes.increase, sizes.decrease, sizes.smallest, sizes.largest),
  rule: reference.rprop(sizes),
  initial,
});

/** 0.96^0.004, PyTorch's schedule of momenta, to the last digit. */
const BASE = 0.9998367253526753;

const UPDATES: readonly (readonly [string, Update])[] = [
  ["descent", { op: Op.Descend, slots: [], constants: [], rule: reference.descent }],
  ["momentum", momentum(0.9, false)],
  ["momentum of 0", momentum(0, false)],
  ["Nesterov's momentum", momentum(0.9, true)],
  ["Nesterov's momentum of 0.3", momentum(0.3, true)],
  ["RMSprop", rmsProp(0.99, 1e-8, false, 0)],
  ["RMSprop with momentum", rmsProp(0.9, 1e-3, false, 0.9)],
  ["centred RMSprop", rmsProp(0.99, 1e-8, true, 0)],
  ["centred RMSprop with momentum", rmsProp(0.7, 1e-4, true, 0.5)],
  ["AdaGrad", adagrad(1e-10, 0)],
  ["AdaGrad from 0.1", adagrad(1e-3, 0.1)],
  ["ADADELTA", adadelta(0.9, 1e-6)],
  ["ADADELTA of other settings", adadelta(0.6, 1e-2)],
  ["AMSGrad", amsgrad(0.9, 0.999, 1e-8)],
  ["AMSGrad of other settings", amsgrad(0.3, 0.7, 1e-2)],
  ["Nadam", nadam(0.9, 0.999, 1e-8, BASE)],
  ["Nadam with Keras's schedule", nadam(0.8, 0.99, 1e-3, 0.96)],
  ["Rprop", rprop({ increase: 1.2, decrease: 0.5, smallest: 1e-6, largest: 50 }, 0.01)],
  ["Rprop within narrow limits", rprop({ increase: 1.5, decrease: 0.3, smallest: 0.2, largest: 0.7 }, 0.4)],
];

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

/** The integer in powers stops here. */
const LARGEST_T = 2 ** 31 - 1;

/** Numbers of the update, and rates that are no numbers of f32; Rprop reads neither. */
const TIMES = [
  [1, 0.01],
  [2, 1e-3],
  [7, 1e4],
  [1001, 0],
  [LARGEST_T, 0.3],
  [2 ** 40, 0.3],
] as const;

describe.each(PRECISIONS)("in $name", async (precision) => {
  const { lanes, largest } = precision;
  const arena = await Arena.create(precision);
  const most = 33 * lanes;
  const numbers = { signed: normal(precision, 4 * most, 11, 0.3), positive: uniform(precision, 4 * most, 12) };

  /** A state with slots as they occur. */
  function begun({ slots }: Update, count: number, t: number): reference.State {
    const there = slots.filter((slot) => slot !== "absent");
    return {
      w: normal(precision, count, 1),
      slots: there.map((slot, i) => precision.array(numbers[slot].subarray(i * most, i * most + count))),
      t,
      product: 0.4,
    };
  }

  const copyOf = ({ w, slots, t, product }: reference.State): reference.State => ({
    w: w.slice(),
    slots: slots.map((slot) => slot.slice()),
    t,
    product,
  });

  /**
   * One update in the arena. Throws unless it leaves exactly the expected parameters and slots, their padding 0, and of the cursor
   * all but the health. Returns the health.
   */
  function update(u: Update, state: reference.State, g: Numbers, rate: number, expected: reference.State, health = 0) {
    arena.clear();
    const count = g.length;
    const padding = { value: 0 };
    const w = arena.inOut(state.w, 1, count, padding);
    const slots = state.slots.map((slot) => arena.inOut(slot, 1, count, padding));
    const dw = arena.input(g, 1, count, padding);
    const cursor = arena.cursor({ ...CURSOR, health });
    const clock = arena.data(Float64Array.of(state.t, 0, 0, 0, 0, 0, state.product, 0));
    let next = 0;
    const places = u.slots.map((slot) => (slot === "absent" ? 0 : slots[next++]!));
    arena.run(1, [u.op, w, dw, w.bytes, arena.data(Float64Array.of(rate)), clock, cursor, ...places, ...u.constants]);
    arena.expectExactly(w, expected.w, 0, `parameters after ${state.t} updates`);
    for (const [i, slot] of slots.entries()) arena.expectExactly(slot, expected.slots[i]!, 0, `slot ${i}`);
    const { health: after, ...others } = arena.cursorFields(cursor);
    expect({ ...others, health: 0 }).toEqual(CURSOR);
    return after;
  }

  describe.each(UPDATES)("%s", (_, u) => {
    test("takes the plain steps, bit for bit, over 1 to 33 vectors; padding stays 0", () => {
      for (const [t, rate] of TIMES) {
        for (let vectors = 1; vectors <= 33; vectors++) {
          const count = vectors * lanes - (vectors % lanes);
          const state = begun(u, count, t);
          const expected = copyOf({ ...state, t: Math.min(t, LARGEST_T) });
          const g = precision.array(numbers.signed.subarray(3 * most, 3 * most + count));
          u.rule.plain(precision, expected, g, rate);
          expect(update(u, state, g, rate, expected)).toBe(0);
        }
      }
    });

    test("the health is NaN as soon as one number is not finite, wherever it is, and the others are updated", () => {
      for (const vectors of [1, 2, 3]) {
        const count = vectors * lanes;
        const g = precision.array(numbers.signed.subarray(3 * most, 3 * most + count));
        const there = u.slots.filter((slot) => slot !== "absent");
        for (let at = 0; at < count; at++) {
          for (let place = -2; place < there.length; place++) {
            for (const special of [Number.NaN, Infinity, -Infinity]) {
              if (there[place] === "positive" && special === -Infinity) continue;
              const state = begun(u, count, 4);
              const gradient = g.slice();
              const changed = place === -2 ? gradient : place === -1 ? state.w : state.slots[place]!;
              changed[at] = special;
              const expected = copyOf(state);
              u.rule.plain(precision, expected, gradient, 0.01);
              expect(update(u, state, gradient, 0.01, expected), `${special} at ${at} of ${place}`).toBeNaN();
            }
          }
        }
      }
    });

    test("two infinities of opposite signs do not cancel in the health, and a health of NaN stays", () => {
      const state = begun(u, 4 * lanes, 4);
      const expected = copyOf(state);
      const g = precision.array(numbers.signed.subarray(0, 4 * lanes));
      u.rule.plain(precision, expected, g, 0.01);
      expect(update(u, state, g, 0.01, expected, Number.NaN)).toBeNaN();
      state.w[0] = expected.w[0] = Infinity;
      state.w[lanes] = expected.w[lanes] = -Infinity;
      expect(update(u, state, g, 0.01, expected)).toBeNaN();
    });

    test("two runs in one step, each with its rate, are updated as each would be alone", () => {
      const count = 10 * lanes;
      const cut = 3 * lanes;
      const state = begun(u, count, 4);
      const g = precision.array(numbers.signed.subarray(0, count));
      const part = ({ w, slots, ...rest }: reference.State, from: number, to: number) => ({
        ...rest,
        w: w.subarray(from, to) as Numbers,
        slots: slots.map((slot) => slot.subarray(from, to) as Numbers),
      });
      const expected = copyOf({ ...state, t: 5 });
      const [beta1, base] = u.schedule ?? [1, 1];
      expected.product *= beta1 * (1 - 0.5 * ((base * base) ** 2 * base));
      for (const [from, to, rate] of [
        [0, cut, 0.25],
        [cut, count, 0.125],
      ] as const) {
        u.rule.plain(precision, part(expected, from, to), g.subarray(from, to) as Numbers, rate);
      }

      arena.clear();
      const [w, dw] = [arena.inOut(state.w, 1, count), arena.input(g, 1, count)];
      const slots = state.slots.map((slot) => arena.inOut(slot, 1, count));
      const clock = arena.doubles([4, 0, 0, 0, 0, 0, state.product, 0]);
      const cursor = arena.cursor(CURSOR);
      const cells = arena.doubles([1, 0, 0.5, 0]);
      const table = arena.data(Float64Array.of(3, 0, 0.25));
      const run = (first: number, end: number, cell: number): Call => {
        const bytes = first * precision.size;
        let next = 0;
        const places = u.slots.map((slot) => (slot === "absent" ? 0 : slots[next++]!.address + bytes));
        const run = [w.address + bytes, dw.address + bytes, (end - first) * precision.size];
        return [u.op, ...run, cells.address + 16 * cell + 8, clock, cursor, ...places, ...u.constants];
      };
      const ticks: Call[] = [[Op.Tick, clock, cursor, table, cells, 2]];
      if (u.schedule) ticks.push([Op.NadamTick, clock, ...doubles(...u.schedule)]);
      arena.run(1, ...ticks, run(0, cut, 0), run(cut, count, 1));
      arena.expectExactly(w, expected.w, undefined, "parameters");
      for (const [i, slot] of slots.entries()) arena.expectExactly(slot, expected.slots[i]!, undefined, `slot ${i}`);
      expect(arena.doublesOf(clock)[0]).toBe(5);
      expect(arena.cursorFields(cursor)).toEqual(CURSOR);
    });
  });

  // A second moment of ∞ would make every step after it 0.
  test.each(UPDATES.filter(([, { op, slots }]) => op !== Op.Rprop && slots.includes("positive")))(
    "%s: the health is NaN when the square of a finite gradient overflows",
    (_, u) => {
      for (let at = 0; at < 2 * lanes; at++) {
        const state = begun(u, 2 * lanes, 9);
        const g = precision.array(2 * lanes);
        g[at] = largest;
        const expected = copyOf(state);
        u.rule.plain(precision, expected, g, 0.01);
        expect(update(u, state, g, 0.01, expected)).toBeNaN();
      }
    },
  );

  test("Rprop tells the signs of gradients apart whose product vanishes or overflows", () => {
    const [, u] = UPDATES.find(([name]) => name === "Rprop")!;
    for (const size of [precision.smallest, largest]) {
      const g = precision.array(2 * lanes).fill(size);
      const state: reference.State = {
        w: precision.array(g.length),
        slots: [g.slice(), g.slice().fill(0.5)],
        t: 2,
        product: 1,
      };
      state.slots[0]!.fill(-size, lanes);
      const expected = copyOf(state);
      const [up, down] = [precision.round(precision.round(1.2) * 0.5), 0.25];
      expected.slots[1]!.fill(up).fill(down, lanes);
      expected.slots[0]!.fill(0, lanes);
      expected.w.fill(-up).fill(0, lanes);
      expect(update(u, state, g, 0, expected)).toBe(0);
    }
  });
});

describe("in f64 along one recorded stream of gradients", async () => {
  const arena = await Arena.create(f64);
  const count = 6;
  const steps = 10_000;
  const stream = normal(f64, steps * count, 5);
  // Gradients of very different sizes, with means of their own, so that steps add up to more than noise.
  const gradients = stream.map((value, i) => 10 ** ((i % count) - 3) * (value + (i % count) - 2));
  const normOf = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

  test.each(UPDATES)("%s takes the formula's 10,000 steps", (_, u) => {
    const rate = u.rate ?? 1e-3;
    arena.clear();
    const start = normal(f64, count, 1);
    const w = arena.inOut(start, 1, count);
    const dw = arena.input(gradients, 1, count);
    const slots = u.slots.map((slot, i) => {
      const initial = i === u.slots.length - 1 ? (u.initial ?? 0) : 0;
      return slot === "absent" ? undefined : arena.inOut(new Float64Array(count).fill(initial), 1, count);
    });
    const expected: reference.State = {
      w: start.slice() as Numbers,
      slots: slots.flatMap((slot) => (slot ? [arena.padded(slot).slice() as Numbers] : [])),
      t: 0,
      product: 1,
    };
    const clock = arena.doubles([0, 0, 0, 0, 0, 0, 1, 0]);
    const cursor = arena.cursor();
    const cells = arena.doubles([1, 0]);
    const places = [cells.address + 8, clock, cursor, ...slots.map((slot) => slot ?? 0)];
    const calls: Call[] = [[Op.Tick, clock, cursor, arena.data(Float64Array.of(0, 0, rate)), cells, 1]];
    if (u.schedule) calls.push([Op.NadamTick, clock, ...doubles(...u.schedule)]);
    const program = arena.program([...calls, [u.op, w, dw, w.bytes, ...places, ...u.constants]], 1);
    let worst = 0;
    for (let step = 0; step < steps; step++) {
      const g = gradients.subarray(step * count, (step + 1) * count) as Numbers;
      arena.padded(dw).set(g);
      arena.core.run(program, 1);
      expected.t = step + 1;
      u.rule.formula(expected, g, rate);
      const error = arena.padded(w).map((value, i) => value - expected.w[i]!);
      worst = Math.max(worst, normOf(error) / normOf(expected.w));
    }
    // Half an ε·|w| a step for the rounding of w and a few ε of the step: 10,000·ε ≈ 2e-12 if all went one way, a hundredth of
    // it as they fall. Not so much that another ε, or η of the step before, would pass.
    expect(worst).toBeLessThan(1e-12);
    expect(arena.cursorFields(cursor).health).toBe(0);
    // They went somewhere.
    expect(normOf(arena.padded(w).map((value, i) => value - start[i]!))).toBeGreaterThan(0.1);
  });
});
