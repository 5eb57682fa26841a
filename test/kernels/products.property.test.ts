import fc from "fast-check";
import { describe, test } from "vitest";
import { Gradient } from "../../assembly/opcodes.ts";
import { loadCore } from "../../src/module.ts";
import * as reference from "../reference/dense.ts";
import { type Numbers, normal, PRECISIONS, type Precision } from "../reference/precision.ts";
import { Arena, expectClose, type Rows } from "./harness.ts";
import { backward, forward } from "./layer.ts";

// Every form of the products against float64, at random shapes, strides and special values, whether the build fuses or not.

/** Multiplies without rounding, and where a gradient overflows, so does what is subtracted. */
const RATE = 2;

/** By which sums of f64 that overflow are scaled, so that they can be compared with the largest number. */
const SCALE = 2 ** -10;

/**
 * A way to add up that writes nothing, but throws unless the sum that is there is start + factor·Σ a·b to within max·(k·ε + ε),
 * max = |start| + |factor|·Σ|a·b|. XNNPACK's tests of products bound them so too, by the k, the ε and the largest that a term can be
 * (test/subgraph/batch-matrix-multiply.cc): no result is above max, an operation errs by at most ε/2 of its result, and a term passes
 * its product and at most k sums, or k − 1 and a descent's subtraction. As much again is left to the reference, which in f64 is no
 * more exact. What is below the normal numbers errs in a product by half the smallest number besides, here and there.
 *
 * All partial sums lie between the sum of the negative terms and that of the positive ones. Where these cannot overflow, no result
 * may; where one of them can, it depends on the order and the fusing whether it does, and where both can, anything may come out.
 */
function within({ epsilon, smallest, largest }: Precision, factor: number): typeof reference.inOrder {
  return (c, cAt, s, sAt, a, aAt, aStep, b, bAt, bStep, count) => {
    let scale = 1;
    let above = 0;
    let below = 0;
    /** The sum of the terms with a factor that is not finite: 0 without any. */
    let special = 0;
    const add = (x: number, y: number, by: number) => {
      const term = x * scale * y * by;
      if (!Number.isFinite(x) || !Number.isFinite(y)) special += term;
      else if (term > 0) above += term;
      else below -= term;
    };
    const addAll = () => {
      above = below = special = 0;
      if (s) add(s[sAt]!, 1, 1);
      for (let p = 0; p < count; p++) add(a[aAt + p * aStep]!, b[bAt + p * bStep]!, factor);
    };
    addAll();
    if (above + below === Infinity) {
      scale = SCALE;
      addAll();
    }
    const relative = (count + 1) * epsilon;
    const limit = (largest * scale) / (1 + relative);
    const rises = above > limit;
    const falls = below > limit;
    const overflown = special + (rises ? Infinity : 0) - (falls ? Infinity : 0);
    const sum = c[cAt]!;
    const what = `Sum ${cAt}`;
    if (special !== 0) {
      if (!Object.is(sum, overflown)) expectClose(sum, special, 0, what);
    } else if (!(rises && falls) && !(overflown !== 0 && sum === overflown)) {
      const value = above - below;
      const bound = (above + below) * relative + count * Math.abs(factor) * smallest * scale;
      expectClose(sum * scale, value, Number.isFinite(value) ? bound : 0, what);
    }
  };
}

/** Around the widths of vectors, panels, tiles and blocks, and around powers of two; blocks of sums have 256, 384 or 768 terms. */
const EDGES = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257],
  ...[384, 385, 387, 768, 769, 771],
];
/** Multiplications of one product at most, for the time that the reference takes. */
const MOST = 2 ** 20;
/** Numbers of one matrix at most, but for the large ones. */
const AREA = 2 ** 17;
/** Rows and columns of a matrix of more than 512 KiB in either precision, of which not all rows are multiplied at once. */
const LARGE = [
  { min: 172, max: 300 },
  { min: 769, max: 780 },
];

/** Normal numbers, of which each matrix takes a stretch. */
const POOL = 2 ** 19;

interface Special {
  readonly at: number;
  readonly value: number;
}

