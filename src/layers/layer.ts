import type { Gradient } from "../../assembly/opcodes.ts";
import type { Initializer } from "../initializers.ts";
import type { Block, Matrix } from "../plan.ts";
import type { Program } from "../program.ts";
import type { Shape } from "../shape.ts";

/** The names of what layers learn. γ and β of normalisations are weights and biases too, as in PyTorch. */
export type ParameterName = "weights" | "biases";

/** The names of the statistics that layers gather. */
export type StatisticName = "mean" | "variance";

/** A block of numbers that a layer asks for: its name and shape, how it starts, and how it is trained. */
export interface ParameterShape {
  readonly name: ParameterName | StatisticName;
  readonly shape: Shape;
  /** In memory [rows][columns]: the last dimension is that of the columns. */
  readonly rows: number;
  readonly columns: number;
  readonly initializer: Initializer;
  /** Inputs and outputs that the initial values are scaled by. */
  readonly fans: readonly [fanIn: number, fanOut: number];
  /** Factor of the learning rate: 0 for what stays as it is. */
  readonly rate: number;
  /** Penalties l1·Σ|w| + l2·Σw² that are added to the loss. */
  readonly l1: number;
  readonly l2: number;
  /** The largest norm of a column. */
  readonly maxNorm: number;
}

/** Where a layer's numbers are, and what the program is for. */
export interface LayerBlocks {
  /** In the order of `parameters` and `statistics`. */
  readonly parameters: readonly Matrix[];
  readonly statistics: readonly Matrix[];
  /** For a step of training: what random draws depend on. Absent where the network predicts. */
  readonly training?: { readonly seed: number; readonly layer: number; readonly cursor: Block } | undefined;
}

/** What a layer's forward leaves for its backward, and for whoever reads the values. */
export interface Trace {
  readonly input: Matrix;
  readonly z: Matrix;
  readonly a: Matrix;
  /** What only the layer itself knows: a mask, statistics. */
  readonly kept?: readonly Matrix[];
}

/** What becomes of the gradient of a layer's parameters. */
export interface GradientTarget {
  readonly kind: Gradient;
  /** Where it goes, in the order of `parameters`; the parameters themselves where they descend along it. */
  readonly matrices: readonly Matrix[];
  /** For a descent: the learning rate of each (f64), and the cursor, whose health an update that is not finite ends. */
  readonly rates: readonly Block[];
  readonly cursor: Block;
}

/** What a kind of layer can do; `L` is its plain description, which is what users write and files hold. */
export interface LayerKind<L> {
  /** The layer that a description names, checked. Unknown words and wrong values throw. */
  from(description: L): L;
  /** The shape of its output. @throws RangeError for inputs that it cannot take; the message goes on behind its place and name */
  outputs(layer: L, inputs: Shape): Shape;
  /** What it learns. */
  parameters(layer: L, inputs: Shape): ParameterShape[];
  /** What it gathers while it is trained: part of the network's state, but not moved by gradients. */
  statistics?(layer: L, inputs: Shape): ParameterShape[];
  /** Whether a step of training takes statistics over the rows of its batch. */
  acrossRows?(layer: L): boolean;
  /** Whether a step of training draws random numbers. */
  readonly random?: true;
  /** Multiplications with an addition that a prediction of one sample takes; none where it has no weights to multiply by. */
  multiplyAdds?(layer: L, inputs: Shape): number;
  /** Whether it takes images that are compact, as the network's inputs are. */
  readonly takesCompact?: true;
  /** Whether gradients can be applied to the parameters by the kernel that computes them. */
  readonly descends?: true;
  forward(program: Program, layer: L, input: Matrix, blocks: LayerBlocks): Trace;
  /** Returns D_Z of the layer and, where `wanted`, D_A of its input. The place of `da` may be used for both. */
  backward(
    program: Program,
    layer: L,
    trace: Trace,
    da: Matrix,
    blocks: LayerBlocks,
    target: GradientTarget,
    wanted: boolean,
  ): { dz: Matrix; input: Matrix | undefined };
  /** At the end of a batch of training: takes what it gathered into the statistics. */
  commit?(program: Program, layer: L, trace: Trace, blocks: LayerBlocks): void;
}

/** How a layer's parameters are trained. */
export interface TrainingOptions {
  /** Whether the parameters are trained; default true. The penalties of what is not trained are left out of loss and gradient. */
  trainable?: boolean;
  /** Factors of the learning rate, finite and from 0; default 1. Optimizers over all rows take 0 and 1 alone. */
  rates?: { readonly [name in ParameterName]?: number };
}
