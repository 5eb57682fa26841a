import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { normal, PRECISIONS } from "../reference/precision.ts";
import { repack, type Spacing } from "../reference/repack.ts";
import { Arena } from "./harness.ts";

describe.each(PRECISIONS)("repacking in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const { array, size, lanes } = precision;
  const whole = (numbers: number) => Math.ceil(numbers / lanes) * lanes;

  /** All numbers of the new place, of samples whose numbers stand `from` apart. */
  function run(values: ArrayLike<number>, samples: number, count: number, width: number, from: Spacing, to: Spacing) {
    arena.clear();
    const From = arena.data(array(values));
    const out = arena.output(samples, to.sample);
    const bytes = [to.row, from.row, to.sample, from.sample].map((numbers) => numbers * size);
    arena.run(samples, [Op.Repack, out, From, count, width, ...bytes]);
    return out;
  }

  // Two pixels of three channels, 1 2 3 and 4 5 6: compact they take 6 numbers, which are 8 in whole vectors, of f64 6; padded, 4 each.
  test("matches a worked example, there and back", () => {
    const compact = { row: 3, sample: whole(6) };
    const padded = { row: 4, sample: 8 };
    const six = [1, 2, 3, 4, 5, 6];
    const ended = [...six, 0, 0].slice(0, compact.sample);
    expect(arena.values(run([...six, 7, 7].slice(0, compact.sample), 1, 2, 3, compact, padded))).toEqual([
      1, 2, 3, 0, 4, 5, 6, 0,
    ]);
    expect(arena.values(run([1, 2, 3, 9, 4, 5, 6, 9], 1, 2, 3, padded, compact))).toEqual(ended);
  });

  test("copies every width and count to wider and narrower spacings, NaN in between unread, and zeros behind", () => {
    for (let width = 1; width <= 17; width++) {
      for (let count = 1; count <= 5; count++) {
        for (const samples of [1, 3]) {
          const compact = { row: width, sample: whole(count * width) };
          const padded = { row: whole(width), sample: count * whole(width) };
          const wide = { row: whole(width) + lanes, sample: count * (whole(width) + lanes) + lanes };
          const spacings = [compact, padded, wide];
          for (const before of spacings) {
            const source = new Array<number>(samples * before.sample).fill(Number.NaN);
            const values = normal(precision, samples * count * width, width);
            for (const [i, value] of values.entries()) {
              const [n, rest] = [Math.floor(i / (count * width)), i % (count * width)];
              source[n * before.sample + Math.floor(rest / width) * before.row + (rest % width)] = value;
            }
            for (const after of spacings) {
              const out = run(source, samples, count, width, before, after);
              const wanted = repack(source, samples, count, width, before, after);
              arena.expectExactly(out, wanted, 0, `${samples} × ${count} × ${width}, ${before.row} to ${after.row}`);
            }
          }
        }
      }
    }
  });

  test("reads nothing behind the last number, NaN, ∞ and −0 are carried over", () => {
    for (let width = 1; width <= 9; width++) {
      arena.clear();
      const values = array(normal(precision, 2 * width, width));
      values.set([Number.NaN, Infinity, -0].slice(0, 2 * width));
      const last = arena.lastData(values, 0);
      const out = arena.output(2, width);
      const bytes = [out.rowBytes, width * size, 2 * out.rowBytes, 2 * width * size];
      arena.run(1, [Op.Repack, out, last, 2, width, ...bytes]);
      arena.expectExactly(out, values, 0, `width ${width}`);
    }
  });
});
