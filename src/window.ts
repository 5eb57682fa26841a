import { positiveInteger, unexpected } from "./options.ts";
import { printed, type Shape } from "./shape.ts";

// How a window slides over an image: the sizes that convolutions and pools share.

/** A number for both, or [vertical, horizontal]. */
export type Pair = number | readonly [vertical: number, horizontal: number];

/**
 * Positions around the image: "valid", none; "same", as many as give ⌈size / stride⌉ positions, half above and left, what is odd of them
 * below and right (TensorFlow's); as many on each side; or [top, bottom, left, right].
 */
export type Padding = "valid" | "same" | number | readonly [top: number, bottom: number, left: number, right: number];

/** How a window slides, as plain data. */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: "valid" | "same" | readonly [number, number, number, number];
}

/** A window over an image of a known size. */
export interface Placed {
  /** [height, width] of what it gives. */
  readonly output: readonly [number, number];
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
  /** The fields that records of kernels begin with (`assembly/window.ts`). */
  readonly fields: Fields;
}

/** height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left. */
export type Fields = readonly [
  ...[height: number, width: number, outHeight: number, outWidth: number],
  ...[kernelHeight: number, kernelWidth: number, strideY: number, strideX: number],
  ...[dilationY: number, dilationX: number, top: number, left: number],
];

/** @throws TypeError, RangeError */
export function checkPair(where: string, name: string, value: unknown): readonly [number, number] {
  const pair = Array.isArray(value) ? value : [value, value];
  if (pair.length !== 2) {
    throw unexpected(`${where}: ${name}`, value, "a positive integer or [vertical, horizontal]");
  }
  return [positiveInteger(where, name, pair[0]), positiveInteger(where, name, pair[1])];
}

/** @throws TypeError, RangeError */
export function checkPadding(where: string, value: unknown): Window["padding"] {
  if (value === "valid" || value === "same") return value;
  const sides = typeof value === "number" ? [value, value, value, value] : value;
  const right =
    Array.isArray(sides) && sides.length === 4 && sides.every((side) => Number.isInteger(side) && side >= 0);
  if (right) return [...sides] as [number, number, number, number];
  throw unexpected(
    `${where}: padding`,
    value,
    '"valid", "same", an integer from 0 or four of them, [top, bottom, left, right]',
    "number",
  );
}

/** Where a window of `kernel` numbers, `dilation` apart, begins and ends in one direction. */
function along(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: Window["padding"],
  side: 0 | 2,
) {
  const extent = (kernel - 1) * dilation + 1;
  let [before, after] = [0, 0];
  if (padding === "same") {
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
    before = Math.floor(total / 2);
    after = total - before;
  } else if (padding !== "valid") [before, after] = [padding[side], padding[side + 1]!];
  return { extent, before, after, count: Math.floor((size + before + after - extent) / stride) + 1 };
}

/** Positions of a padded image at most: kernels count positions and the numbers of a window in 32 bits, with a sign and room for a sum. */
const MOST_POSITIONS = 2 ** 30;

/**
 * The window over an image [height, width, channels].
 * @throws RangeError for other inputs, for a window that is larger than the padded image, and for an image that is padded beyond 2³⁰
 * positions; the message goes on behind a layer's name
 */
export function place({ kernel, stride, dilation, padding }: Window, inputs: Shape): Placed {
  if (inputs.length !== 3) {
    throw new RangeError(`takes images [height, width, channels], and its inputs are ${printed(inputs)}`);
  }
  const [height, width] = inputs as readonly [number, number, number];
  const y = along(height, kernel[0], stride[0], dilation[0], padding, 0);
  const x = along(width, kernel[1], stride[1], dilation[1], padding, 2);
  const padded = [height + y.before + y.after, width + x.before + x.after] as const;
  if (padded[0] * padded[1] > MOST_POSITIONS) {
    throw new RangeError(`has inputs that are padded to ${padded.join(" × ")}, expected at most 2^30 positions`);
  }
  if (y.count < 1 || x.count < 1) {
    const around = padding === "valid" ? "" : ` with padding ${printed([y.before, y.after, x.before, x.after])}`;
    throw new RangeError(
      `has a window of ${y.extent} × ${x.extent}, which is larger than its inputs, ${padded.join(" × ")}${around}`,
    );
  }
  const output = [y.count, x.count] as const;
  // Steps that are not taken may have any size.
  const strides = [y.count > 1 ? stride[0] : 1, x.count > 1 ? stride[1] : 1] as const;
  const dilations = [kernel[0] > 1 ? dilation[0] : 1, kernel[1] > 1 ? dilation[1] : 1] as const;
  return {
    output,
    padding: [y.before, y.after, x.before, x.after],
    fields: [height, width, ...output, ...kernel, ...strides, ...dilations, y.before, x.before],
  };
}
