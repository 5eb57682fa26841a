import { Op } from "../assembly/opcodes.ts";
import { type Architecture, outputsOf } from "./architecture.ts";
import { layerKind } from "./layers/index.ts";
import type { GradientTarget, LayerBlocks, Trace } from "./layers/layer.ts";
import { lossKind, lossParameter, smoothing } from "./losses.ts";
import type { Block, Matrix } from "./plan.ts";
import { Double, type Program } from "./program.ts";
import { spread } from "./reshape.ts";
import { isImage } from "./shape.ts";

// The steps of a program, in the order of the mathematics: batch → forward → loss → backward → metrics.

/** Rows in memory, without padding, and the order in which a program takes them. */
export interface Source {
  readonly block: Block;
  readonly kernel: Op.GatherBytes | Op.GatherFloats | Op.GatherDoubles | Op.GatherLabels;
  /** The cursor whose order is followed; without one the rows are taken as they stand. */
  readonly cursor?: Block;
}

/** A^0 ← the rows of the batch, scaled. */
export function gatherInputs(program: Program, { inputs }: Architecture, { block, kernel, cursor }: Source): Matrix {
  const { shape, scale, offset } = inputs;
  const a = isImage(shape) ? program.compact(shape) : program.scratch(shape);
  program.add(kernel, a, block, cursor ?? 0, a.columns, a.rowBytes, new Double(scale), new Double(offset));
  return a;
}

/** Y ← the targets of the batch: values, or labels as one-hot rows, smoothed where the loss says so. */
export function gatherTargets(program: Program, architecture: Architecture, { block, kernel, cursor }: Source): Matrix {
  const y = program.scratch(outputsOf(architecture));
  const { scale, offset } = smoothing(architecture.loss, y.columns);
  if (kernel === Op.GatherLabels) {
    program.add(kernel, y, block, cursor ?? 0, y.columns, y.rowBytes, new Double(offset), new Double(scale + offset));
  } else program.add(kernel, y, block, cursor ?? 0, y.columns, y.rowBytes, new Double(scale), new Double(offset));
  return y;
}

/** DL5: A^l for every layer. Returns what each left behind. */
export function forward(
  program: Program,
  { layers }: Architecture,
  input: Matrix,
  blocks: readonly LayerBlocks[],
): Trace[] {
  const traces: Trace[] = [];
  for (const [l, layer] of layers.entries()) {
    const { a } = traces.at(-1) ?? { a: input };
    const kind = layerKind(layer);
    const x = a.compact && !kind.takesCompact ? spread(program, a, a.shape) : a;
    traces.push(kind.forward(program, layer, x, blocks[l]!));
  }
  return traces;
}

/** Adds the losses of the batch to the cursor's. Returns D_ŷ, their mean's derivative. */
export function loss(
  program: Program,
  architecture: Architecture,
  logits: Matrix,
  targets: Matrix,
  cursor: Block,
): Matrix {
  const delta = program.scratch(logits.shape);
  const { kernel } = lossKind(architecture.loss);
  const parameter = new Double(lossParameter(architecture.loss));
  program.add(kernel, delta, logits, targets, cursor, logits.columns, logits.rowBytes, parameter);
  return delta;
}

/** The derivatives by a layer's activation and pre-activation. */
export interface Deltas {
  readonly da: Matrix;
  readonly dz: Matrix;
}

/**
 * DL6: BP2 from the last layer to the first, from D_ŷ on. The derivative by the input of the network is not computed, nor
 * anything below layer `lowest`.
 */
export function backward(
  program: Program,
  { layers }: Architecture,
  traces: readonly Trace[],
  dOutput: Matrix,
  blocks: readonly LayerBlocks[],
  targets: readonly GradientTarget[],
  lowest = 0,
): Deltas[] {
  const deltas: Deltas[] = [];
  let da = dOutput;
  for (let l = layers.length - 1; l >= lowest; l--) {
    const layer = layers[l]!;
    const wanted = l > lowest;
    const { dz, input } = layerKind(layer).backward(program, layer, traces[l]!, da, blocks[l]!, targets[l]!, wanted);
    deltas.unshift({ da, dz });
    if (input) da = input;
  }
  return deltas;
}

/** Labels of one row: one of m classes, or 0 or 1 for each output of a loss for such; none for a single regression output. */
export function labelWidth(architecture: Architecture): number {
  const outputs = outputsOf(architecture);
  if (lossKind(architecture.loss).labels === "each") return outputs;
  return outputs > 1 ? 1 : 0;
}

/** Labels, i32 and without padding, of logits (h(ŷ): 1 for ŷ ≥ 0) or of targets (1 for y ≥ ½); of m classes the first of the largest. */
export function labels(
  program: Program,
  architecture: Architecture,
  values: Matrix,
  from: "logits" | "targets",
): Matrix {
  const width = labelWidth(architecture);
  const result = program.scratch(width);
  if (lossKind(architecture.loss).labels !== "each") {
    program.add(Op.Argmax, result, values, values.columns, values.rowBytes);
  } else {
    const threshold = new Double(from === "logits" ? 0 : 0.5);
    program.add(Op.Threshold, result, values, values.columns, values.rowBytes, threshold);
  }
  return result;
}

/** Adds the rows whose labels agree to the cursor's `correct`. */
export function countEqual(program: Program, predicted: Matrix, targets: Matrix, cursor: Block): void {
  program.add(Op.CountEqual, predicted, targets, predicted.columns, cursor);
}
