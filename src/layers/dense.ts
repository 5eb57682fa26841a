import { Op } from "../../assembly/opcodes.ts";
import { ACTIVATIONS, type Activation, activate, activateBackward, activationCode } from "../activations.ts";
import { checkInitializer, constant, glorotUniform, heNormal, type Initializer } from "../initializers.ts";
import { checkKnown, oneOf, positiveInteger } from "../options.ts";
import type { LayerKind } from "./layer.ts";

/** A dense layer as plain data. */
export interface Dense {
  readonly type: "dense";
  readonly units: number;
  readonly activation: Activation;
  readonly weights: Initializer;
  readonly biases: Initializer;
}

/** Options of `dense`. */
export interface DenseOptions {
  /** Initial weights: `glorotUniform()` by default, `heNormal()` where the activation is ReLU. */
  weights?: Initializer;
  /** Initial biases: `constant(0)` by default. */
  biases?: Initializer;
}

/**
 * A fully connected layer: A = a(X·W + B), X [batch][inputs], W [inputs][units], B [units].
 * @param units outputs per sample, a positive integer
 * @param activation "identity" (default), "relu", "tanh" or "sigmoid"
 * @throws TypeError, RangeError for an unknown word or a value out of its range
 * @example dense(128, "relu")
 */
export function dense(units: number, activation: Activation = "identity", options: DenseOptions = {}): Dense {
  if ((activation as string) === "softmax") {
    throw new RangeError(
      'dense: activation is "softmax", which the loss softmaxCrossEntropy adds itself; leave the activation of the last layer out',
    );
  }
  checkKnown("dense", options, ["weights", "biases"]);
  const { weights = activation === "relu" ? heNormal() : glorotUniform(), biases = constant(0) } = options;
  return {
    type: "dense",
    units: positiveInteger("dense", "units", units),
    activation: oneOf("dense", "activation", activation, ACTIVATIONS),
    weights: checkInitializer("dense", "weights", weights),
    biases: checkInitializer("dense", "biases", biases),
  };
}

export const denseKind: LayerKind<Dense> = {
  from({ type, units, activation, ...options }) {
    return dense(units, activation, options);
  },

  outputs: ({ units }) => units,

  parameters: ({ units, weights, biases }, inputs) => [
    { name: "weights", rows: inputs, columns: units, initializer: weights },
    { name: "biases", rows: 1, columns: units, initializer: biases },
  ],

  // Z = X·W + B, A = a(Z)
  forward(program, { units, activation }, x, [w, b]) {
    const z = program.scratch(units);
    const apart = program.keepAll && activation !== "identity";
    const code = activationCode(apart ? "identity" : activation);
    const workspace = program.workspace(2 * x.columns * PANEL);
    program.add(Op.DenseForward, z, x, w!, b!, x.columns, z.rowBytes, x.rowBytes, code, workspace);
    return { input: x, z, a: apart ? activate(program, activation, z) : z };
  },

  // BP2: D_Z = D_A ⊙ a′(Z), D_X = D_Z Wᵀ, D_W = Xᵀ D_Z, D_B = Σ D_Z
  backward(program, { units, activation }, { input: x, a }, da, [w], target, wanted) {
    const apart = program.keepAll && activation !== "identity";
    const dz = apart ? activateBackward(program, activation, da, a) : da;
    const dx = wanted ? program.scratch(x.columns) : undefined;
    const { kind, rate, cursor } = target;
    const [dw, db] = target.matrices;
    // A descent, D_B, and the rows of D_Z and 16 numbers of each of X side by side; or a panel for D_X.
    const descent = DESCENT + dz.rowBytes + program.rows * (dz.rowBytes + 16 * dz.size);
    const workspace = program.workspace(Math.max(descent, dz.stride * PANEL));
    const code = activationCode(apart ? "identity" : activation);
    program.add(
      Op.DenseBackward,
      ...[dz, a, x, w!, dx ?? 0, dw!, db!, x.columns, units],
      ...[dz.rowBytes, x.rowBytes, code, kind, rate, cursor, workspace],
    );
    return { dz, input: dx };
  },
};

/** Bytes of a row of a panel, and of a descent (`assembly/matmul.ts`). */
const PANEL = 32;
const DESCENT = 32;
