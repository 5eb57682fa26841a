// Lays out a convolution in an arena and calls its kernels.
import { Activation, type Gradient, Op } from "../../assembly/opcodes.ts";
import { workspaceBytes } from "../../src/layers/conv2d.ts";
import { type Block, Matrix } from "../../src/plan.ts";
import type { Fields } from "../../src/window.ts";
import { type Convolution, positions, terms, WINDOW } from "../reference/conv2d.ts";
import { type Numbers, normal, type Precision } from "../reference/precision.ts";
import type { Arena, Rows } from "./harness.ts";

/** Positions of a window along one side, with `before` and `after` places outside; at least one. */
const outOf = (size: number, before: number, after: number, kernel: number, stride: number, dilation: number) =>
  Math.floor((before + size + after - (kernel - 1) * dilation - 1) / stride) + 1;

/** A convolution with padding on each side. */
export function convolution(
  sizes: Omit<Convolution, "outHeight" | "outWidth"> & { readonly bottom: number; readonly right: number },
): Convolution {
  const { bottom, right, ...s } = sizes;
  return {
    ...s,
    outHeight: outOf(s.height, s.top, bottom, s.kernelHeight, s.strideY, s.dilationY),
    outWidth: outOf(s.width, s.left, right, s.kernelWidth, s.strideX, s.dilationX),
  };
}

/** Of a square window over a square image. */
export const square = (
  rows: number,
  side: number,
  channels: number,
  filters: number,
  kernel: number,
  pad = 0,
  stride = 1,
) =>
  convolution({
    ...{ rows, height: side, width: side, channels, filters, kernelHeight: kernel, kernelWidth: kernel },
    ...{ strideY: stride, strideX: stride, dilationY: 1, dilationX: 1, top: pad, left: pad, bottom: pad, right: pad },
  });

/** Seeded numbers for it. */
export const layerOf = (precision: Precision, s: Convolution) => ({
  x: normal(precision, s.rows * s.height * s.width * s.channels, 1),
  w: normal(precision, terms(s) * s.filters, 2),
  b: normal(precision, s.filters, 3),
  dz: normal(precision, positions(s) * s.filters, 4),
});

/** The bytes that `src/layers/conv2d.ts` allots. */
function allotted(s: Convolution, pixelBytes: number, size: 4 | 8, dx: boolean): number {
  const placed = {
    output: [s.outHeight, s.outWidth],
    padding: [s.top, 0, s.left, 0],
    fields: WINDOW.map((name) => s[name as keyof Convolution]) as unknown as Fields,
  } as const;
  const x = { shape: [s.height, s.width, s.channels], pixelBytes } as unknown as Matrix;
  return workspaceBytes(placed, x, new Matrix(terms(s), s.filters, size), s.rows, dx);
}

const windowOf = (s: Convolution) => WINDOW.map((name) => s[name as keyof Convolution]);

/** An image: pixels of whole vectors with `padding` behind their channels, or compact, the samples whole vectors. */
function image(arena: Arena, x: Numbers, s: Convolution, compact: boolean, padding: number): [Block, number, number] {
  const { size } = arena.precision;
  const pixels = s.height * s.width;
  if (compact) {
    const X = arena.input(x, s.rows, pixels * s.channels);
    return [X, s.channels * size, X.rowBytes];
  }
  const X = arena.input(x, s.rows * pixels, s.channels, { value: padding });
  return [X, X.rowBytes, pixels * X.rowBytes];
}

export interface Options {
  readonly compact?: boolean;
  readonly activation?: Activation;
  /** Of the padding of X. */
  readonly garbage?: number;
}

/** A ← a(B + patches·W). */
export function forward(
  arena: Arena,
  { x, w, b }: { readonly x: Numbers; readonly w: Numbers; readonly b?: Numbers | undefined },
  s: Convolution,
  { compact = false, activation = Activation.Identity, garbage = Number.NaN }: Options = {},
): Rows {
  arena.clear();
  const [X, xPixel, xStride] = image(arena, x, s, compact, garbage);
  const W = arena.input(w, terms(s), s.filters, { value: 0 });
  const B = b ? arena.input(b, 1, s.filters, { value: 0 }) : 0;
  const A = arena.output(positions(s), s.filters);
  const workspace = arena.workspace(allotted(s, xPixel, arena.precision.size, false));
  arena.run(s.rows, [
    Op.Conv2dForward,
    ...[...windowOf(s), A, X, W, B, s.channels, xPixel, xStride, A.rowBytes, activation, workspace],
  ]);
  return A;
}

export interface BackwardOptions extends Options {
  readonly gradient: Gradient;
  /** The outputs, for the activation's derivative; D_Z is then written in place. */
  readonly a?: Numbers;
  readonly dx?: boolean;
  readonly bias?: boolean;
  /** What `Gradient.Accumulate` adds to, for weights and biases alike. */
  readonly start?: Numbers;
}

/** D_Z, D_X, D_W and D_B. Without an activation no byte of D_Z may change. */
export function backward(
  arena: Arena,
  { x, w, dz }: { readonly x: Numbers; readonly w: Numbers; readonly dz: Numbers },
  s: Convolution,
  options: BackwardOptions,
): { dz: Rows; dx: Rows; dw: Rows; db: Rows } {
  const { compact = false, activation = Activation.Identity, garbage = Number.NaN, gradient, a, start } = options;
  const zero = { value: 0 };
  arena.clear();
  const [X, xPixel, xStride] = image(arena, x, s, compact, garbage);
  const W = arena.input(w, terms(s), s.filters, zero);
  const DZ = arena[a ? "inOut" : "input"](dz, positions(s), s.filters, zero);
  const A = a ? arena.input(a, positions(s), s.filters, { value: 0.5 }) : 0;
  const target = (rows: number) => (start ? arena.inOut(start, rows, s.filters, zero) : arena.output(rows, s.filters));
  const [dw, db] = [target(terms(s)), target(1)];
  const dx = arena.output(s.rows * s.height * s.width, s.channels);
  const workspace = arena.workspace(allotted(s, xPixel, arena.precision.size, options.dx === true));
  arena.run(s.rows, [
    Op.Conv2dBackward,
    ...[...windowOf(s), DZ, A, X, W, options.dx ? dx : 0, dw, options.bias === false ? 0 : db],
    ...[s.channels, s.filters, xPixel, xStride, DZ.rowBytes, activation, gradient, workspace],
  ]);
  return { dz: DZ, dx, dw, db };
}
