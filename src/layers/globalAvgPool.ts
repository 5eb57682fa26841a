import { Op } from "../../assembly/opcodes.ts";
import { checkKnown } from "../options.ts";
import { isImage, printed } from "../shape.ts";
import type { LayerKind } from "./layer.ts";

/** Global average pooling as plain data. */
export interface GlobalAvgPool {
  readonly type: "globalAvgPool";
}

/**
 * The mean of each channel over all positions, [height, width, channels] → [channels] (Lin, Chen & Yan, "Network in network", 2014).
 * @example [conv2d(64, 3, { activation: "relu" }), globalAvgPool(), dense(10)]
 */
export const globalAvgPool = (): GlobalAvgPool => ({ type: "globalAvgPool" });

export const globalAvgPoolKind: LayerKind<GlobalAvgPool> = {
  from(description) {
    checkKnown("globalAvgPool", description, ["type"]);
    return globalAvgPool();
  },

  outputs(_, inputs) {
    if (isImage(inputs)) return [inputs[2]];
    throw new RangeError(`takes images [height, width, channels], and its inputs are ${printed(inputs)}`);
  },

  parameters: () => [],

  forward(program, _, x) {
    const a = program.scratch(x.columns);
    program.add(Op.GlobalAvgPoolForward, a, x, x.positions, x.rowBytes);
    return { input: x, z: a, a };
  },

  backward(program, _, { input: x }, da, _blocks, _target, wanted) {
    if (!wanted) return { dz: da, input: undefined };
    const dx = program.scratch(x.shape);
    program.add(Op.GlobalAvgPoolBackward, dx, da, x.positions, x.rowBytes);
    return { dz: da, input: dx };
  },
};
