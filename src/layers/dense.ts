import { Op } from "../../assembly/opcodes.ts";
import { type Activation, activate, activateBackward, activationKind } from "../activations.ts";
import { checkKnown, positiveInteger } from "../options.ts";
import type { Matrix } from "../plan.ts";
import { printed } from "../shape.ts";
import type { LayerKind } from "./layer.ts";
import { checkWeighted, fusedIn, WEIGHTED, type Weighted, type WeightedOptions, weightsAndBiases } from "./weighted.ts";

/** A dense layer as plain data. */
export interface Dense extends Weighted {
  readonly type: "dense";
  readonly units: number;
}

/** Options of `dense`. */
export type DenseOptions = WeightedOptions;

/**
 * A fully connected layer: A = a(X·W + B), X [batch][inputs], W [inputs][units], B [units].
 * @param units outputs per sample, a positive integer
 * @param activation "identity" (default), "relu", "tanh", "sigmoid", or another `Activation`
 * @throws TypeError, RangeError for an unknown word or a value out of its range
 * @example dense(128, "relu", { l2: 1e-4, maxNorm: 3 })
 */
export function dense(units: number, activation: Activation = "identity", options: DenseOptions = {}): Dense {
  const where = "dense";
  checkKnown(where, options, WEIGHTED);
  return { type: "dense", units: positiveInteger(where, "units", units), ...checkWeighted(where, activation, options) };
}

export const denseKind: LayerKind<Dense> = {
  descends: true,

  from({ type, units, activation, ...options }) {
    return dense(units, activation, options);
  },

  outputs({ units }, inputs) {
    if (inputs.length > 1)
      throw new RangeError(`takes [units], and its inputs are ${printed(inputs)}; put flatten() before it`);
    return [units];
  },

  multiplyAdds: ({ units }, [inputs]) => inputs! * units,

  parameters: (layer, [inputs]) => weightsAndBiases(layer, [inputs!, layer.units], [inputs!, layer.units]),

  // Z = X·W + B, A = a(Z)
  forward(program, { units, activation }, x, { parameters: [w, b] }) {
    const z = program.scratch(units);
    const fused = fusedIn(program, activation);
    const workspace = program.workspace(panelBytes(x, 2));
    const { code } = activationKind(fused);
    program.add(Op.DenseForward, z, x, w!, b!, x.columns, z.rowBytes, x.rowBytes, code, workspace);
    return { input: x, z, a: fused === activation ? z : activate(program, activation, z) };
  },

  // BP2: D_Z = D_A ⊙ a′(Z), D_X = D_Z Wᵀ, D_W = Xᵀ D_Z, D_B = Σ D_Z
  backward(program, { units, activation }, { input: x, z, a }, da, { parameters: [w] }, target, wanted) {
    const fused = fusedIn(program, activation);
    const dz = fused === activation ? da : activateBackward(program, activation, da, { z, a });
    const dx = wanted ? program.scratch(x.columns) : undefined;
    const { kind, rates, cursor } = target;
    const [dw, db] = target.matrices;
    // A descent, D_B, and the rows of D_Z and 16 numbers of each of X side by side; or the panels for D_X.
    const descent = DESCENT + dz.rowBytes + program.rows * (dz.rowBytes + 16 * dz.size);
    const workspace = program.workspace(Math.max(descent, panelBytes(dz, 1)));
    program.add(
      Op.DenseBackward,
      ...[dz, a, x, w!, dx ?? 0, dw!, db!, x.columns, units],
      ...[dz.rowBytes, x.rowBytes, activationKind(fused).code, kind, rates[0] ?? 0, rates[1] ?? 0, cursor, workspace],
    );
    return { dz, input: dx };
  },
};

/** Bytes of a descent, and of the panels by which `a` is multiplied at a time: `least` where it fits one block (`assembly/matmul.ts`). */
const DESCENT = 32;
const panelBytes = ({ rows, columns, stride, size }: Matrix, least: number) =>
  (rows * columns * size > 524288 ? 16 : least) * 32 * Math.min(stride, 3072 / size);
