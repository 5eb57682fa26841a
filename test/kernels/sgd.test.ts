import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

describe.each(PRECISIONS)("sgd in $name", async (precision) => {
  const { round, lanes, largest } = precision;
  const arena = await Arena.create(precision);
  const most = 33 * lanes;
  const weights = normal(precision, most, 1);
  const gradients = normal(precision, most, 2);

  /** One update of whole vectors. Returns the new weights and the health. */
  function run(w: Numbers, dw: Numbers, rate: number, before = 0) {
    arena.clear();
    const W = arena.inOut(w, 1, w.length);
    const dW = arena.input(dw, 1, dw.length);
    const fields = {
      step: 3,
      loss: 2,
      samples: 5,
      correct: 7,
      divisor: 4,
      health: before,
      order: 9,
      length: 11,
      position: 1,
      batchSize: 2,
    };
    const cursor = arena.cursor(fields);
    arena.run(1, [Op.Sgd, W, dW, W.bytes, arena.data(Float64Array.of(rate)), cursor]);
    const { health, ...others } = arena.cursorFields(cursor);
    expect({ ...others, health: before }).toEqual(fields);
    return { matrix: W, health };
  }

  // 0.1 is not a number of f32: the rate is rounded first, then the product, then the difference.
  test.each([0.1, 1, 1e-3, 1e30])("subtracts rate %d × gradient, bit for bit, over 1 to 33 vectors", (rate) => {
    for (let count = lanes; count <= most; count += lanes) {
      const { matrix, health } = run(
        precision.array(weights.subarray(0, count)),
        precision.array(gradients.subarray(0, count)),
        rate,
      );
      const expected = Array.from({ length: count }, (_, i) => round(weights[i]! - round(round(rate) * gradients[i]!)));
      arena.expectExactly(matrix, expected, undefined, `${count} weights`);
      expect(health).toBe(0);
    }
  });

  test.each([
    ["NaN", Number.NaN],
    ["∞", Infinity],
    ["−∞", -Infinity],
  ])(
    "the health is NaN as soon as one weight or one gradient is %s, wherever it is, and the others are updated",
    (_, special) => {
      for (const vectors of [1, 2, 3, 8]) {
        for (let at = 0; at < vectors * lanes; at++) {
          for (const where of ["weight", "gradient"]) {
            const w = precision.array(weights.subarray(0, vectors * lanes));
            const dw = precision.array(gradients.subarray(0, vectors * lanes));
            (where === "weight" ? w : dw)[at] = special;
            const { matrix, health } = run(w, dw, 0.5);
            expect(health).toBeNaN();
            const expected = Array.from(w, (value, i) => round(value - round(0.5 * dw[i]!)));
            arena.expectExactly(matrix, expected, undefined, `${where} ${at} of ${vectors} vectors`);
          }
        }
      }
    },
  );

  test("the health is NaN when a finite weight and a finite gradient overflow, and 0 when they just do not", () => {
    for (let at = 0; at < lanes; at++) {
      const w = precision.array(lanes);
      const dw = precision.array(lanes);
      w[at] = largest;
      dw[at] = -largest;
      expect(run(w, dw, 1).health).toBeNaN();
      dw[at] = -1;
      expect(run(w, dw, 1).health).toBe(0);
      w[at] = 0;
      dw[at] = largest;
      expect(run(w, dw, 1).health).toBe(0);
    }
  });

  test("two infinities of opposite signs do not cancel in the health", () => {
    const w = precision.array(4 * lanes);
    w[0] = Infinity;
    w[lanes] = -Infinity;
    expect(run(w, precision.array(4 * lanes), 1).health).toBeNaN();
  });

  test("a health of NaN stays NaN", () => {
    expect(run(weights, gradients, 0.1, Number.NaN).health).toBeNaN();
  });
});
