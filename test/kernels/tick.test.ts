import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { f64, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

/** A clock after `steps` updates; what `tick` must leave alone is not 0. */
const clockAfter = (steps: number) => [steps, 3, 0.5, 0.25, 2, 1, 0.75, 7];

describe.each(PRECISIONS)("tick in $name", async (precision) => {
  const arena = await Arena.create(precision);

  /** Ticks once at a step of the network; returns the clock and the cells that it leaves. */
  function tick(step: number, table: number[], multipliers: number[], steps = 0) {
    arena.clear();
    const clock = arena.doubles(clockAfter(steps));
    const cursor = arena.cursor({ step });
    const before = arena.cursorFields(cursor);
    const rates = arena.data(Float64Array.from(table));
    const cells = arena.doubles(multipliers.flatMap((multiplier) => [multiplier, -1]));
    arena.run(1, [Op.Tick, clock, cursor, rates, cells, multipliers.length]);
    expect(arena.cursorFields(cursor)).toEqual(before);
    return { clock: Array.from(arena.doublesOf(clock)), cells: Array.from(arena.doublesOf(cells)) };
  }

  test("each cell gets its multiple of the step's rate, in f64 whatever the precision", () => {
    // From step 10 on: 0.1, 0.2, 0.3, and 0.3 ever after.
    const table = [10, 2, 0.1, 0.2, 0.3, Number.NaN];
    const rateAt = (step: number) => tick(step, table, [1]).cells[1];
    expect([10, 11, 12, 13, 14, 2 ** 40].map(rateAt)).toEqual([0.1, 0.2, 0.3, 0.3, 0.3, 0.3]);
    expect(tick(11, table, [1, 0.5, 0, 3]).cells).toEqual([1, 0.2, 0.5, 0.1, 0, 0, 3, 0.2 * 3]);
  });

  test("a table of one value is a constant rate", () => {
    for (const step of [0, 1, 1e9]) expect(tick(step, [0, 0, 0.125], [2]).cells).toEqual([2, 0.25]);
  });

  test("the steps count up by one, from any number, and the rest of the clock stays", () => {
    for (const steps of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 40]) {
      expect(tick(5, [0, 0, 1], [1], steps).clock).toEqual(clockAfter(steps + 1));
    }
  });

  test("without cells it counts, and there need be no table", () => {
    arena.clear();
    const clock = arena.doubles(clockAfter(1));
    arena.run(1, [Op.Tick, clock, arena.cursor(), 0, 0, 0]);
    expect(Array.from(arena.doublesOf(clock))).toEqual(clockAfter(2));
  });
});

test("rates follow the steps that train takes", async () => {
  const arena = await Arena.create(f64);
  const clock = arena.doubles(clockAfter(4));
  const order = arena.data(Uint32Array.of(0, 0, 0));
  const cursor = arena.cursor({ step: 7, order: order.address, length: 3, batchSize: 1 });
  const cells = arena.doubles([1, -1]);
  const table = arena.data(Float64Array.of(7, 1, 0.5, 0.25));
  const program = arena.program([[Op.Tick, clock, cursor, table, cells, 1]], 1);
  const rates: number[] = [];
  while (arena.core.train(program, 0, cursor.address, 1)) rates.push(arena.doublesOf(cells)[1]!);
  expect(rates).toEqual([0.5, 0.25, 0.25]);
  expect(arena.doublesOf(clock)[0]).toBe(7);
});
