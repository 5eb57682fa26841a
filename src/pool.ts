import { checkKnown } from "./options.ts";
import { printed, type Shape } from "./shape.ts";
import { checkPadding, checkPair, type Padding, type Pair, type Placed, place, type Window } from "./window.ts";

// What pooling layers share.

/** How the windows of a pooling layer lie, as plain data. */
export interface Pool extends Pick<Window, "stride" | "padding"> {
  readonly size: Window["kernel"];
}

/** Options of `maxPool2d` and `avgPool2d`. */
export interface PoolOptions {
  /** Positions from one window to the next, positive integers; default the window's size. */
  stride?: Pair;
  /** Default "valid". As MatConvNet's and PyTorch's windows these begin inside the padded image and end there. */
  padding?: Padding;
}

/** @throws TypeError, RangeError */
export function checkPool(where: string, size: Pair, options: PoolOptions): Pool {
  checkKnown(where, options, ["stride", "padding"]);
  const { stride = size, padding = "valid" } = options;
  return {
    size: checkPair(where, "size", size),
    stride: checkPair(where, "stride", stride),
    padding: checkPadding(where, padding),
  };
}

/** The windows over an image. @throws RangeError where one could lie wholly outside, and as `place` does */
export function placePool({ size, ...pool }: Pool, inputs: Shape): Placed {
  const placed = place({ ...pool, kernel: size, dilation: [1, 1] }, inputs);
  const [top, bottom, left, right] = placed.padding;
  if (Math.max(top, bottom) < size[0] && Math.max(left, right) < size[1]) return placed;
  throw new RangeError(`has padding ${printed(placed.padding)}, expected less than its window, ${size.join(" × ")}`);
}
