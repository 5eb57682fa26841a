import { describe, expect, test } from "vitest";
import { add, type DoubleDouble, multiply } from "../math/doubleDouble.ts";
import { type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

/** Numbers that are added up before the next begin. */
const CHUNK = 4096;

/** Σ a·b in the order that the kernel states. */
function plainDot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let first = 0; first < a.length; first += CHUNK) {
    const [p0, p1, p2, p3, p4, p5, p6, p7] = Array.from({ length: 8 }, (_, j) => {
      let sum = 0;
      for (let i = first + j; i < Math.min(first + CHUNK, a.length); i += 8) sum += a[i]! * b[i]!;
      return sum;
    }) as [number, number, number, number, number, number, number, number];
    total += p0 + p2 + (p4 + p6) + (p1 + p3 + (p5 + p7));
  }
  return total;
}

describe.each(PRECISIONS)("vectors in $name", async (precision) => {
  const { size, lanes, epsilon, array, round, largest: top } = precision;
  const arena = await Arena.create(precision);
  const { core } = arena;
  const small = Array.from({ length: 33 }, (_, i) => (i + 1) * lanes);
  const chunks = [-2, -1, 0, 1, 5].flatMap((more) => [CHUNK + more * lanes, 2 * CHUNK + more * lanes]);
  const [manyA, manyB] = [normal(precision, 2 * CHUNK + 5 * lanes, 1), normal(precision, 2 * CHUNK + 5 * lanes, 2)];

  function dot(a: Numbers, b: Numbers): number {
    arena.clear();
    const [x, y] = [a, b].map((values) => arena.input(values, 1, values.length));
    return arena.guard(() => core.dot(size, x!.address, y!.address, x!.bytes));
  }

  // Of numbers of f32 products are exact in f64, fused or not.
  test("dot adds in the order it states, bit for bit, over 1 to 33 vectors and around one and two chunks", () => {
    for (const count of [...small, ...chunks]) {
      const [a, b] = [manyA, manyB].map((many) => many.slice(0, count).map(Math.fround)) as [Numbers, Numbers];
      expect(dot(a, b)).toBe(plainDot(a, b));
    }
  });

  test("dot is as near to the exact sum as 8 partial sums and their tree allow", () => {
    for (const count of [...small, ...chunks]) {
      const [a, b] = [manyA.slice(0, count) as Numbers, manyB.slice(0, count) as Numbers];
      let exact: DoubleDouble = [0, 0];
      let magnitudes = 0;
      for (let i = 0; i < count; i++) {
        exact = add(exact, multiply([a[i]!, 0], [b[i]!, 0]));
        magnitudes += Math.abs(a[i]! * b[i]!);
      }
      // A term is rounded as a product, in its partial sum, three times in the tree and once for each chunk.
      const roundings = 1 + Math.ceil(Math.min(count, CHUNK) / 8) + 3 + Math.ceil(count / CHUNK);
      expect(Math.abs(dot(a, b) - exact[0])).toBeLessThanOrEqual(roundings * 2 ** -53 * magnitudes);
    }
  });

  test("dot and the largest magnitude hand on NaN from every place, and infinities", () => {
    for (let count = lanes; count <= 9 * lanes; count += lanes) {
      for (let at = 0; at < count; at++) {
        const [a, b] = [manyA.slice(0, count) as Numbers, manyB.slice(0, count) as Numbers];
        for (const special of [Number.NaN, Infinity, -Infinity]) {
          a[at] = special;
          expect(dot(a, b)).toBe(special * Math.sign(b[at]!));
          expect(dot(b, a)).toBe(special * Math.sign(b[at]!));
          const x = arena.input(a, 1, count);
          expect(core.largest(size, x.address, x.bytes)).toBe(Math.abs(special));
        }
      }
    }
  });

  test("the largest magnitude is found at every place, negative or positive", () => {
    for (const count of small) {
      for (let at = 0; at < count; at++) {
        const a = manyA.slice(0, count) as Numbers;
        a[at] = at % 2 ? top : -top;
        arena.clear();
        const x = arena.input(a, 1, count);
        expect(arena.guard(() => core.largest(size, x.address, x.bytes))).toBe(top);
      }
      arena.clear();
      const x = arena.input(manyA, 1, count);
      expect(core.largest(size, x.address, x.bytes)).toBe(Math.max(...manyA.slice(0, count).map(Math.abs)));
    }
  });

  // Where out stands: apart, in y's place, in x's place.
  test.each(["apart", "y", "x"] as const)("axpy is y + α·x over 1 to 33 vectors, written %s", (where) => {
    for (const count of small) {
      // A third is no number of either precision.
      for (const alpha of [1 / 3, -1, 0]) {
        const factor = round(alpha);
        arena.clear();
        const y = where === "y" ? arena.inOut(manyB, 1, count) : arena.input(manyB, 1, count);
        const x = where === "x" ? arena.inOut(manyA, 1, count) : arena.input(manyA, 1, count);
        const out = { apart: () => arena.output(1, count), y: () => y, x: () => x }[where]();
        arena.guard(() => core.axpy(size, out.address, y.address, alpha, x.address, x.bytes));
        for (const [i, value] of arena.padded(out).entries()) {
          const exact = add(multiply([factor, 0], [manyA[i]!, 0]), [manyB[i]!, 0]);
          // The product is rounded, or not where it is fused; the sum is.
          const bound = (epsilon / 2) * (Math.abs(factor * manyA[i]!) + 1.01 * Math.abs(exact[0]));
          expect(Math.abs(add(exact, [-value, 0])[0])).toBeLessThanOrEqual(bound);
          if (alpha === 0) expect(value).toBe(manyB[i]!);
          if (alpha === -1) expect(value).toBe(round(manyB[i]! - manyA[i]!));
        }
      }
    }
  });

  test("scale is α·x, each product rounded once, and by 1 a copy of every bit", () => {
    for (const count of small) {
      for (const [alpha, inPlace] of [
        [1 / 3, false],
        [-2.5, true],
      ] as const) {
        arena.clear();
        const x = inPlace ? arena.inOut(manyA, 1, count) : arena.input(manyA, 1, count);
        const out = inPlace ? x : arena.output(1, count);
        arena.guard(() => core.scale(size, out.address, alpha, x.address, x.bytes));
        expect(arena.padded(out)).toEqual(array(manyA.slice(0, count).map((value) => round(alpha) * value)));
      }
    }
    arena.clear();
    const values = array([0, -0, Number.NaN, Infinity, -Infinity, top, precision.smallest, -precision.smallest]);
    const [x, out] = [arena.input(values, 1, 8), arena.output(1, 8)];
    arena.guard(() => core.scale(size, out.address, 1, x.address, x.bytes));
    expect(arena.padded(out)).toEqual(values);
  });
});
