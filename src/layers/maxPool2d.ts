import { Op } from "../../assembly/opcodes.ts";
import { checkPool, type Pool, type PoolOptions, placePool } from "../pool.ts";
import type { Pair } from "../window.ts";
import type { LayerKind } from "./layer.ts";

/** Max-pooling as plain data. */
export interface MaxPool2d extends Pool {
  readonly type: "maxPool2d";
}

/**
 * The largest number of each window, channel by channel; positions around the image are left out. Windows may overlap. The derivative
 * goes to the first of the largest; NaN counts as the largest.
 * @param size of the window, or [height, width]
 * @throws TypeError, RangeError
 * @example maxPool2d(3, { stride: 2, padding: [0, 1, 0, 1] })
 */
export const maxPool2d = (size: Pair, options: PoolOptions = {}): MaxPool2d => ({
  type: "maxPool2d",
  ...checkPool("maxPool2d", size, options),
});

export const maxPool2dKind: LayerKind<MaxPool2d> = {
  from: ({ type, size, ...options }) => maxPool2d(size, options),

  outputs: (layer, inputs) => [...placePool(layer, inputs).output, inputs.at(-1)!],

  parameters: () => [],

  forward(program, layer, x) {
    const { fields, output } = placePool(layer, x.shape);
    const shape = [...output, x.columns];
    const a = program.scratch(shape);
    const winners = program.scratch(shape);
    program.add(Op.MaxPool2dForward, ...fields, a, winners, x, x.rowBytes);
    return { input: x, z: a, a, kept: [winners] };
  },

  backward(program, layer, { input: { shape }, kept }, da, _blocks, _target, wanted) {
    if (!wanted) return { dz: da, input: undefined };
    const dx = program.scratch(shape);
    program.add(Op.MaxPool2dBackward, ...placePool(layer, shape).fields, dx, da, kept![0]!, da.rowBytes);
    return { dz: da, input: dx };
  },
};
