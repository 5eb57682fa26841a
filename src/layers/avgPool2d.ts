import { Op } from "../../assembly/opcodes.ts";
import { boolean } from "../options.ts";
import { checkPool, type Pool, type PoolOptions, placePool } from "../pool.ts";
import type { Shape } from "../shape.ts";
import type { Pair } from "../window.ts";
import type { LayerKind } from "./layer.ts";

/** Average pooling as plain data. */
export interface AvgPool2d extends Pool {
  readonly type: "avgPool2d";
  readonly countPadding: boolean;
}

/** Options of `avgPool2d`. */
export interface AvgPoolOptions extends PoolOptions {
  /**
   * Whether positions of the padding count in what a window's sum is divided by. Default false, as in MatConvNet and Keras; true is
   * PyTorch's default.
   */
  countPadding?: boolean;
}

/**
 * The mean of each window, channel by channel. Windows may overlap.
 * @param size of the window, or [height, width]
 * @throws TypeError, RangeError
 * @example avgPool2d(3, { stride: 2, padding: [0, 1, 0, 1] })
 */
export function avgPool2d(size: Pair, { countPadding = false, ...options }: AvgPoolOptions = {}): AvgPool2d {
  const where = "avgPool2d";
  return {
    type: where,
    ...checkPool(where, size, options),
    countPadding: boolean(where, "countPadding", countPadding),
  };
}

export const avgPool2dKind: LayerKind<AvgPool2d> = {
  from: ({ type, size, ...options }) => avgPool2d(size, options),

  outputs: (layer, inputs) => [...placePool(layer, inputs).output, inputs.at(-1)!],

  parameters: () => [],

  forward(program, layer, x) {
    const { fields, output } = placePool(layer, x.shape);
    const a = program.scratch([...output, x.columns]);
    program.add(Op.AvgPool2dForward, ...fields, a, x, x.rowBytes, ...counting(layer, x.shape));
    return { input: x, z: a, a };
  },

  backward(program, layer, { input: { shape } }, da, _blocks, _target, wanted) {
    if (!wanted) return { dz: da, input: undefined };
    const dx = program.scratch(shape);
    const { fields } = placePool(layer, shape);
    program.add(Op.AvgPool2dBackward, ...fields, dx, da, da.rowBytes, ...counting(layer, shape));
    return { dz: da, input: dx };
  },
};

/** How the kernels count positions: whether those of the padding do, and how much of it there is below and on the right. */
function counting(layer: AvgPool2d, shape: Shape): number[] {
  const [, bottom, , right] = placePool(layer, shape).padding;
  return [Number(layer.countPadding), bottom, right];
}
