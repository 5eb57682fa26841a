// Windows and images for the kernels that slide one over the other.
import { seeded } from "../reference/seeded.ts";
import type { Batch, Window } from "../reference/window.ts";

/** A window with the padding behind the image, and a batch. */
export interface Case {
  readonly window: Window;
  readonly bottom: number;
  readonly right: number;
  readonly batch: Batch;
}

/** The 12 numbers that a record begins with, in the order of `assembly/window.ts`. */
export const fields = (w: Window): number[] => [
  ...[w.height, w.width, w.outHeight, w.outWidth, w.kernelHeight, w.kernelWidth],
  ...[w.strideY, w.strideX, w.dilationY, w.dilationX, w.top, w.left],
];

/** One axis: sizes of 1 to 9, windows of 1 to 4, strides of 1 to 3, padding before and after that are no longer than the window. */
function axis(random: () => number, dilated: boolean) {
  const up = (most: number) => Math.floor(random() * (most + 1));
  const kernel = 1 + up(3);
  const stride = 1 + up(2);
  const dilation = dilated ? 1 + up(2) : 1;
  // What the window covers beyond its first position.
  const reach = (kernel - 1) * dilation;
  const [before, after] = [up(kernel - 1), up(kernel - 1)];
  const size = Math.max(1 + up(8), reach + 1 - before - after);
  const whole = Math.floor((size + before + after - reach - 1) / stride) + 1;
  // The last window may begin inside the image and end beyond its padding (ONNX's and PyTorch's ceil mode).
  const out = random() < 0.5 && whole * stride - before < size ? whole + 1 : whole;
  return { kernel, stride, dilation, before, after, size, out };
}

/** `count` cases, both axes drawn apart; of 1 to 4 samples and 1 to 9 channels. */
export function* cases(count: number, seed: number, dilated = false): Generator<Case> {
  const random = seeded(seed);
  for (let i = 0; i < count; i++) {
    const [y, x] = [axis(random, dilated), axis(random, dilated)];
    const window: Window = {
      ...{ height: y.size, width: x.size, outHeight: y.out, outWidth: x.out },
      ...{ kernelHeight: y.kernel, kernelWidth: x.kernel, strideY: y.stride, strideX: x.stride },
      ...{ dilationY: y.dilation, dilationX: x.dilation, top: y.before, left: x.before },
    };
    const batch = { rows: 1 + Math.floor(random() * 4), channels: 1 + (i % 9) };
    yield { window, bottom: y.after, right: x.after, batch };
  }
}

/** A window without dilation over an image, as many as fit. */
export function plain(
  [height, width]: readonly [number, number],
  [kernelHeight, kernelWidth]: readonly [number, number],
  [strideY, strideX]: readonly [number, number],
  padding = 0,
): Window {
  const count = (size: number, kernel: number, stride: number) =>
    Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return {
    ...{ height, width, kernelHeight, kernelWidth, strideY, strideX, dilationY: 1, dilationX: 1 },
    ...{ outHeight: count(height, kernelHeight, strideY), outWidth: count(width, kernelWidth, strideX) },
    ...{ top: padding, left: padding },
  };
}

/** What a failed comparison names. */
export const label = ({ window, batch }: Pick<Case, "window" | "batch">): string =>
  `${batch.rows} × ${batch.channels} channels, ${JSON.stringify(window)}`;
