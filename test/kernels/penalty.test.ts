import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { penalize, penaltyValue } from "../reference/passes.ts";
import { f64, type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena, expectClose } from "./harness.ts";

const SETTINGS = [
  [0.1, 0.01],
  [0.3, 0],
  [0, 0.7],
] as const;

interface Batch {
  readonly rows: number;
  readonly divisor: number;
  /** Of the rows, by place in the batch. */
  readonly weights?: number[];
}

/** One call, with a loss of 2 before it. Returns the loss after it and the gradient. */
function run(arena: Arena, w: Numbers, g: Numbers, l1: number, l2: number, { rows, divisor, weights }: Batch) {
  arena.clear();
  const [W, D] = [arena.input(w, 1, w.length, { value: 0 }), arena.inOut(g, 1, w.length, { value: 0 })];
  const address = weights ? arena.data(Float64Array.from(weights)).address : 0;
  const cursor = arena.cursor({ step: 3, loss: 2, divisor, samples: 5, correct: 4, weights: address });
  const before = arena.cursorFields(cursor);
  arena.run(rows, [Op.Penalty, W, D, W.bytes, cursor, new Double(l1), new Double(l2)]);
  const { loss, ...others } = arena.cursorFields(cursor);
  expect({ ...others, loss: 2 }).toEqual(before);
  return { loss, D };
}

describe.each(PRECISIONS)("the penalty in $name", async (precision) => {
  const { lanes } = precision;
  const arena = await Arena.create(precision);
  const w = normal(precision, 10_000, 1);
  const g = normal(precision, 10_000, 2);
  // Zeros, whose sign is 0.
  for (let i = 0; i < w.length; i += 7) w[i] = i % 2 ? 0 : -0;

  test.each(SETTINGS)("of l1 %d and l2 %d is the plain one, bit for bit, and leaves padding 0", (l1, l2) => {
    const counts = Array.from({ length: 33 }, (_, i) => (i + 1) * lanes - ((i + 1) % lanes));
    // Around one and two chunks of the sum, in steps of a vector.
    for (const chunk of [4096, 8192]) for (const vectors of [-1, 0, 1, 2, 3]) counts.push(chunk + vectors * lanes);
    for (const count of counts) {
      for (const batch of [
        { rows: 3, divisor: 3 },
        { rows: 2, divisor: 5 },
      ]) {
        const weights = precision.array(w.subarray(0, count));
        const gradient = precision.array(g.subarray(0, count));
        const { loss, D } = run(arena, weights, gradient, l1, l2, batch);
        penalize(precision, gradient, weights, l1, l2, batch.rows / batch.divisor);
        arena.expectExactly(D, gradient, 0, `${count} gradients`);
        expect(loss).toBe(2 + penaltyValue(weights, l1, l2) * batch.rows);
      }
    }
  });

  test("matches a worked example", () => {
    // 0.5·(1 + 2 + 0 + 4) + 0.25·(1 + 4 + 0 + 16) = 8.75, for each of two rows; 0.5·sign(w) + 0.5·w
    const { loss, D } = run(arena, precision.array([1, -2, 0, 4]), precision.array([1, 1, 1, 1]), 0.5, 0.25, {
      rows: 2,
      divisor: 2,
    });
    expect(loss).toBe(2 + 2 * 8.75);
    expect(arena.values(D)).toEqual([2, -0.5, 1, 3.5]);
  });

  test("counts the weights of the rows instead of them, and rows without any not at all", () => {
    const [ones, gradient] = [precision.array([1, -2, 0, 4]), precision.array([1, 1, 1, 1])];
    // 8.75 as above, times 0.5 + 2.5; of the derivative (1, −1, 0, 2.5) the part 3 / 6
    const some = run(arena, ones, gradient, 0.5, 0.25, { rows: 2, divisor: 6, weights: [0.5, 2.5] });
    expect(some.loss).toBe(2 + 3 * 8.75);
    expect(arena.values(some.D)).toEqual([1.5, 0.25, 1, 2.25]);
    const none = run(arena, ones, gradient, 0.5, 0.25, { rows: 2, divisor: 0, weights: [0, 0] });
    expect(none.loss).toBe(2);
    expect(arena.values(none.D)).toEqual([1, 1, 1, 1]);
  });

  test.each(SETTINGS)("NaN and ∞ show in the loss and in their own gradient: l1 %d, l2 %d", (l1, l2) => {
    for (let at = 0; at < 3 * lanes; at++) {
      for (const special of [Number.NaN, Infinity, -Infinity]) {
        const weights = precision.array(w.subarray(0, 3 * lanes));
        weights[at] = special;
        const { loss, D } = run(arena, weights, precision.array(3 * lanes), l1, l2, { rows: 1, divisor: 1 });
        expect(loss).toBe(Number.isNaN(special) ? Number.NaN : Infinity);
        expect(arena.values(D).map(Number.isFinite)).toEqual(Array.from(weights, (_, i) => i !== at));
      }
    }
  });
});

test("the penalty's gradient is the derivative of its value by central differences, once for all parts of a batch", async () => {
  const arena = await Arena.create(f64);
  const w = normal(f64, 9, 3);
  const [l1, l2] = [0.3, 0.2];
  // Two of five rows, then three: the value five times, as the losses of five rows, the gradient once.
  const parts = [2, 3].map((rows) => ({ rows, divisor: 5 }));
  const penaltyAt = (weights: Numbers) =>
    parts.reduce((sum, part) => sum + run(arena, weights, f64.array(9), l1, l2, part).loss - 2, 0) / 5;
  const gradient = parts.reduce((g, part) => f64.array(arena.values(run(arena, w, g, l1, l2, part).D)), f64.array(9));
  const h = 1e-5;
  for (let i = 0; i < 9; i++) {
    const [up, down] = [w.slice(), w.slice()];
    up[i]! += h;
    down[i]! -= h;
    // The value is of degree 2 off 0: its difference is exact but for rounding, about ε·(value ≈ 5) / h ≈ 1e-10.
    const tolerance = Math.abs(w[i]!) > h ? 1e-9 : Number.NaN;
    expectClose(gradient[i]!, (penaltyAt(up) - penaltyAt(down)) / (2 * h), tolerance, `derivative ${i}`);
  }
});
