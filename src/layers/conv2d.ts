import { Op } from "../../assembly/opcodes.ts";
import { type Activation, activate, activateBackward, activationKind } from "../activations.ts";
import { boolean, checkKnown, positiveInteger } from "../options.ts";
import type { Matrix } from "../plan.ts";
import { sizeOf } from "../shape.ts";
import { checkPadding, checkPair, type Padding, type Pair, type Placed, place, type Window } from "../window.ts";
import type { LayerKind } from "./layer.ts";
import { checkWeighted, fusedIn, WEIGHTED, type Weighted, type WeightedOptions, weightsAndBiases } from "./weighted.ts";

/** A convolution as plain data. */
export interface Conv2d extends Weighted, Window {
  readonly type: "conv2d";
  readonly filters: number;
  readonly bias?: false;
}

/** Options of `conv2d` and `depthwiseConv2d`. */
export interface ConvolutionOptions extends WeightedOptions {
  /** Positions from one window to the next, positive integers; default 1. */
  stride?: Pair;
  /** Default "valid". */
  padding?: Padding;
  /** Positions from one number of a window to the next, positive integers; default 1: side by side. */
  dilation?: Pair;
  /** Default "identity". */
  activation?: Activation;
  /** Whether there are biases; default true. */
  bias?: boolean;
}

/**
 * A convolution of images [height, width, channels] with filters: at each position A = a(B + Σ X·W) over a window, W [kernel height,
 * kernel width, channels, filters] (Keras's order; PyTorch's is [filters, channels, height, width]), B [filters]. As everywhere in deep
 * learning it is a correlation: the window is not mirrored. Output [height, width, filters], ⌊(size + padding − extent) / stride⌋ + 1
 * each, extent = dilation·(kernel − 1) + 1.
 * @param filters outputs at each position, a positive integer
 * @param kernel size of the window, or [height, width]
 * @throws TypeError, RangeError for an unknown word or a value out of its range
 * @example conv2d(32, 5, { padding: 2, activation: "relu" })
 * @example conv2d(64, [3, 1], { stride: [2, 1], padding: [0, 1, 0, 0] })
 */
export function conv2d(filters: number, kernel: Pair, options: ConvolutionOptions = {}): Conv2d {
  const where = "conv2d";
  return {
    type: "conv2d",
    filters: positiveInteger(where, "filters", filters),
    ...checkConvolution(where, kernel, options),
  };
}

/** What a convolution of either kind is, but for its filters. @throws TypeError, RangeError */
export function checkConvolution(where: string, kernel: Pair, options: ConvolutionOptions) {
  checkKnown(where, options, ["stride", "padding", "dilation", "activation", "bias", ...WEIGHTED]);
  const { stride = 1, padding = "valid", dilation = 1, activation = "identity", bias = true } = options;
  return {
    kernel: checkPair(where, "kernel", kernel),
    stride: checkPair(where, "stride", stride),
    padding: checkPadding(where, padding),
    dilation: checkPair(where, "dilation", dilation),
    ...(boolean(where, "bias", bias) ? {} : { bias: false as const }),
    ...checkWeighted(where, activation, options),
  };
}

export const conv2dKind: LayerKind<Conv2d> = {
  takesCompact: true,

  from: ({ type, filters, kernel, ...options }) => conv2d(filters, kernel, options),

  outputs: (layer, inputs) => [...place(layer, inputs).output, layer.filters],

  multiplyAdds(layer, inputs) {
    const [height, width] = layer.kernel;
    return sizeOf(place(layer, inputs).output) * height * width * inputs.at(-1)! * layer.filters;
  },

  parameters(layer, inputs) {
    const { kernel, filters } = layer;
    const channels = inputs.at(-1)!;
    const [height, width] = kernel;
    const fans = [height * width * channels, height * width * filters] as const;
    return weightsAndBiases(layer, [height, width, channels, filters], fans);
  },

  forward(program, layer, x, { parameters: [w, b] }) {
    const { activation, filters } = layer;
    const placed = place(layer, x.shape);
    const { fields, output } = placed;
    const z = program.scratch([...output, filters]);
    const fused = fusedIn(program, activation);
    const { code } = activationKind(fused);
    const sizes = [x.shape.at(-1)!, x.pixelBytes, x.sampleBytes, z.rowBytes, code];
    const workspace = program.workspace(workspaceBytes(placed, x, w!, program.rows, false));
    program.add(Op.Conv2dForward, ...fields, z, x, w!, b ?? 0, ...sizes, workspace);
    return { input: x, z, a: fused === activation ? z : activate(program, activation, z) };
  },

  backward(program, layer, { input: x, z, a }, da, { parameters: [w] }, target, wanted) {
    const { activation, filters } = layer;
    const fused = fusedIn(program, activation);
    const dz = fused === activation ? da : activateBackward(program, activation, da, { z, a });
    const dx = wanted ? program.scratch(x.shape) : undefined;
    const [dw, db] = target.matrices;
    const { code } = activationKind(fused);
    const sizes = [x.shape.at(-1)!, filters, x.pixelBytes, x.sampleBytes, dz.rowBytes, code, target.kind];
    const placed = place(layer, x.shape);
    const workspace = program.workspace(workspaceBytes(placed, x, w!, program.rows, wanted));
    program.add(Op.Conv2dBackward, ...placed.fields, dz, a, x, w!, dx ?? 0, dw!, db ?? 0, ...sizes, workspace);
    return { dz, input: dx };
  },
};

const up = (bytes: number) => Math.ceil(bytes / 16) * 16;

/** Bytes of the workspace of a kernel, as `assembly/conv2d.ts` draws it; with D_X those behind the images too. */
export function workspaceBytes({ fields, output }: Placed, x: Matrix, w: Matrix, samples: number, dx: boolean): number {
  const [height, width, , , kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left] = fields;
  const reach = (out: number, stride: number, kernel: number, dilation: number) =>
    (out - 1) * stride + (kernel - 1) * dilation + 1;
  const fullHeight = Math.max(top + height, reach(output[0], strideY, kernelHeight, dilationY));
  const fullWidth = Math.max(left + width, reach(output[1], strideX, kernelWidth, dilationX));
  const full = up(fullHeight * fullWidth * x.pixelBytes);
  const bordered = fullHeight !== height || fullWidth !== width;
  const out = sizeOf(output);
  const block = Math.max(1, Math.min(samples, Math.floor(262144 / full), Math.floor(2048 / out)));
  const tables = 32 + up(4 * w.rows) + up(4 * block * out);
  const common = tables + (64 * 3072) / w.size + (bordered ? block * full : 0);
  if (!dx) return common;
  const channels = x.shape.at(-1)!;
  const transposed = kernelHeight * kernelWidth * Math.ceil((channels * w.size) / 32) * 32 * w.stride;
  return common + transposed + (bordered ? full : 0);
}
