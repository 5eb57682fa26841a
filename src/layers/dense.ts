import { Op } from "../../assembly/opcodes.ts";
import {
  type Activation,
  activate,
  activateBackward,
  activationKind,
  activationName,
  checkActivation,
} from "../activations.ts";
import { checkInitializer, constant, glorotUniform, heNormal, type Initializer, lecunNormal } from "../initializers.ts";
import { checkKnown, nonNegativeNumber, positiveInteger, positiveNumber } from "../options.ts";
import type { Matrix } from "../plan.ts";
import type { Program } from "../program.ts";
import { printed } from "../shape.ts";
import type { LayerKind, TrainingOptions } from "./layer.ts";
import { checkTraining, trained } from "./trainingOptions.ts";

/** A dense layer as plain data. */
export interface Dense extends TrainingOptions {
  readonly type: "dense";
  readonly units: number;
  readonly activation: Activation;
  readonly weights: Initializer;
  readonly biases: Initializer;
  readonly l1?: number;
  readonly l2?: number;
  readonly maxNorm?: number;
}

/** Options of `dense`. */
export interface DenseOptions extends TrainingOptions {
  /**
   * Initial weights: `heNormal()` by default where the activation is one of the ReLU kind (relu, leakyRelu, elu, gelu, geluTanh, silu),
   * `lecunNormal()` for selu, else `glorotUniform()`.
   */
  weights?: Initializer;
  /** Initial biases: `constant(0)` by default. */
  biases?: Initializer;
  /** l1·Σ|w| over the weights is added to the loss that is minimised: a finite number from 0, as in Keras's L1; default 0. */
  l1?: number;
  /** l2·Σw² over the weights is added to the loss, as in Keras's L2 (a half of it elsewhere): a finite number from 0; default 0. */
  l2?: number;
  /**
   * The largest Euclidean norm of the weights that lead to one unit: after each update they are scaled back to it where they are
   * beyond (Srivastava et al. 2014; Keras's MaxNorm). A positive finite number; default none.
   */
  maxNorm?: number;
}

/**
 * A fully connected layer: A = a(X·W + B), X [batch][inputs], W [inputs][units], B [units].
 * @param units outputs per sample, a positive integer
 * @param activation "identity" (default), "relu", "tanh", "sigmoid", or another `Activation`
 * @throws TypeError, RangeError for an unknown word or a value out of its range
 * @example dense(128, "relu", { l2: 1e-4, maxNorm: 3 })
 */
export function dense(units: number, activation: Activation = "identity", options: DenseOptions = {}): Dense {
  const where = "dense";
  checkKnown(where, options, ["weights", "biases", "l1", "l2", "maxNorm", "trainable", "rates"]);
  const kind = checkActivation(where, activation);
  const { weights = initialWeights(kind), biases = constant(0), l1 = 0, l2 = 0, maxNorm } = options;
  nonNegativeNumber(where, "l1", l1);
  nonNegativeNumber(where, "l2", l2);
  if (maxNorm !== undefined) positiveNumber(where, "maxNorm", maxNorm);
  return {
    type: "dense",
    units: positiveInteger(where, "units", units),
    activation: kind,
    weights: checkInitializer(where, "weights", weights),
    biases: checkInitializer(where, "biases", biases),
    ...(l1 > 0 ? { l1 } : {}),
    ...(l2 > 0 ? { l2 } : {}),
    ...(maxNorm === undefined ? {} : { maxNorm }),
    ...checkTraining(where, options),
  };
}

function initialWeights(activation: Activation): Initializer {
  switch (activationName(activation)) {
    case "relu":
    case "leakyRelu":
    case "elu":
    case "gelu":
    case "geluTanh":
    case "silu":
      return heNormal();
    case "selu":
      return lecunNormal();
    default:
      return glorotUniform();
  }
}

/** The activation that the layer's own kernels compute; what is left takes a pass of its own. */
function fusedIn(program: Program, activation: Activation): Activation {
  return activationKind(activation).fused && !program.keepAll ? activation : "identity";
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

  parameters(layer, [inputs]) {
    const { units, weights, biases, l1 = 0, l2 = 0, maxNorm = Number.POSITIVE_INFINITY } = layer;
    return [
      { ...trained(layer, "weights", weights, [inputs!, units]), l1, l2, maxNorm },
      trained(layer, "biases", biases, [units], [inputs!, units]),
    ];
  },

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
