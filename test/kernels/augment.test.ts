import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { augmented, drawn, type Shape } from "../reference/augment.ts";
import { normal, PRECISIONS } from "../reference/precision.ts";
import { Arena, type Rows } from "./harness.ts";

interface Settings {
  readonly padding?: number;
  readonly flip?: boolean;
  readonly fill?: number;
  readonly seed?: number;
  readonly step?: number;
  /** Rows of the step before the batch. */
  readonly before?: number;
}

const SOME = { seed: 2 ** 52 + 12345, step: 2 ** 40 + 3 };

/** Images whose rows of numbers fill one vector, or leave one to three numbers of padding behind them, in either precision. */
const SHAPES: readonly [height: number, width: number, channels: number][] = [
  ...Array.from({ length: 33 }, (_, i): [number, number, number] => [1, i + 1, 1]),
  [33, 1, 1],
  [3, 5, 1],
  [5, 3, 3],
  [2, 7, 4],
  [4, 4, 5],
  [6, 5, 2],
];

describe.each(PRECISIONS)("augmentation in $name", async (precision) => {
  const { round } = precision;
  const arena = await Arena.create(precision);
  const values = normal(precision, 5 * 64 * 5, 1);

  function run(x: Rows, { height, width, channels }: Shape, settings: Settings): Rows {
    const { padding = 0, flip = false, fill = 0, seed = 0, step = 0, before = 0 } = settings;
    const out = arena.output(x.rows, x.columns);
    const cursor = arena.cursor({ step, begin: 5, position: 5 + before });
    const [low, high] = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
    arena.run(x.rows, [
      Op.Augment,
      ...[out, x, height, width, channels, x.rowBytes, padding, flip ? 1 : 0, cursor, low, high, new Double(fill)],
    ]);
    return out;
  }

  test("windows, mirrored or not, are those of the plain version bit for bit, also where they miss the image", () => {
    const fill = 0.1;
    for (const [height, width, channels] of SHAPES) {
      const shape = { height, width, channels };
      const numbers = height * width * channels;
      for (const padding of [0, 1, 2, 4, 40]) {
        for (const flip of [false, true]) {
          for (const [rows, before] of [
            [1, 0],
            [5, 3],
          ] as const) {
            arena.clear();
            const out = run(arena.input(values, rows, numbers), shape, { ...SOME, padding, flip, fill, before });
            const expected = Array.from({ length: rows }, (_, i) => {
              const { flipped, ...window } = drawn(padding, SOME.seed, SOME.step, before + i);
              const image = values.subarray(i * numbers, (i + 1) * numbers);
              return augmented(image, shape, padding, { ...window, flipped: flip && flipped }, round(fill));
            }).flat();
            const label = `${rows} × [${[height, width, channels]}], padding ${padding}, flip ${flip}`;
            arena.expectExactly(out, expected, 0, label);
          }
        }
      }
    }
  });

  test("a step in two batches has the bits of one", () => {
    const shape = { height: 4, width: 5, channels: 3 };
    const settings = { ...SOME, padding: 2, flip: true, fill: -1 };
    arena.clear();
    const whole = arena.values(run(arena.input(values, 16, 60), shape, settings));
    for (const first of [1, 7, 15]) {
      arena.clear();
      const [a, b] = [values.subarray(0, first * 60), values.subarray(first * 60)];
      const one = run(arena.input(a, first, 60), shape, settings);
      const other = run(arena.input(b, 16 - first, 60), shape, { ...settings, before: first });
      expect([...arena.values(one), ...arena.values(other)]).toEqual(whole);
    }
  });

  test("NaN and the infinities are moved, not changed", () => {
    arena.clear();
    const image = [NaN, 1, -Infinity, -0, 5, NaN];
    const shape = { height: 2, width: 3, channels: 1 };
    const { down, across, flipped } = drawn(1, 0, 0, 0);
    const expected = augmented(image, shape, 1, { down, across, flipped }, Infinity);
    expect(arena.values(run(arena.input(image, 1, 6), shape, { padding: 1, flip: true, fill: Infinity }))).toEqual(
      expected,
    );
  });

  /** What was drawn for the places of a step, read off the image: each of its numbers says where it stood. */
  function read(
    places: number,
    padding: number,
    settings: Settings,
  ): { down: number; across: number; flipped: boolean }[] {
    const side = 2 * padding + 2;
    const image = Array.from({ length: side * side }, (_, i) => i);
    const found: { down: number; across: number; flipped: boolean }[] = [];
    for (let before = 0; before < places; before += 100) {
      arena.clear();
      const x = arena.input(Array.from({ length: 100 }, () => image).flat(), 100, image.length);
      const out = run(x, { height: side, width: side, channels: 1 }, { ...settings, padding, before, fill: -1 });
      const numbers = arena.values(out);
      for (let i = 0; i < 100; i++) {
        // The middle two columns of the row `padding` always lie in the image.
        const at = i * side * side + padding * side + padding;
        const flipped = numbers[at + 1]! < numbers[at]!;
        const left = flipped ? numbers[at + 1]! : numbers[at]!;
        found.push({ down: Math.floor(left / side), across: left % side, flipped });
      }
    }
    return found;
  }

  test("over 10,000 places half are mirrored, and each of the 81 windows is as likely, independent of that", () => {
    const found = read(10_000, 4, { seed: 7, step: 11, flip: true });
    const flips = found.filter(({ flipped }) => flipped).length;
    // Five standard deviations of the binomial distribution.
    expect(Math.abs(flips / 1e4 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 1e4));
    const counts = new Map<string, number>();
    for (const { down, across, flipped } of found) {
      const cell = `${down} ${across} ${flipped}`;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    expect(counts.size).toBe(162);
    const expected = 1e4 / 162;
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // χ² with 161 degrees of freedom has mean 161 and deviation √322: above 161 + 5·√322 with a probability below 10⁻⁵ (Wilson and
    // Hilferty's approximation), and as rarely below 161 − 5·√322.
    expect(Math.abs(chi - 161)).toBeLessThan(5 * Math.sqrt(322));
    // Neighbours share a flip as often as not.
    const same = found.filter(({ flipped }, i) => flipped === found[i + 1]?.flipped).length;
    expect(Math.abs(same / 9999 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 9999));
  });

  test("other seeds and other steps draw anew", () => {
    const places = [{}, ...[1, 2 ** 32, 2 ** 53 - 1].flatMap((n) => [{ seed: n }, { step: n }])];
    const draws = places.map((settings) => read(1000, 4, { ...settings, flip: true }).map((d) => JSON.stringify(d)));
    for (const [i, one] of draws.entries()) {
      for (const other of draws.slice(0, i)) {
        // 1000/162 of them agree by chance; five deviations of a Poisson distribution more are 19.
        expect(one.filter((d, k) => d === other[k]).length).toBeLessThan(19);
      }
    }
  });
});
