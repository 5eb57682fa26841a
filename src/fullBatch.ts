import { type Architecture, outputsOf, parameterShapes } from "./architecture.ts";
import { tally } from "./inference.ts";
import { layerKind } from "./layers/index.ts";
import { lossName } from "./losses.ts";
import type { Machine } from "./machine.ts";
import { iterations } from "./optimizers/apart.ts";
import { type Optimizer, optimizerKind } from "./optimizers/index.ts";
import { MOST_PARAMETERS, normalBytes } from "./optimizers/levenbergMarquardt.ts";
import type { LeastSquares } from "./optimizers/problem.ts";
import type { Block, Run } from "./plan.ts";
import type { Samples } from "./validation.ts";

// Training by a method that works on all rows at once: what it may be asked for, and what it sees of the network.

/** Throws where layers have learning rates of their own: an optimizer over all rows has none. @throws RangeError */
export function checkFactors(where: string, { type }: Optimizer, architecture: Architecture): void {
  for (const [l, shapes] of parameterShapes(architecture).entries()) {
    for (const { rate } of shapes) {
      if (rate === 0 || rate === 1) continue;
      throw new RangeError(`${where}: layer ${l} has a rate factor of ${rate}, expected 0 or 1 with ${type}`);
    }
  }
}

/** Throws where the method cannot train such a network. @throws RangeError */
export function checkMethod(where: string, optimizer: Optimizer, architecture: Architecture): void {
  const { layers, loss, precision } = architecture;
  const refuse = (what: string, expected: string) => {
    throw new RangeError(`${where}: ${what}, expected ${expected} with ${optimizer.type}`);
  };
  for (const [l, layer] of layers.entries()) {
    if (layerKind(layer).acrossRows?.(layer)) {
      refuse(`layer ${l} is ${layer.type}, which takes statistics of batches`, "none, or one with trainable: false,");
    }
  }
  for (const [l, shapes] of parameterShapes(architecture).entries()) {
    for (const { l1, l2, maxNorm } of shapes) {
      if (maxNorm !== Number.POSITIVE_INFINITY) refuse(`layer ${l} has maxNorm ${maxNorm}`, "none");
      if (optimizerKind(optimizer).leastSquares && (l1 > 0 || l2 > 0)) {
        refuse(`layer ${l} has a penalty (${l1 > 0 ? `l1 ${l1}` : `l2 ${l2}`})`, "none");
      }
    }
  }
  if (!optimizerKind(optimizer).leastSquares) return;
  if (lossName(loss) !== "meanSquaredError") refuse(`the loss is ${lossName(loss)}`, "meanSquaredError");
  if (precision !== "f64") refuse(`the precision is ${precision}`, "f64");
  const shapes = parameterShapes(architecture).flat();
  const count = shapes.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  // Rows of an odd number of f64 are padded by one.
  const padded = shapes.reduce((sum, { rows, columns }) => sum + rows * (columns + (columns % 2)), 0);
  if (count > MOST_PARAMETERS) {
    refuse(
      `the network has ${count} parameters, whose JᵀJ takes ${Math.ceil(normalBytes(8 * padded) / 1e6)} MB`,
      `at most ${MOST_PARAMETERS}`,
    );
  }
}

/** The loss over all rows as a function of the parameters in the machine's memory. */
export function problemOf(machine: Machine, samples: Samples): LeastSquares {
  const { core, programs } = machine;
  const { gradientRun, parameters, slots, numbersKept, normal, jacobian } = programs;
  const outputs = outputsOf(machine.architecture);
  const frozen = parameterShapes(machine.architecture)
    .flat()
    .map(({ rate }) => rate === 0);
  /** The bytes of what does not learn: its parameters stay, and it has no derivative. */
  const frozenOf = (parts: readonly Block[]) => parts.flatMap((part, i) => (frozen[i] ? [machine.view(part)] : []));
  const frozenParameters = frozenOf(parameters.flat()).map((view) => ({ view, bits: view.slice() }));
  const frozenGradient = frozenOf(gradientRun.parts);
  const frozenRows = (jacobian?.rows.parts ?? []).flatMap((row) => frozenOf((row as Run).parts));
  const loss = () => tally(machine, programs.evaluate, samples).loss;

  return {
    core,
    size: machine.architecture.precision === "f64" ? 8 : (4 as 8),
    bytes: gradientRun.bytes,
    parameters: parameters.flat()[0]?.address ?? 0,
    gradient: gradientRun.address,
    slots: slots.map(({ address }) => address),
    numbers: machine.doubles(numbersKept),
    residuals: samples.x.rows * outputs,
    normal: normal?.matrix.address ?? 0,
    projection: normal?.projection.address ?? 0,
    loss,
    normalEquations() {
      iterations().addNormalEquations(machine, samples, outputs, frozenRows);
      return loss();
    },
    lossAndGradient() {
      // A step of 0 turns −0 into 0.
      for (const { view, bits } of frozenParameters) view.set(bits);
      machine.view(gradientRun).fill(0);
      const { loss } = tally(machine, programs.gradient!, samples);
      for (const view of frozenGradient) view.fill(0);
      return loss;
    },
  };
}
