import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { orderedSum, scale, squares } from "../reference/passes.ts";
import { type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena, type CursorFields } from "./harness.ts";

const SPECIALS = [Number.NaN, Infinity, -Infinity];

describe.each(PRECISIONS)("in $name", async (precision) => {
  const { lanes, largest, size } = precision;
  const arena = await Arena.create(precision);
  const all = normal(precision, 8300, 1);
  const first = (count: number) => precision.array(all.subarray(0, count));
  /** 1 to 33 vectors with and without padding, and around the chunks of a sum. */
  const counts = [
    ...Array.from({ length: 33 }, (_, i) => (i + 1) * lanes - ((i + 1) % lanes)),
    ...[-1, 0, 1, 2, 3].map((vectors) => 4096 + vectors * lanes),
    8192 + lanes,
  ];

  /** Runs with a cursor of a given health; the rest of it must stay. Returns the health. */
  function healthAfter(calls: (cursor: ReturnType<Arena["cursor"]>) => Parameters<Arena["run"]>[1][], health = 0) {
    const cursor = arena.cursor({ step: 3, loss: 2, health });
    const { health: _, ...before }: CursorFields = arena.cursorFields(cursor);
    arena.run(1, ...calls(cursor));
    const { health: after, ...others } = arena.cursorFields(cursor);
    expect(others).toEqual(before);
    return after;
  }

  describe("clipping by value", () => {
    function clip(g: Numbers, limit: number, health?: number) {
      arena.clear();
      const dw = arena.inOut(g, 1, g.length, { value: 0 });
      return { dw, health: healthAfter((cursor) => [[Op.ClipValue, dw, dw.bytes, cursor, new Double(limit)]], health) };
    }

    test("leaves what is within the limit and puts the rest at it, over 1 to 33 vectors", () => {
      for (const count of counts) {
        const g = first(count);
        g[0] = -0;
        // 0.3 is no number of f32: it is rounded once.
        const expected = g.map((value) => Math.sign(value) * Math.min(Math.abs(value), precision.round(0.3)));
        expected[0] = -0;
        const { dw, health } = clip(g, 0.3);
        arena.expectExactly(dw, expected, 0, `${count} gradients`);
        expect(health).toBe(0);
      }
    });

    test("does not make an infinity or NaN finite unseen: the health is NaN, wherever it is", () => {
      for (let at = 0; at < 3 * lanes; at++) {
        for (const special of SPECIALS) {
          const g = first(3 * lanes);
          g[at] = special;
          const { dw, health } = clip(g, 10);
          expect(health).toBeNaN();
          g[at] = special > 0 ? 10 : special < 0 ? -10 : special;
          arena.expectExactly(dw, g, undefined, `${special} at ${at}`);
        }
      }
      const opposite = first(2 * lanes);
      [opposite[0], opposite[lanes]] = [Infinity, -Infinity];
      expect(clip(opposite, 10).health).toBeNaN();
      expect(clip(first(lanes), 10, Number.NaN).health).toBeNaN();
    });
  });

  describe("the sum of squares", () => {
    test("is the plain one, bit for bit, and can be added to what is there", () => {
      for (const count of counts) {
        arena.clear();
        const g = first(count);
        const dw = arena.input(g, 1, count, { value: 0 });
        const [sum, added] = [arena.double(1e300), arena.double(0.1)];
        arena.run(1, [Op.SumSquares, dw, dw.bytes, sum, 0], [Op.SumSquares, dw, dw.bytes, added, 1]);
        expect(arena.doubleOf(sum)).toBe(orderedSum(squares(g)));
        expect(arena.doubleOf(added)).toBe(0.1 + orderedSum(squares(g)));
      }
    });
  });

  describe("clipping by norm", () => {
    /** Two runs, clipped together. */
    function clip(g: Numbers, limit: number, cut = lanes, health?: number) {
      arena.clear();
      const dw = arena.inOut(g, 1, g.length, { value: 0 });
      const sum = arena.double(-1);
      const [from, head] = [dw.address + cut * size, cut * size];
      const result = healthAfter(
        (cursor) => [
          [Op.SumSquares, dw, head, sum, 0],
          [Op.SumSquares, from, dw.bytes - head, sum, 1],
          [Op.ClipNorm, dw, head, sum, cursor, new Double(limit)],
          [Op.ClipNorm, from, dw.bytes - head, sum, cursor, new Double(limit)],
        ],
        health,
      );
      return { dw, health: result };
    }

    test("scales several runs together to the limit, bit for bit", () => {
      for (let vectors = 2; vectors <= 33; vectors++) {
        const g = first(vectors * lanes - (vectors % lanes));
        const sum =
          orderedSum(squares(precision.array(g.subarray(0, lanes)))) +
          orderedSum(squares(precision.array(g.subarray(lanes))));
        const { dw, health } = clip(g, 0.7);
        if (Math.sqrt(sum) > 0.7) scale(precision, g, 0.7 / Math.sqrt(sum));
        arena.expectExactly(dw, g, 0, `${vectors} vectors`);
        expect(health).toBe(0);
      }
    });

    test("matches a worked example, and leaves a norm of the limit or less as it is", () => {
      const g = precision.array(2 * lanes);
      [g[0], g[lanes]] = [-3, 4];
      // √(9 + 16) = 5
      const clipped = (limit: number) => arena.values(clip(g, limit).dw).filter((value) => value !== 0);
      expect(clipped(2.5)).toEqual([-1.5, 2]);
      expect(clipped(5)).toEqual([-3, 4]);
      expect(clipped(1e9)).toEqual([-3, 4]);
      expect(arena.values(clip(precision.array(2 * lanes), 1).dw)).toEqual(new Array(2 * lanes).fill(0));
    });

    test("NaN and infinities make the health NaN, wherever they are, and nothing smaller", () => {
      for (let at = 0; at < 3 * lanes; at++) {
        for (const special of SPECIALS) {
          const g = first(3 * lanes);
          g[at] = special;
          const { dw, health } = clip(g, 0.1);
          expect(health).toBeNaN();
          arena.expectExactly(dw, g, undefined, `${special} at ${at}`);
        }
      }
      expect(clip(first(2 * lanes), 1, lanes, Number.NaN).health).toBeNaN();
    });

    test("the largest gradients are clipped in f32; in f64, whose squares overflow, the health is NaN and they stay", () => {
      const g = precision.array(2 * lanes).fill(largest);
      const { dw, health } = clip(g, 1);
      if (size === 8) {
        expect(health).toBeNaN();
        expect(arena.values(dw)).toEqual(Array.from(g));
      } else {
        expect(health).toBe(0);
        // 1 / √8 of each; the factor is subnormal, with three digits fewer.
        for (const value of arena.values(dw)) expect(value).toBeCloseTo(1 / Math.sqrt(8), 5);
      }
    });
  });
});
