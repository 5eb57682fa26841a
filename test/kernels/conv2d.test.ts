import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Activation, Gradient, Op } from "../../assembly/opcodes.ts";
import { loadCore } from "../../src/module.ts";
import * as reference from "../reference/conv2d.ts";
import { f64, type Numbers, normal, PRECISIONS, uniform } from "../reference/precision.ts";
import { backward, forward } from "./convolution.ts";
import { expectDerivative } from "./differences.ts";
import { Arena } from "./harness.ts";

type Convolution = reference.Convolution;
const { Store, Accumulate, Skip } = Gradient;

/** Positions of a window along one side, with `before` and `after` places outside; at least one. */
const outOf = (size: number, before: number, after: number, kernel: number, stride: number, dilation: number) =>
  Math.floor((before + size + after - (kernel - 1) * dilation - 1) / stride) + 1;

/** A convolution with padding on each side. */
function convolution(
  sizes: Omit<Convolution, "outHeight" | "outWidth"> & { readonly bottom: number; readonly right: number },
): Convolution {
  const { bottom, right, ...s } = sizes;
  return {
    ...s,
    outHeight: outOf(s.height, s.top, bottom, s.kernelHeight, s.strideY, s.dilationY),
    outWidth: outOf(s.width, s.left, right, s.kernelWidth, s.strideX, s.dilationX),
  };
}

const square = (rows: number, side: number, channels: number, filters: number, kernel: number, pad = 0, stride = 1) =>
  convolution({
    ...{ rows, height: side, width: side, channels, filters, kernelHeight: kernel, kernelWidth: kernel },
    ...{ strideY: stride, strideX: stride, dilationY: 1, dilationX: 1, top: pad, left: pad, bottom: pad, right: pad },
  });

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
  const pool = normal(precision, 2 ** 18, 1);
  const numbers = (count: number, from: number): Numbers => pool.slice(from * 101, from * 101 + count);
  const layerOf = (s: Convolution) => ({
    x: numbers(s.rows * s.height * s.width * s.channels, 1),
    w: numbers(reference.terms(s) * s.filters, 2),
    b: numbers(s.filters, 3),
    dz: numbers(reference.positions(s) * s.filters, 4),
  });
  const startOf = (s: Convolution) => numbers(reference.terms(s) * s.filters, 5);

  function checkForward(s: Convolution, bias: boolean, compact: boolean) {
    const { x, w, b } = layerOf(s);
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
    const { x, w, dz } = layerOf(s);
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

  test("a sample has the same bits alone and in a batch, forward and D_X", () => {
    for (const s of [square(9, 9, 3, 7, 3, 1), square(5, 10, 4, 5, 4)]) {
      const { x, w, b, dz } = layerOf(s);
      const part = (values: Numbers, i: number) => {
        const length = values.length / s.rows;
        return values.slice(i * length, (i + 1) * length) as Numbers;
      };
      const one = { ...s, rows: 1 };
      const each = (run: (i: number) => number[]) => Array.from({ length: s.rows }, (_, i) => run(i)).flat();
      const z = arena.values(forward(arena, { x, w, b }, s));
      expect(each((i) => arena.values(forward(arena, { x: part(x, i), w, b }, one)))).toEqual(z);
      const options = { gradient: Skip, dx: true };
      const dx = arena.values(backward(arena, { x, w, dz }, s, options).dx);
      const alone = (i: number) => backward(arena, { x: part(x, i), w, dz: part(dz, i) }, one, options).dx;
      expect(each((i) => arena.values(alone(i)))).toEqual(dx);
    }
  });

  test.each(["Identity", "Relu", "Tanh", "Sigmoid"] as const)(
    "%s has the bits of the activation behind the convolution, and of its derivative ahead of it",
    (name) => {
      const activation = Activation[name];
      const s = square(9, 17, 3, 7, 3, 1);
      const { x, w, b, dz } = layerOf(s);
      const fused = arena.values(forward(arena, { x, w, b }, s, { activation }));
      const z = precision.array(arena.values(forward(arena, { x, w, b }, s)));
      arena.clear();
      const Z = arena.input(z, reference.positions(s), s.filters, { value: 0 });
      const A = arena.output(reference.positions(s), s.filters);
      arena.run(1, [Op.Activate, A, Z, Z.bytes, activation]);
      const values = activation === Activation.Identity ? Array.from(z) : arena.values(A);
      expect(fused).toEqual(values);

      const a = precision.array(values);
      arena.clear();
      const D = arena.inOut(dz, reference.positions(s), s.filters, { value: 0 });
      const from = arena.input(a, reference.positions(s), s.filters, { value: 0.5 });
      arena.run(1, [Op.ActivateBackward, D, D, from, D.bytes, activation]);
      const derived = precision.array(arena.values(D));
      const options = { gradient: Store, dx: true };
      const bits = ({ dz, dx, dw, db }: ReturnType<typeof backward>) =>
        [dz, dx, dw, db].map((matrix) => arena.padded(matrix).slice());
      const apart = bits(backward(arena, { x, w, dz: derived }, s, options));
      expect(bits(backward(arena, { x, w, dz }, s, { ...options, activation, a }))).toEqual(apart);
    },
  );

  // 0·NaN and 0·∞ are NaN: no product may be left out because a factor is 0.
  test.each([Number.NaN, Infinity])(
    "%d in one place of x, w or D_Z comes out where the plain loops have it",
    (special) => {
      const s = square(2, 6, 3, 5, 3, 1);
      const plain = layerOf(s);
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

test("the derivatives are central differences in f64", async () => {
  const arena = await Arena.create(f64);
  const s = convolution({
    ...{ rows: 2, height: 5, width: 4, channels: 3, filters: 3, kernelHeight: 3, kernelWidth: 2 },
    ...{ strideY: 2, strideX: 1, dilationY: 1, dilationX: 2, top: 1, left: 2, bottom: 1, right: 0 },
  });
  const point = {
    x: normal(f64, s.rows * s.height * s.width * s.channels, 1),
    w: normal(f64, reference.terms(s) * s.filters, 2, 0.3),
    b: normal(f64, s.filters, 3),
  };
  const c = uniform(f64, reference.positions(s) * s.filters, 4);
  const activation = Activation.Tanh;
  const at = (p: typeof point) => arena.values(forward(arena, p, s, { activation }));
  const summed = (p: typeof point) => at(p).reduce((sum, value, i) => sum + c[i]! * value, 0);
  const a = f64.array(at(point));
  const got = backward(arena, { ...point, dz: c }, s, { gradient: Store, dx: true, activation, a });
  expectDerivative(summed, point, {
    x: arena.values(got.dx),
    w: arena.values(got.dw),
    b: arena.values(got.db),
  });
});
