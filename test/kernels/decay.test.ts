import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { decay, scale } from "../reference/passes.ts";
import { normal, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

describe.each(PRECISIONS)("weight decay in $name", async (precision) => {
  const { lanes } = precision;
  const arena = await Arena.create(precision);
  const most = 33 * lanes;
  const [w, g] = [normal(precision, most, 1), normal(precision, most, 2)];
  const counts = Array.from({ length: 33 }, (_, i) => (i + 1) * lanes - ((i + 1) % lanes));

  test.each([0, 0.01, 1e30])(
    "of %d by way of the gradient is the plain one, bit for bit, and leaves padding 0",
    (lambda) => {
      for (const count of counts) {
        arena.clear();
        const W = arena.input(w, 1, count, { value: 0 });
        const D = arena.inOut(g, 1, count, { value: 0 });
        arena.run(1, [Op.Decay, W, D, W.bytes, new Double(lambda)]);
        const expected = precision.array(g.subarray(0, count));
        decay(precision, expected, w, lambda);
        arena.expectExactly(D, expected, 0, `${count} gradients`);
      }
    },
  );

  test.each([
    [0.001, 0.01],
    [0.5, 0.004],
    [0, 3],
    [2, 3],
  ])("at rate %d, decoupled, of %d is the plain one, bit for bit, and leaves padding 0", (rate, lambda) => {
    for (const count of counts) {
      arena.clear();
      const W = arena.inOut(w, 1, count, { value: 0 });
      arena.run(1, [Op.Shrink, W, W.bytes, arena.data(Float64Array.of(rate)), new Double(lambda)]);
      const expected = precision.array(w.subarray(0, count));
      scale(precision, expected, 1 - rate * lambda);
      arena.expectExactly(W, expected, 0, `${count} parameters`);
    }
  });

  test("matches worked examples, and lets NaN and infinities through", () => {
    arena.clear();
    const numbers = [4, -8, Number.NaN, -Infinity];
    const [W, D] = [arena.inOut(numbers, 1, 4), arena.inOut([1, 1, 1, Infinity], 1, 4)];
    arena.run(
      1,
      [Op.Decay, W, D, W.bytes, new Double(0.25)],
      [Op.Shrink, W, W.bytes, arena.data(Float64Array.of(0.5)), new Double(0.25)],
    );
    // 1 + 4/4, 1 − 8/4; ∞ − ∞
    expect(arena.values(D)).toEqual([2, -1, Number.NaN, Number.NaN]);
    // 1 − 0.5·0.25 = 0.875
    expect(arena.values(W)).toEqual([3.5, -7, Number.NaN, -Infinity]);
  });
});
