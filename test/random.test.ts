// biome-ignore-all lint/correctness/noPrecisionLoss: expected values have 17 digits
import { describe, expect, it } from "vitest";
import bytes from "../build/random.wasm";
import * as reference from "./reference/random.ts";

interface Core {
  philox(out: number, c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): void;
  shuffle(
    order: number,
    count: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    pass: number,
    scratch: number,
  ): void;
  draw(
    order: number,
    count: number,
    rows: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    first: number,
    scratch: number,
  ): void;
  sequence(order: number, count: number, first: number): void;
  quantile(q: number): number;
  uniformF32: Fill;
  uniformF64: Fill;
  normalF32: Fill;
  normalF64: Fill;
  constantF32(out: number, rows: number, columns: number, stride: number, value: number): void;
  constantF64(out: number, rows: number, columns: number, stride: number, value: number): void;
}

type Fill = (
  out: number,
  rows: number,
  columns: number,
  stride: number,
  scale: number,
  seedLow: number,
  seedHigh: number,
  stream: number,
) => void;

const memory = new WebAssembly.Memory({ initial: 32 });
const core = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as unknown as Core;

/** Where results go: behind the module's constants, at an address that is no multiple of 16. */
const OUT = 65536 + 8;
/** Where the core keeps its draws. */
const SCRATCH = 2 ** 20;
const CANARY = 0xdeadbeef;
const SEED = 2 ** 52 + 12345;

const low = (seed: number) => seed % 2 ** 32;
const high = (seed: number) => Math.floor(seed / 2 ** 32);

/** Runs `fill` on `count` words between two canaries and returns the words. */
function words(count: number, fill: () => void): Uint32Array {
  const view = new Uint32Array(memory.buffer, OUT - 4, count + 2).fill(CANARY);
  fill();
  expect([view[0], view[count + 1]]).toEqual([CANARY, CANARY]);
  return view.slice(1, count + 1);
}

function shuffle(count: number, seed: number, epoch: number, pass = 0): number[] {
  return [...words(count, () => core.shuffle(OUT, count, low(seed), high(seed), epoch, pass, SCRATCH))];
}

function draw(count: number, rows: number, seed: number, epoch: number, first = 0): number[] {
  return [...words(count, () => core.draw(OUT, count, rows, low(seed), high(seed), epoch, first, SCRATCH))];
}

interface Block {
  rows: number;
  columns: number;
  stride?: number;
  scale?: number;
  seed?: number;
  stream?: number;
}

/** The numbers [rows][stride] that `name` writes, f32 or f64. */
function fill(
  name: "uniformF32" | "uniformF64" | "normalF32" | "normalF64",
  { rows, columns, stride = columns, scale = 1, seed = SEED, stream = 0 }: Block,
): number[] {
  const single = name.endsWith("F32");
  const written = words(rows * stride * (single ? 1 : 2), () =>
    core[name](OUT, rows, columns, stride, scale, low(seed), high(seed), stream),
  );
  return [...(single ? new Float32Array(written.buffer) : new Float64Array(written.buffer))];
}

/** Where two long arrays first differ, and how; undefined if nowhere. The runner's own comparison of them takes minutes. */
function difference(actual: readonly number[], expected: readonly number[]) {
  if (actual.length !== expected.length) return { actual: actual.length, expected: expected.length };
  const index = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  return index < 0 ? undefined : { index, actual: actual[index], expected: expected[index] };
}

