import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { normal, PRECISIONS } from "../reference/precision.ts";
import { dropoutWords } from "../reference/random.ts";
import { Arena, type Rows } from "./harness.ts";

/** Bytes of the workspace (`assembly/dropout.ts`). */
const WORKSPACE = 96;

interface Coordinates {
  readonly seed?: number;
  readonly layer?: number;
  readonly step?: number;
  /** Rows of the step before the batch. */
  readonly before?: number;
  readonly repeat?: number;
  readonly shared?: number;
}

const SOME = { seed: 2 ** 52 + 12345, layer: 7, step: 2 ** 40 + 3 };

describe.each(PRECISIONS)("dropout in $name", async (precision) => {
  const { round } = precision;
  const arena = await Arena.create(precision);
  const values = normal(precision, 70 * 33, 1);
  const deltas = normal(precision, 70 * 33, 2);
  const scale = (rate: number) => round(1 / (1 - rate));

  /** Drops out of X in the arena. Returns A, which is X where `inPlace`, and the mask. */
  function forward(X: Rows, rate: number, coordinates: Coordinates, inPlace = false): { A: Rows; M: Rows } {
    const { seed = 0, layer = 0, step = 0, before = 0, repeat = 1, shared = 1 } = coordinates;
    const A = inPlace ? X : arena.output(X.rows, X.columns);
    const M = arena.output(X.rows / shared, X.columns);
    const cursor = arena.cursor({ step, begin: 5, position: 5 + before });
    const [low, high] = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
    arena.run(X.rows / repeat / shared, [
      Op.DropoutForward,
      ...[
        A,
        X,
        M,
        X.columns,
        repeat,
        shared,
        X.rowBytes,
        cursor,
        low,
        high,
        layer,
        arena.workspace(WORKSPACE),
        new Double(rate),
      ],
    ]);
    return { A, M };
  }

  /** The mask of one row of `count` numbers. */
  function maskOf(count: number, rate: number, coordinates: Coordinates = {}): number[] {
    arena.clear();
    return arena.values(forward(arena.inOut(new Float64Array(count).fill(1), 1, count), rate, coordinates, true).M);
  }

  test.each([false, true])(
    "the mask is that of the plain Philox whatever the padding, and A and D_X are X and D_A times it (in place: %s)",
    (inPlace) => {
      const rate = 0.3;
      // In f64 as in f32, and for every number of columns: the place of a number is its logical index.
      const words = dropoutWords(70 * 33, SOME.seed, SOME.layer, SOME.step);
      const mask = words.map((word) => (word >= Math.ceil(rate * 2 ** 32) ? scale(rate) : 0));
      const a = mask.map((m, i) => round(values[i]! * m));
      const dx = mask.map((m, i) => round(deltas[i]! * m));
      for (let columns = 1; columns <= 33; columns++) {
        for (const rows of [1, 2, 3, 4, 5, 16, 17, 70]) {
          arena.clear();
          const X = inPlace ? arena.inOut(values, rows, columns) : arena.input(values, rows, columns);
          const { A, M } = forward(X, rate, SOME, inPlace);
          const label = `${rows} × ${columns}`;
          arena.expectExactly(M, mask, 0, `${label}: the mask`);
          arena.expectExactly(A, a, undefined, `${label}: A`);
          const padding = { value: 0 };
          const D = inPlace ? arena.inOut(deltas, rows, columns, padding) : arena.input(deltas, rows, columns, padding);
          const dX = inPlace ? D : arena.output(rows, columns);
          arena.run(rows, [Op.DropoutBackward, dX, D, M, 1, 1, D.rowBytes]);
          arena.expectExactly(dX, dx, 0, `${label}: D_X`);
        }
      }
    },
  );

  test("the mask of a batch is its part of the step's, wherever it begins", () => {
    const words = dropoutWords(80 * 33, SOME.seed, SOME.layer, SOME.step);
    const mask = words.map((word) => (word >= Math.ceil(0.3 * 2 ** 32) ? scale(0.3) : 0));
    for (let columns = 1; columns <= 33; columns++) {
      for (const before of [1, 2, 3, 5, 8, 13, 16, 21]) {
        for (const rows of [1, 2, 4, 7, 31]) {
          arena.clear();
          const { M } = forward(arena.input(values, rows, columns), 0.3, { ...SOME, before });
          const part = mask.slice(before * columns, (before + rows) * columns);
          arena.expectExactly(M, part, 0, `${rows} × ${columns} after ${before} rows`);
        }
      }
    }
  });

  test("an image of 6 positions has the mask of a row of 6 times as many numbers", () => {
    const words = dropoutWords(80 * 33, SOME.seed, SOME.layer, SOME.step);
    const mask = words.map((word) => (word >= Math.ceil(0.3 * 2 ** 32) ? scale(0.3) : 0));
    for (const columns of [1, 3, 4, 7]) {
      for (const before of [0, 1, 3]) {
        arena.clear();
        const { M } = forward(arena.input(values, 18, columns), 0.3, { ...SOME, before, repeat: 6 });
        const part = mask.slice(6 * before * columns, (6 * before + 18) * columns);
        arena.expectExactly(M, part, 0, `${columns} channels after ${before} images`);
      }
    }
  });

  test("channels are dropped whole: their positions share what a row of as many numbers as channels has", () => {
    const words = dropoutWords(80 * 33, SOME.seed, SOME.layer, SOME.step);
    const mask = words.map((word) => (word >= Math.ceil(0.3 * 2 ** 32) ? scale(0.3) : 0));
    for (const columns of [1, 3, 4, 7]) {
      for (const before of [0, 1, 3]) {
        arena.clear();
        const { A, M } = forward(arena.input(values, 18, columns), 0.3, { ...SOME, before, shared: 6 });
        const part = mask.slice(before * columns, (before + 3) * columns);
        arena.expectExactly(M, part, 0, `${columns} channels after ${before} images`);
        const factor = (i: number) => part[Math.floor(i / (6 * columns)) * columns + (i % columns)]!;
        const times = (numbers: ArrayLike<number>) =>
          Array.from({ length: 18 * columns }, (_, i) => round(numbers[i]! * factor(i)));
        arena.expectExactly(A, times(values), undefined, "A");
        const D = arena.input(deltas, 18, columns, { value: 0 });
        const dX = arena.output(18, columns);
        arena.run(3, [Op.DropoutBackward, dX, D, M, 1, 6, D.rowBytes]);
        arena.expectExactly(dX, times(deltas), 0, "D_X");
      }
    }
  });

  test("what is kept has a draw of at least ⌈rate·2³²⌉: one more drops it, any part more too", () => {
    for (const [i, word] of dropoutWords(40, SOME.seed, SOME.layer, SOME.step).entries()) {
      const rates = [word, word + 0.5, word + 1].map((count) => count / 2 ** 32);
      const kept = rates.map((rate) => maskOf(40, rate, SOME)[i]! > 0);
      expect(kept).toEqual([true, false, false]);
    }
  });

  test("a rate of 0 keeps everything as it is; one that rounds to 1 has a probability of 1 − 2⁻³²", () => {
    expect(maskOf(1000, 0)).toEqual(new Array(1000).fill(1));
    expect(maskOf(1000, 1 - 2 ** -53)).toEqual(new Array(1000).fill(0));
  });

  test.each([0.1, 0.5, 0.75])(
    "at a rate of %d as many are dropped as should be, in 10⁵ draws, and the mean is kept",
    (rate) => {
      const masks = Array.from({ length: 20 }, (_, step) => maskOf(5000, rate, { seed: 1, step })).flat();
      const dropped = masks.filter((m) => m === 0).length;
      // Five standard deviations of the binomial distribution, and of a mean of numbers with variance rate / (1 − rate).
      expect(Math.abs(dropped / 1e5 - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / 1e5));
      const mean = masks.reduce((sum, m) => sum + m, 0) / 1e5;
      expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(rate / (1 - rate) / 1e5));
      // Neighbours do not follow each other: both are dropped with probability rate². Pairs that share a number go together, which
      // makes the variance up to three times that of pairs apart.
      const both = masks.filter((m, i) => m === 0 && masks[i + 1] === 0).length;
      expect(Math.abs(both / 1e5 - rate ** 2)).toBeLessThan(5 * Math.sqrt(3 * rate ** 2 * (1 - rate ** 2) * 1e-5));
    },
  );

  test("masks of different steps, layers and seeds agree no more than chance has it", () => {
    const places: Coordinates[] = [
      {},
      ...[1, 2 ** 32, 2 ** 53 - 1].flatMap((n) => [{ seed: n }, { step: n }]),
      ...[1, 256, 2 ** 31].map((layer) => ({ layer })),
    ];
    const count = 5000;
    const masks = places.map((place) => maskOf(count, 0.5, place));
    for (const [i, one] of masks.entries()) {
      for (const other of masks.slice(0, i)) {
        const same = one.filter((m, k) => m === other[k]).length;
        // Five standard deviations, of 45 pairs.
        expect(Math.abs(same / count - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / count));
      }
    }
  });

  test("NaN comes through whether it is dropped or kept, in every lane, and changes no other number", () => {
    const count = 2 * precision.lanes + 1;
    arena.clear();
    const { A: before, M } = forward(arena.input(values, 1, count), 0.5, SOME);
    const [expected, mask] = [arena.values(before), arena.values(M)];
    expect(new Set(mask)).toEqual(new Set([0, 2]));
    for (let at = 0; at < count; at++) {
      for (const special of [Number.NaN, Infinity]) {
        arena.clear();
        const x = precision.array(values.subarray(0, count));
        x[at] = special;
        const a = arena.values(forward(arena.input(x, 1, count), 0.5, SOME).A);
        expect(a).toEqual(expected.with(at, special * mask[at]!));
      }
    }
  });
});
