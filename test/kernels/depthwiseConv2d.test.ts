import { describe, expect, test } from "vitest";
import { Activation, Gradient, Op } from "../../assembly/opcodes.ts";
import * as reference from "../reference/depthwiseConv2d.ts";
import { f64, type Numbers, normal, PRECISIONS, type Precision } from "../reference/precision.ts";
import { type Batch, inputs, outputs, type Window } from "../reference/window.ts";
import { expectDerivative } from "./differences.ts";
import { Arena } from "./harness.ts";
import { cases, fields, label, plain } from "./windows.ts";

interface Layer {
  readonly x: Numbers;
  readonly w: Numbers;
  readonly b?: Numbers | undefined;
}

const ZERO = { value: 0 };
/** Of X and A: finite, and no result. */
const GARBAGE = { value: 1e30 };

/** A in a cleared arena. */
function forward(arena: Arena, { x, w, b }: Layer, at: Window, batch: Batch, activation = Activation.Identity) {
  const { rows, channels } = batch;
  arena.clear();
  const X = arena.input(x, rows * at.height * at.width, channels, GARBAGE);
  const W = arena.input(w, at.kernelHeight * at.kernelWidth, channels, ZERO);
  const B = b ? arena.input(b, 1, channels, ZERO) : 0;
  const a = arena.output(rows * at.outHeight * at.outWidth, channels);
  arena.run(rows, [Op.DepthwiseConv2dForward, ...fields(at), a, X, W, B, X.rowBytes, activation]);
  return a;
}

interface Options {
  readonly gradient?: Gradient;
  readonly activation?: Activation;
  /** The outputs; D_Z is then written in place. */
  readonly a?: Numbers;
  /** What `Gradient.Accumulate` adds to. */
  readonly start?: { readonly w: Numbers; readonly b: Numbers };
  /** Whether D_X is wanted. */
  readonly dx?: boolean;
}

/** D_Z, D_X, D_W and D_B in a cleared arena. Without an activation no byte of D_Z may change. */
function backward(arena: Arena, { x, w, b }: Layer, dz: Numbers, at: Window, batch: Batch, options: Options = {}) {
  const { gradient = Gradient.Store, activation = Activation.Identity, a, start, dx = true } = options;
  const { rows, channels } = batch;
  arena.clear();
  const [positions, outPositions] = [rows * at.height * at.width, rows * at.outHeight * at.outWidth];
  const places = at.kernelHeight * at.kernelWidth;
  const DZ = arena[a ? "inOut" : "input"](dz, outPositions, channels, ZERO);
  const A = a ? arena.input(a, outPositions, channels, { value: 0.5 }) : 0;
  const X = arena.input(x, positions, channels, GARBAGE);
  const W = arena.input(w, places, channels, ZERO);
  const target = (values: Numbers | undefined, height: number) =>
    values ? arena.inOut(values, height, channels, ZERO) : arena.output(height, channels);
  const [DW, DB, DX] = [target(start?.w, places), target(start?.b, 1), arena.output(positions, channels)];
  arena.run(rows, [
    ...([Op.DepthwiseConv2dBackward, ...fields(at), DZ, A, X, W, dx ? DX : 0, DW, b ? DB : 0] as const),
    ...[X.rowBytes, activation, gradient],
  ]);
  return { dz: DZ, dx: DX, dw: DW, db: DB };
}

/** Numbers of a layer as they occur. */
function drawn(precision: Precision, at: Window, batch: Batch, seed: number) {
  const places = at.kernelHeight * at.kernelWidth * batch.channels;
  const parameters = (s: number) => ({ w: normal(precision, places, s), b: normal(precision, batch.channels, s + 1) });
  return {
    layer: { x: normal(precision, inputs(at, batch), seed), ...parameters(seed + 1) },
    dz: normal(precision, outputs(at, batch), seed + 3),
    start: parameters(seed + 4),
  };
}