/** Sizes, strides and matrices: normal numbers, some of them special. Few enough that most sums have none or one. */
function cases({ smallest, smallestNormal, largest }: Precision) {
  const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(...EDGES));
  const value = [
    0,
    -0,
    smallest,
    -5 * smallest,
    smallestNormal / 2,
    largest,
    -largest,
    Infinity,
    -Infinity,
    Number.NaN,
  ];
  const special: fc.Arbitrary<Special> = fc.record({
    // The first and the last of each matrix meet.
    at: fc.oneof(fc.constantFrom(0, -1), fc.nat(AREA)),
    value: fc.constantFrom(...value),
  });
  const matrix = fc.record({
    from: fc.nat(POOL / 2),
    // Two of the small ones have products around the smallest normal number.
    deviation: fc.constantFrom(1, 1, Math.sqrt(smallestNormal)),
    specials: fc.oneof(fc.constant([]), fc.array(special, { minLength: 1, maxLength: 4 })),
  });
  const sizes = fc
    .record({ rows: fc.oneof(fc.constant(1), size, size), inputs: size, outputs: size })
    .filter(({ rows, inputs, outputs }) => {
      const area = Math.max(rows * inputs, inputs * outputs, rows * outputs);
      return area <= AREA && rows * inputs * outputs <= MOST;
    });
  const [rows, columns] = LARGE.map((range) => fc.integer(range));
  const few = fc.integer({ min: 1, max: 9 });
  const largeX = fc.record({ rows: rows!, inputs: columns!, outputs: few });
  const largeZ = fc.record({ rows: rows!, inputs: few, outputs: columns! });
  const wider = fc.nat(3);
  return fc.record({
    sizes: fc.oneof({ weight: 8, arbitrary: sizes }, largeX, largeZ),
    wider: fc.record({ x: wider, z: wider }),
    x: matrix,
    w: matrix,
    b: matrix,
    dz: matrix,
    start: matrix,
    zeros: fc.constantFrom("none", "none", "none", "x", "dz"),
    infinite: fc.nat(AREA),
  });
}

describe.each(PRECISIONS)("in $name, as in float64 within max·(k·ε + ε)", async (precision) => {
  // 8 MiB: two large matrices and the workspace of a third, of 2 MiB each, and what is as long as a side of them.
  const module = await loadCore();
  const { core, buffer } = module.instantiate(2 ** 23);
  const arena = new Arena(precision, core, buffer, module.heapBase);

  type Case = ReturnType<typeof cases> extends fc.Arbitrary<infer C> ? C : never;

  const pool = normal(precision, POOL, 1);

  function numbers(count: number, { from, deviation, specials }: Case["x"]): Numbers {
    const values = pool.slice(from, from + count);
    if (deviation !== 1) for (let i = 0; i < count; i++) values[i]! *= deviation;
    for (const { at, value } of specials) values[at < 0 ? count - 1 : at % count] = value;
    return values;
  }

  /** The layer of a case, and what gradients are added to. */
  function layer({ sizes, x, w, b, dz, start, zeros, infinite }: Case) {
    const { rows, inputs, outputs } = sizes;
    const matrices = {
      x: numbers(rows * inputs, x),
      w: numbers(inputs * outputs, w),
      b: numbers(outputs, b),
      dz: numbers(rows * outputs, dz),
      start: numbers(inputs * outputs, start),
    };
    // 0·∞, which is too rare otherwise.
    for (const name of ["x", "w", "dz"] as const) {
      const matrix = matrices[name];
      if (name === zeros) matrix.fill(0);
      else if (zeros !== "none") matrix[infinite % matrix.length] = Infinity;
    }
    return matrices;
  }

  const results = (matrix: Rows) => precision.array(arena.values(matrix));
  const always = (check: (one: Case) => void) =>
    fc.assert(fc.property(cases(precision), check), { seed: 1, numRuns: 80 });

  test("denseForward: B + X·W", () => {
    always((one) => {
      const { x, w, b } = layer(one);
      const z = results(forward(arena, { x, w, b }, one.sizes, { wider: one.wider }));
      reference.forward(within(precision, 1), z, x, w, b, one.sizes);
    });
  });

  test.each([
    ["stored: 0 + Xᵀ·D_Z", Gradient.Store],
    ["accumulated: D_W + Xᵀ·D_Z", Gradient.Accumulate],
    ["descended: W − rate·(Xᵀ·D_Z)", Gradient.Descend],
  ])("denseBackward %s, and the same of the biases", (_, gradient) => {
    always((one) => {
      const { start, ...rest } = layer(one);
      const { x, w, b, dz } = rest;
      const accumulate = gradient === Gradient.Accumulate && { start };
      const { dw, db } = backward(arena, rest, one.sizes, { gradient, rate: RATE, wider: one.wider, ...accumulate });
      const descend = gradient === Gradient.Descend;
      const check = within(precision, descend ? -RATE : 1);
      const from = accumulate ? start : undefined;
      reference.weightGradient(check, results(dw), descend ? w : from, x, dz, one.sizes);
      reference.biasGradient(check, results(db), descend ? b : from, dz, one.sizes);
    });
  });

  test("denseBackward: D_Z·Wᵀ", () => {
    always((one) => {
      const { x, w, b, dz } = layer(one);
      const options = { gradient: Gradient.Store, dx: true, wider: one.wider };
      const { dx } = backward(arena, { x, w, b, dz }, one.sizes, options);
      reference.inputGradient(within(precision, 1), results(dx), dz, w, one.sizes);
    });
  });
});