/** Σ (observed − expected)² / expected over equally likely cells. */
function chiSquare(counts: readonly number[], samples: number): number {
  const expected = samples / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The distance to the next f64 above |x|, x normal. */
function ulp(x: number): number {
  const bits = new BigUint64Array(new Float64Array([Math.abs(x)]).buffer);
  const above = new Float64Array(new BigUint64Array([bits[0]! + 1n]).buffer)[0]!;
  return above - Math.abs(x);
}

describe("philox", () => {
  // kat_vectors of Random123: counter, key, words.
  it.each([
    ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ])("turns the published counter %s and key %s into %s, and so does the reference", (counter, key, expected) => {
    const parse = (text: string) => text.split(" ").map((word) => BigInt(`0x${word}`));
    const [c0, c1, c2, c3] = parse(counter).map(Number) as [number, number, number, number];
    const [k0, k1] = parse(key).map(Number) as [number, number];
    expect([...words(4, () => core.philox(OUT, c0, c1, c2, c3, k0, k1))]).toEqual(parse(expected).map(Number));
    expect(reference.philox(parse(counter), parse(key))).toEqual(parse(expected));
  });
});

describe("shuffle", () => {
  it("equals the plain reference for every count from 0 to 66 and around powers of ten", () => {
    const counts = [...Array.from({ length: 67 }, (_, i) => i), 99, 100, 101, 999, 1000];
    for (const count of counts) {
      expect(difference(shuffle(count, SEED, 7), reference.shuffle(count, SEED, 7, 0))).toBeUndefined();
    }
  });

  it("is a permutation of 60,000 rows that equals the reference", () => {
    const order = shuffle(60_000, SEED, 2 ** 53 - 1, 3);
    expect(difference(order, reference.shuffle(60_000, SEED, 2 ** 53 - 1, 3))).toBeUndefined();
    const sorted = [...order].sort((a, b) => a - b);
    expect(difference(sorted, [...order.keys()])).toBeUndefined();
  });

  it("gives each of the 120 permutations of five rows equally often over the epochs", () => {
    const epochs = 24_000;
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffle(5, 1, epoch).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(120);
    const statistic = chiSquare([...counts.values()], epochs);
    // The 0.1 % and 99.9 % quantiles of χ² with 119 degrees of freedom; the seed is fixed, so is the statistic.
    expect(statistic).toBeGreaterThan(76.9);
    expect(statistic).toBeLessThan(172.5);
  });

  it("puts each of ten rows first equally often over the passes of one epoch", () => {
    const passes = 10_000;
    const counts = new Array<number>(10).fill(0);
    for (let pass = 0; pass < passes; pass++) counts[shuffle(10, 1, 4, pass)[0]!]!++;
    // The 99.9 % quantile of χ² with 9 degrees of freedom.
    expect(chiSquare(counts, passes)).toBeLessThan(27.9);
  });
});

describe("draw", () => {
  it.each([1, 2, 3, 10, 97, 60_000, 2 ** 31, 2 ** 32 - 1])("equals the plain reference for %i rows", (rows) => {
    expect(difference(draw(501, rows, SEED, 11), reference.draw(501, rows, SEED, 11, 0))).toBeUndefined();
  });

  it.each([0, 1, 2 ** 32 - 50, 2 ** 33 - 51, 2 ** 53 - 101])(
    "filled in pieces from draw %i on equals the draws in one go",
    (first) => {
      const whole = draw(100, 60_000, SEED, 5, first);
      const pieces = [0, 1, 2, 3, 10, 51, 52, 87, 100].flatMap((start, i, starts) => {
        const count = (starts[i + 1] ?? start) - start;
        return draw(count, 60_000, SEED, 5, first + start);
      });
      expect(pieces).toEqual(whole);
      expect(whole).toEqual(reference.draw(100, 60_000, SEED, 5, first));
    },
  );

  it("hits each of 97 rows equally often, and after any row each of 8 equally often", () => {
    const count = 96_000;
    const counts = new Array<number>(97).fill(0);
    for (const row of draw(count, 97, 1, 0)) counts[row]!++;
    // The 0.1 % and 99.9 % quantiles of χ² with 96 degrees of freedom, then of 63.
    expect(chiSquare(counts, count)).toBeGreaterThan(58.8);
    expect(chiSquare(counts, count)).toBeLessThan(144.6);

    const pairs = new Array<number>(64).fill(0);
    const rows = draw(count + 1, 8, 1, 0);
    for (let j = 0; j < count; j++) pairs[rows[j]! * 8 + rows[j + 1]!]!++;
    expect(chiSquare(pairs, count)).toBeGreaterThan(33.9);
    expect(chiSquare(pairs, count)).toBeLessThan(103.5);
  });
});

describe("sequence", () => {
  it("counts up from the first row", () => {
    expect([...words(5, () => core.sequence(OUT, 5, 0))]).toEqual([0, 1, 2, 3, 4]);
    expect([...words(3, () => core.sequence(OUT, 3, 60_000))]).toEqual([60_000, 60_001, 60_002]);
    expect([...words(0, () => core.sequence(OUT, 0, 7))]).toEqual([]);
  });
});

describe("initial values", () => {
  it("uniform values equal the plain reference, times the limit", () => {
    const limit = 0.0625; // a power of two: the product is exact
    const expected = reference.uniform(7 * 9, SEED, 257).map((value) => value * limit);
    expect(fill("uniformF64", { rows: 7, columns: 9, scale: limit, stream: 257 })).toEqual(expected);
  });

  it("uniform values stay inside (−limit, limit) and have the moments of the uniform distribution", () => {
    const limit = 0.3;
    const values = fill("uniformF64", { rows: 100, columns: 1000, scale: limit });
    const mean = (power: number) => values.reduce((sum, x) => sum + (x / limit) ** power, 0) / values.length;
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(limit);
    expect(values.includes(0)).toBe(false);
    // Four standard errors at 10⁵ values: √(1/3), √(1/5 − 1/9), √(1/9 − 1/25), each over √10⁵.
    expect(Math.abs(mean(1))).toBeLessThan(0.0074);
    expect(Math.abs(mean(2) - 1 / 3)).toBeLessThan(0.0038);
    expect(Math.abs(mean(4) - 1 / 5)).toBeLessThan(0.0034);
  });

  it("normal values are the quantiles of the uniform values at the same indexes, times the standard deviation", () => {
    const expected = reference.uniform(7 * 9, SEED, 3).map((value) => core.quantile(value / 2) * 0.7);
    expect(fill("normalF64", { rows: 7, columns: 9, scale: 0.7, stream: 3 })).toEqual(expected);
  });

  it("normal values have the moments of the normal distribution and do not follow their neighbours", () => {
    const n = 100_000;
    const z = fill("normalF64", { rows: 100, columns: 1000, scale: 0.5 }).map((x) => x / 0.5);
    const mean = (f: (x: number, i: number) => number) => z.reduce((sum, x, i) => sum + f(x, i), 0) / n;
    // Four standard errors: √(1/n), √(2/n), √(15/n), √(96/n), √(1/n).
    expect(Math.abs(mean((x) => x))).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(mean((x) => x ** 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(mean((x) => x ** 3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(mean((x) => x ** 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    expect(Math.abs(mean((x, i) => x * (z[i + 1] ?? 0)))).toBeLessThan(4 * Math.sqrt(1 / n));
  });

  it.each(["uniform", "normal"] as const)("%s values in f32 are those in f64, rounded once", (name) => {
    const block = { rows: 37, columns: 53, scale: 0.11 };
    const rounded = fill(`${name}F64`, block).map(Math.fround);
    expect(difference(fill(`${name}F32`, block), rounded)).toBeUndefined();
  });

  it.each(["uniformF32", "uniformF64", "normalF32", "normalF64"] as const)(
    "%s gives the same values with padding, and writes the padding 0",
    (name) => {
      for (const columns of [1, 3, 4, 5]) {
        const dense = fill(name, { rows: 6, columns });
        const padded = fill(name, { rows: 6, columns, stride: 8 });
        expect(padded.filter((_, i) => i % 8 < columns)).toEqual(dense);
        expect(padded.filter((_, i) => i % 8 >= columns)).toEqual(new Array(6 * (8 - columns)).fill(0));
      }
    },
  );

  it("constants fill the columns and leave the padding 0", () => {
    const single = words(8, () => core.constantF32(OUT, 2, 3, 4, 0.1));
    const tenth = Math.fround(0.1);
    expect([...new Float32Array(single.buffer)]).toEqual([tenth, tenth, tenth, 0, tenth, tenth, tenth, 0]);
    const double = words(8, () => core.constantF64(OUT, 2, 1, 2, 0.1));
    expect([...new Float64Array(double.buffer)]).toEqual([0.1, 0, 0.1, 0]);
  });
});

describe("streams", () => {
  it("differ by seed, epoch and pass in shuffles", () => {
    const seeds = [0, 1, 2 ** 32, 2 ** 53 - 1];
    const orders = seeds.flatMap((seed) => seeds.flatMap((epoch) => [0, 1].map((p) => shuffle(40, seed, epoch, p))));
    expect(new Set(orders.map(String)).size).toBe(32);
  });

  it("differ by seed, layer and block in initial values", () => {
    const values = [0, 1, 2 ** 32, 2 ** 53 - 1].flatMap((seed) =>
      [0, 1, 256, 257].flatMap((stream) => fill("uniformF64", { rows: 1, columns: 50, seed, stream })),
    );
    expect(new Set(values).size).toBe(800);
  });

  it("differ by purpose where seed, stream, epoch and index agree", () => {
    // Each as a fraction of 2⁶⁴: draws from 2³² − 1 rows and uniform values show the upper bits, a shuffle does not.
    const count = 1000;
    const draws = draw(count, 2 ** 32 - 1, 5, 0).map((row) => row / 2 ** 32);
    const initial = fill("uniformF64", { rows: 1, columns: count, seed: 5 }).map((x) => (x < 0 ? x / 2 + 1 : x / 2));
    const swaps = Array.from({ length: count }, (_, i) => Number(reference.randomBits(5, reference.SHUFFLE, 0, 0, i)));
    const shuffled = swaps.map((bits) => bits / 2 ** 64);
    const close = (a: number[], b: number[]) => a.filter((x, i) => Math.abs(x - b[i]!) < 1e-6).length;
    expect([close(draws, initial), close(draws, shuffled), close(initial, shuffled)]).toEqual([0, 0, 0]);
  });
});

describe("quantile", () => {
  // q; −statistics.NormalDist().inv_cdf(0.5 − q) of Python 3.11; √2 · erfinv(2q), computed with 200 bits (mpmath).
  const table: [number, number, number][] = [
    [2 ** -52, 5.565832849343535e-16, 5.5658328493435338e-16],
    [1 / 1024, 0.0024478816191106779, 0.0024478816191106775],
    [37 / 1024, 0.090695715672931124, 0.090695715672931126],
    [101 / 1024, 0.24980988492924441, 0.24980988492924442],
    [256 / 1024, 0.67448975019608171, 0.67448975019608174],
    [400 / 1024, 1.229858759216589, 1.2298587592165891],
    [435 / 1024, 1.4381530790030161, 1.4381530790030161],
    [436 / 1024, 1.4450725798180741, 1.4450725798180744],
    [500 / 1024, 2.2662268092096522, 2.2662268092096525],
    [511 / 1024, 3.0972690781987842, 3.0972690781987845],
    [0.5 - 2 ** -20, 4.7630010342678135, 4.763001034267814],
    [0.5 - 2 ** -30, 6.0093535655307422, 6.0093535655307439],
    [0.5 - 2 ** -36, 6.6510353798930089, 6.6510353798930105],
    [0.5 - 2 ** -37, 6.752300431407015, 6.752300431407015],
    [0.5 - 2 ** -45, 7.515155294158907, 7.5151552941589076],
    [0.5 - 2 ** -53, 8.2095361516013856, 8.2095361516013869],
  ];

  it.each(table)(
    "of one half plus %f is that of another implementation, and of the exact inverse",
    (q, python, exact) => {
      // The same formula: only log may differ (2 ulp, halved by the square root), then goes through two polynomials.
      expect(Math.abs(core.quantile(q) - python)).toBeLessThanOrEqual(4 * ulp(python));
      // The documented error: the approximation's own, and the roundings of two polynomials.
      expect(Math.abs(core.quantile(q) - exact)).toBeLessThanOrEqual(6 * ulp(exact));
      expect(core.quantile(-q)).toBe(-core.quantile(q));
    },
  );
});