describe.each(PRECISIONS)("depthwise convolution in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const { array } = precision;

  // x (1, 2, 3) by w (10, 1) of dilation 2, one position of padding on both sides, two channels, the second with x and w twice as
  // large, b (5, 0): the windows see (−, 2), (1, 3), (2, −), so z = 5 + 2, 5 + 10 + 3, 5 + 20, in the second channel (2, 13, 20)·4.
  // dz (1, 10, 100): dw = (1·10 + 2·100, 2·1 + 3·10), times 2 in the second channel; db 111;
  // dx = (10·10, 1·1 + 10·100, 1·10), times 2.
  test("matches a worked example", () => {
    const at = { ...plain([1, 3], [1, 2], [1, 1]), dilationX: 2, left: 1, outWidth: 3 };
    const batch = { rows: 1, channels: 2 };
    const layer = { x: array([1, 2, 2, 4, 3, 6]), w: array([10, 20, 1, 2]), b: array([5, 0]) };
    expect(arena.values(forward(arena, layer, at, batch))).toEqual([7, 8, 18, 52, 25, 80]);
    const { dx, dw, db } = backward(arena, layer, array([1, 1, 10, 10, 100, 100]), at, batch);
    expect(arena.values(dw)).toEqual([210, 420, 32, 64]);
    expect(arena.values(db)).toEqual([111, 111]);
    expect(arena.values(dx)).toEqual([100, 200, 1001, 2002, 10, 20]);
  });

  test.each([
    { gradient: "Store", dx: true, bias: true },
    { gradient: "Accumulate", dx: true, bias: true },
    { gradient: "Accumulate", dx: false, bias: false },
    { gradient: "Skip", dx: true, bias: false },
  ] as const)("is the plain reference bit for bit: $gradient, D_X $dx, B $bias", ({ gradient, dx: wanted, bias }) => {
    for (const { window, batch: few } of cases(200, 4, true)) {
      // Up to 25 channels in f32, so that there are four vectors at once and some more.
      for (const batch of [few, { ...few, channels: few.channels + 16 }]) {
        const what = label({ window, batch });
        const { layer: all, dz, start } = drawn(precision, window, batch, 9);
        const layer = { ...all, b: bias ? all.b : undefined };
        const z = reference.forward(precision, layer.x, layer.w, layer.b, window, batch);
        arena.expectExactly(forward(arena, layer, window, batch), z, 0, what);

        const accumulates = gradient === "Accumulate";
        const options = { gradient: Gradient[gradient], dx: wanted, ...(accumulates && { start }) };
        const { dx, dw, db } = backward(arena, layer, dz, window, batch, options);
        const from = accumulates ? start : { w: array(start.w.length), b: array(start.b.length) };
        if (gradient !== "Skip") {
          const sums = reference.weightGradient(precision, layer.x, dz, from.w, window, batch);
          arena.expectExactly(dw, sums, 0, `D_W, ${what}`);
          if (bias) arena.expectExactly(db, reference.biasGradient(dz, from.b), 0, `D_B, ${what}`);
        }
        if (wanted)
          arena.expectExactly(dx, reference.inputGradient(precision, dz, layer.w, window, batch), 0, `D_X, ${what}`);
      }
    }
  });

  test("what is not wanted is not written", () => {
    const at = plain([3, 3], [2, 2], [1, 1]);
    const batch = { rows: 1, channels: 5 };
    const { layer, dz } = drawn(precision, at, batch, 1);
    const { dx, dw, db } = backward(arena, layer, dz, at, batch, { gradient: Gradient.Skip, dx: false });
    const written = [dx, dw, db].map((matrix) => new Set(arena.labels(matrix)).size);
    expect(written).toEqual([1, 1, 1]);
  });

  test("a sample gives the same bits alone and in a batch", () => {
    const at = plain([5, 4], [3, 3], [2, 1], 1);
    const batch = { rows: 3, channels: 7 };
    const { layer } = drawn(precision, at, batch, 2);
    const together = arena.values(forward(arena, layer, at, batch));
    const each = layer.x.length / 3;
    const alone = [0, 1, 2].flatMap((n) => {
      const x = layer.x.slice(n * each, (n + 1) * each) as Numbers;
      return arena.values(forward(arena, { ...layer, x }, at, { ...batch, rows: 1 }));
    });
    expect(alone).toEqual(together);
  });

  test.each(["Relu", "Tanh", "Sigmoid"] as const)(
    "%s within the layer leaves the bits of the one on its own",
    (name) => {
      const activation = Activation[name];
      for (const { window, batch } of cases(40, 5, true)) {
        const what = label({ window, batch });
        const { layer, dz } = drawn(precision, window, batch, 6);
        const rows = batch.rows * window.outHeight * window.outWidth;
        const fused = arena.values(forward(arena, layer, window, batch, activation));
        const z = forward(arena, layer, window, batch);
        arena.run(rows, [Op.Activate, z, z, z.rowBytes, activation]);
        expect(fused, what).toEqual(arena.values(z));

        const a = array(fused);
        const { dz: derived, dx, dw, db } = backward(arena, layer, dz, window, batch, { activation, a });
        const results = [derived, dx, dw, db].map((matrix) => arena.values(matrix));
        arena.clear();
        const [D, A] = [arena.input(dz, rows, batch.channels, ZERO), arena.input(a, rows, batch.channels, ZERO)];
        const alone = arena.output(rows, batch.channels);
        arena.run(rows, [Op.ActivateBackward, alone, D, A, D.rowBytes, activation]);
        const plainly = array(arena.values(alone));
        const apart = backward(arena, layer, plainly, window, batch);
        const wanted = [apart.dx, apart.dw, apart.db].map((matrix) => arena.values(matrix));
        expect(results, what).toEqual([Array.from(plainly), ...wanted]);
      }
    },
  );

  // 0·NaN is NaN: no product may be left out because a factor is 0.
  test("NaN in any place of x, w, b and dz shows where the plain reference has it", () => {
    const at = plain([3, 4], [2, 2], [1, 2], 1);
    const batch = { rows: 2, channels: 5 };
    const { layer: shape, dz: deltas } = drawn(precision, at, batch, 3);
    for (const name of ["x", "w", "b", "dz"] as const) {
      const length = name === "dz" ? deltas.length : shape[name].length;
      for (let place = 0; place < length; place++) {
        const values = { x: array(shape.x.length), w: array(shape.w.length), b: array(5), dz: array(deltas.length) };
        values[name][place] = Number.NaN;
        const { dz, ...layer } = values;
        const what = `${name} ${place}`;
        const z = reference.forward(precision, layer.x, layer.w, layer.b, at, batch);
        arena.expectExactly(forward(arena, layer, at, batch), z, undefined, what);
        const { dx, dw, db } = backward(arena, layer, dz, at, batch);
        const sums = reference.weightGradient(precision, layer.x, dz, array(layer.w.length), at, batch);
        arena.expectExactly(dw, sums, undefined, what);
        arena.expectExactly(db, reference.biasGradient(dz, array(5)), undefined, what);
        arena.expectExactly(dx, reference.inputGradient(precision, dz, layer.w, at, batch), undefined, what);
      }
    }
  });
});

test.each([
  [1, 1],
  [2, 1],
  [1, 2],
  [3, 2],
])("in f64 the derivatives are central differences, of stride %d and dilation %d", async (stride, dilation) => {
  const arena = await Arena.create(f64);
  const out = Math.floor((7 + 2 - 2 * dilation - 1) / stride) + 1;
  const dilated = { dilationY: dilation, dilationX: dilation, outHeight: out, outWidth: out };
  const at = { ...plain([7, 7], [3, 3], [stride, stride], 1), ...dilated };
  const batch = { rows: 2, channels: 3 };
  const { layer } = drawn(f64, at, batch, 4);
  const c = normal(f64, outputs(at, batch), 5);
  const activation = Activation.Tanh;
  const summed = (p: Required<Pick<typeof layer, "x" | "w" | "b">>) =>
    arena.values(forward(arena, p, at, batch, activation)).reduce((sum, value, i) => sum + c[i]! * value, 0);
  const a = f64.array(arena.values(forward(arena, layer, at, batch, activation)));
  const { dx, dw, db } = backward(arena, layer, c, at, batch, { activation, a });
  expectDerivative(summed, layer, { x: arena.values(dx), w: arena.values(dw), b: arena.values(db) });
});
