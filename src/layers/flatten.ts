import { checkKnown } from "../options.ts";
import { flat, spread } from "../reshape.ts";
import { sizeOf } from "../shape.ts";
import type { LayerKind } from "./layer.ts";

/** A flattening as plain data. */
export interface Flatten {
  readonly type: "flatten";
}

/**
 * Images as rows of numbers, [height, width, channels] → [height · width · channels]: what stands between convolutions and dense
 * layers. The order is Keras's; PyTorch's is [channels, height, width].
 * @example [conv2d(8, 3, { activation: "relu" }), maxPool2d(2), flatten(), dense(10)]
 */
export const flatten = (): Flatten => ({ type: "flatten" });

export const flattenKind: LayerKind<Flatten> = {
  takesCompact: true,

  from(description) {
    checkKnown("flatten", description, ["type"]);
    return flatten();
  },

  outputs: (_, inputs) => [sizeOf(inputs)],

  parameters: () => [],

  forward(program, _, x) {
    const a = x.shape.length > 1 ? flat(program, x) : x;
    return { input: x, z: a, a };
  },

  backward(program, _, { input: { shape } }, da, _blocks, _target, wanted) {
    const dx = wanted && shape.length > 1 ? spread(program, da, shape) : da;
    return { dz: da, input: dx };
  },
};
