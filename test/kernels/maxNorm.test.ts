import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { maxNorm } from "../reference/passes.ts";
import { type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

describe.each(PRECISIONS)("the largest norm in $name", async (precision) => {
  const { lanes, largest, size } = precision;
  const arena = await Arena.create(precision);
  const all = normal(precision, 40 * 33 * lanes, 1);

  function run(w: ArrayLike<number>, rows: number, columns: number, limit: number, vectors = 0) {
    arena.clear();
    const W = arena.inOut(w, rows, columns, { value: 0, vectors });
    const workspace = arena.workspace((W.rowBytes / size) * 8);
    const cursor = arena.cursor({ step: 3, loss: 2 });
    const before = arena.cursorFields(cursor);
    arena.run(5, [Op.MaxNorm, W, rows, W.rowBytes, new Double(limit), workspace, cursor]);
    const health = arena.values(W).some(Number.isNaN) ? Number.NaN : 0;
    expect(arena.cursorFields(cursor)).toEqual({ ...before, health });
    return W;
  }

  const plain = (w: Numbers, columns: number, limit: number) => {
    maxNorm(precision, w, columns, limit);
    return w;
  };

  test("scales the columns above the limit, bit for bit, and no other; padding stays 0", () => {
    for (const rows of [1, 2, 3, 5, 33]) {
      // About half of the columns are above.
      const limit = Math.sqrt(rows - 0.3);
      for (let columns = 1; columns <= 33 * lanes; columns += columns < 9 * lanes ? 1 : lanes - 1 || 1) {
        const w = precision.array(all.subarray(0, rows * columns));
        const W = run(w, rows, columns, limit, columns % 3 === 0 ? 1 : 0);
        arena.expectExactly(W, plain(w, columns, limit), 0, `${rows} × ${columns}`);
      }
    }
  });

  test("matches a worked example", () => {
    // Columns (3, −4), (0, 0), (1, 0), (0.6, 0.8) and (−6, 8), of norms 5, 0, 1, 1 and 10.
    const W = run([3, 0, 1, 0.5, -6, -4, 0, 0, 0.5, 8], 2, 5, 2.5);
    expect(arena.values(W)).toEqual([1.5, 0, 1, 0.5, -1.5, -2, 0, 0, 0.5, 2]);
  });

  test("a number that is not finite makes NaN of its column, wherever it is, and of no other", () => {
    const [rows, columns] = [3, 2 * lanes + 1];
    for (let at = 0; at < rows * columns; at++) {
      for (const special of [Number.NaN, Infinity, -Infinity]) {
        const w = precision.array(all.subarray(0, rows * columns));
        w[at] = special;
        const W = run(w, rows, columns, 1);
        arena.expectExactly(W, plain(w, columns, 1), 0, `${special} at ${at}`);
        expect(arena.values(W).map(Number.isNaN)).toEqual(Array.from(w, (_, i) => i % columns === at % columns));
      }
    }
  });

  test("the largest parameters are scaled in f32; in f64, whose squares overflow, their column becomes NaN", () => {
    const w = precision.array(2 * lanes).fill(0.5);
    w[0] = largest;
    const values = arena.values(run(w, 2, lanes, 1));
    expect(values[0]).toBe(size === 8 ? Number.NaN : precision.round(largest * precision.round(1 / largest)));
    expect(values.slice(1, lanes)).toEqual(new Array(lanes - 1).fill(0.5));
  });
});
