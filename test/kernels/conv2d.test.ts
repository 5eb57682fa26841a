import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Gradient } from "../../assembly/opcodes.ts";
import { loadCore } from "../../src/module.ts";
import * as reference from "../reference/conv2d.ts";
import { type Numbers, normal, PRECISIONS } from "../reference/precision.ts";
import { backward, convolution, forward, layerOf, square } from "./convolution.ts";
import { Arena } from "./harness.ts";

type Convolution = reference.Convolution;
const { Store, Accumulate, Skip } = Gradient;

const upTo = (max: number, min = 1) => fc.integer({ min, max });

const convolutions = fc
  .record({
    ...{ rows: upTo(5), height: upTo(13), width: upTo(13), channels: upTo(9), filters: upTo(17) },
    ...{ kernelHeight: upTo(5), kernelWidth: upTo(5), strideY: upTo(3), strideX: upTo(3) },
    ...{ dilationY: upTo(2), dilationX: upTo(2) },
    ...{ top: upTo(4, 0), left: upTo(4, 0), bottom: upTo(4, 0), right: upTo(4, 0) },
  })
  .map(convolution)
  .filter(({ outHeight, outWidth }) => outHeight > 0 && outWidth > 0);

/** Of a random convolution. */
const cases = fc.record({
  s: convolutions,
  ...{ compact: fc.boolean(), bias: fc.boolean(), dx: fc.boolean() },
  gradient: fc.constantFrom(Store, Accumulate, Skip),
});

/** Those at which the kernels change their ways, and a few as they are used. */
const CHOSEN: readonly Convolution[] = [
  // Without a border the image is read where it is, and a window of one place is a product.
  square(3, 5, 8, 8, 1),
  square(2, 7, 3, 5, 1, 0, 2),
  // More than 256 and than 1024 positions, in one sample and in several, and more than 2048 positions or 256 KiB.
  square(1, 34, 1, 9, 2),
  square(3, 17, 2, 16, 3, 1),
  square(23, 10, 1, 2, 3, 1),
  square(5, 28, 1, 6, 5, 2),
  square(7, 32, 16, 3, 1),
  square(7, 32, 14, 3, 2, 1),
  // More than 384 and 768 terms.
  square(2, 6, 17, 9, 5, 2),
  square(2, 6, 32, 9, 5, 2),
  square(2, 6, 64, 20, 5, 2),
  // The window begins above the image and ends below it, and sees nothing of it in most places.
  square(2, 1, 3, 4, 5, 4),
  square(2, 2, 3, 4, 3, 4, 3),
  // One position.
  square(5, 4, 3, 6, 4),
];

describe.each(PRECISIONS)("a convolution in $name", async (precision) => {
  const module = await loadCore();
  const { core, buffer } = module.instantiate(2 ** 23);
  const arena = new Arena(precision, core, buffer, module.heapBase);
  const startOf = (s: Convolution) => normal(precision, reference.terms(s) * s.filters, 5);

  function checkForward(s: Convolution, bias: boolean, compact: boolean) {
    const { x, w, b } = layerOf(precision, s);
    const layer = { x, w, b: bias ? b : undefined };
    const expected = reference.forward(precision, x, w, layer.b, s);
    arena.expectExactly(forward(arena, layer, s, { compact }), expected, 0, JSON.stringify(s));
  }

  interface Case {
    readonly compact: boolean;
    readonly bias: boolean;
    readonly dx: boolean;
    readonly gradient: Gradient;
  }

  function checkBackward(s: Convolution, { compact, bias, dx, gradient }: Case) {
    const { x, w, dz } = layerOf(precision, s);
    const start = gradient === Accumulate ? startOf(s) : undefined;
    const options = { gradient, bias, dx, compact: compact && !dx, ...(start && { start }) };
    const got = backward(arena, { x, w, dz }, s, options);
    const label = JSON.stringify({ ...s, ...options });
    const untouched = arena.padded(arena.output(1, 1))[0]!;
    const expectUntouched = (values: ArrayLike<number>) =>
      expect(Array.from(values).every((value) => Object.is(value, untouched))).toBe(true);
    if (gradient === Skip) {
      expectUntouched(arena.padded(got.dw));
      expectUntouched(arena.padded(got.db));
    } else {
      const dw = reference.weightGradient(precision, x, dz, start, s);
      arena.expectExactly(got.dw, dw, 0, `D_W, ${label}`);
      if (bias) arena.expectExactly(got.db, reference.biasGradient(precision, dz, start, s), 0, `D_B, ${label}`);
      else if (!start) expectUntouched(arena.padded(got.db));
    }
    if (dx) arena.expectExactly(got.dx, reference.inputGradient(precision, dz, w, s), 0, `D_X, ${label}`);
    else expectUntouched(arena.padded(got.dx));
  }

  test("forward adds the patch to the bias in index order, bit for bit, at random shapes, whatever the padding of X", () => {
    fc.assert(
      fc.property(cases, ({ s, bias, compact }) => checkForward(s, bias, compact)),
      { seed: 1, numRuns: 400 },
    );
  });

  test("backward adds D_W and D_B in the order of the positions and D_X position by position, bit for bit, at random shapes", () => {
    fc.assert(
      fc.property(cases, ({ s, ...rest }) => checkBackward(s, rest)),
      { seed: 2, numRuns: 400 },
    );
  });

  test("both do so at the shapes where they change their ways", () => {
    for (const s of CHOSEN) {
      checkForward(s, true, false);
      checkForward(s, false, true);
      checkBackward(s, { compact: false, bias: true, dx: true, gradient: Store });
      checkBackward(s, { compact: true, bias: true, dx: false, gradient: Accumulate });
    }
  });

  // 0·NaN and 0·∞ are NaN: no product may be left out because a factor is 0.
  test.each([Number.NaN, Infinity])(
    "%d in one place of x, w or D_Z comes out where the plain loops have it",
    (special) => {
      const s = square(2, 6, 3, 5, 3, 1);
      const plain = layerOf(precision, s);
      for (const [name, at] of [
        ["x", 100],
        ["w", 7],
        ["dz", 200],
      ] as const) {
        const layer = { ...plain, [name]: plain[name].with(at, special) as Numbers };
        const { x, w, b, dz } = layer;
        const z = reference.forward(precision, x, w, b, s);
        arena.expectExactly(forward(arena, layer, s), z, undefined, name);
        const got = backward(arena, layer, s, { gradient: Store, dx: true });
        arena.expectExactly(got.dw, reference.weightGradient(precision, x, dz, undefined, s), undefined, name);
        arena.expectExactly(got.db, reference.biasGradient(precision, dz, undefined, s), undefined, name);
        arena.expectExactly(got.dx, reference.inputGradient(precision, dz, w, s), undefined, name);
        const results = { x: [z, got.dw], w: [z, got.dx], dz: [got.dw, got.db, got.dx] }[name];
        for (const values of results.map((result) => ("address" in result ? arena.values(result) : result))) {
          expect(values.every((value: number) => Number.isFinite(value))).toBe(false);
        }
      }
    },
  );
});
