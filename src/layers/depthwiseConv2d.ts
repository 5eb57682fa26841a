import { Op } from "../../assembly/opcodes.ts";
import { activate, activateBackward, activationKind } from "../activations.ts";
import { sizeOf } from "../shape.ts";
import { type Pair, place, type Window } from "../window.ts";
import { type ConvolutionOptions, checkConvolution } from "./conv2d.ts";
import type { LayerKind } from "./layer.ts";
import { fusedIn, type Weighted, weightsAndBiases } from "./weighted.ts";

/** A depthwise convolution as plain data. */
export interface DepthwiseConv2d extends Weighted, Window {
  readonly type: "depthwiseConv2d";
  readonly bias?: false;
}

/**
 * A convolution of each channel with a filter of its own: A = a(B + Σ X ⊙ W) over a window, W [kernel height, kernel width, channels],
 * B [channels] (Keras's DepthwiseConv2D with a multiplier of 1; a 1 × 1 `conv2d` behind it mixes the channels).
 * @param kernel size of the window, or [height, width]
 * @throws TypeError, RangeError for an unknown word or a value out of its range
 * @example [depthwiseConv2d(3, { padding: "same" }), conv2d(64, 1, { activation: "relu" })]
 */
export const depthwiseConv2d = (kernel: Pair, options: ConvolutionOptions = {}): DepthwiseConv2d => ({
  type: "depthwiseConv2d",
  ...checkConvolution("depthwiseConv2d", kernel, options),
});

export const depthwiseConv2dKind: LayerKind<DepthwiseConv2d> = {
  from: ({ type, kernel, ...options }) => depthwiseConv2d(kernel, options),

  outputs: (layer, inputs) => [...place(layer, inputs).output, inputs.at(-1)!],

  multiplyAdds(layer, inputs) {
    const [height, width] = layer.kernel;
    return sizeOf(place(layer, inputs).output) * height * width * inputs.at(-1)!;
  },

  parameters(layer, inputs) {
    const [height, width] = layer.kernel;
    return weightsAndBiases(layer, [height, width, inputs.at(-1)!], [height * width, height * width]);
  },

  forward(program, layer, x, { parameters: [w, b] }) {
    const { activation } = layer;
    const { fields, output } = place(layer, x.shape);
    const z = program.scratch([...output, x.columns]);
    const fused = fusedIn(program, activation);
    const { code } = activationKind(fused);
    program.add(Op.DepthwiseConv2dForward, ...fields, z, x, w!, b ?? 0, x.rowBytes, code);
    return { input: x, z, a: fused === activation ? z : activate(program, activation, z) };
  },

  backward(program, layer, { input: x, z, a }, da, { parameters: [w] }, target, wanted) {
    const { activation } = layer;
    const fused = fusedIn(program, activation);
    const dz = fused === activation ? da : activateBackward(program, activation, da, { z, a });
    const dx = wanted ? program.scratch(x.shape) : undefined;
    const [dw, db] = target.matrices;
    const { fields } = place(layer, x.shape);
    const args = [dz, a, x, w!, dx ?? 0, dw!, db ?? 0, x.rowBytes, activationKind(fused).code, target.kind];
    program.add(Op.DepthwiseConv2dBackward, ...fields, ...args);
    return { dz, input: dx };
  },
};
