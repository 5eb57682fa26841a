import type { Gradient } from "../../assembly/opcodes.ts";
import type { Initializer } from "../initializers.ts";
import type { Block, Matrix } from "../plan.ts";
import type { Program } from "../program.ts";

/** A block of parameters that a layer asks for: its name, [rows][columns], and how it starts. */
export interface ParameterShape {
  readonly name: "weights" | "biases";
  readonly rows: number;
  readonly columns: number;
  readonly initializer: Initializer;
}

/** What a layer's forward leaves for its backward, and for whoever reads the values. */
export interface Trace {
  readonly input: Matrix;
  readonly z: Matrix;
  readonly a: Matrix;
}

/** What becomes of the gradient of a layer's parameters. */
export interface GradientTarget {
  readonly kind: Gradient;
  /** Where it goes, in the order of `parameters`; the parameters themselves where they descend along it. */
  readonly matrices: readonly Matrix[];
  /** For a descent: the learning rate (f64) and the cursor, whose health an update that is not finite ends. */
  readonly rate: Block;
  readonly cursor: Block;
}

/** What a kind of layer can do; `L` is its plain description, which is what users write and files hold. */
export interface LayerKind<L> {
  /** The layer that a description names, checked. Unknown words and wrong values throw. */
  from(description: L): L;
  /** Outputs per sample. */
  outputs(layer: L, inputs: number): number;
  parameters(layer: L, inputs: number): ParameterShape[];
  forward(program: Program, layer: L, input: Matrix, parameters: readonly Matrix[]): Trace;
  /** Returns D_Z of the layer and, where `wanted`, D_A of its input. */
  backward(
    program: Program,
    layer: L,
    trace: Trace,
    da: Matrix,
    parameters: readonly Matrix[],
    target: GradientTarget,
    wanted: boolean,
  ): { dz: Matrix; input: Matrix | undefined };
}
