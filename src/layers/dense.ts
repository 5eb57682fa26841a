import { Op } from "../../assembly/opcodes.ts";
import { ACTIVATIONS, type Activation, activate, activateBackward } from "../activations.ts";
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

  // Z = A·W + B
  forward(program, { units, activation }, input, [w, b]) {
    const z = program.scratch(units);
    program.add(Op.DenseForward, z, input, w!, b!, input.columns, z.rowBytes, input.rowBytes);
    return { input, z, a: activate(program, activation, z) };
  },

  // BP2: D_Z = D_A ⊙ a′(Z); D_W = Aᵀ D_Z; D_B = Σ D_Z; D_A of the input = D_Z Wᵀ
  backward(program, { units, activation }, { input, a }, da, [w], { matrices: [dw, db], accumulate }, wanted) {
    const dz = activateBackward(program, activation, da, a);
    program.add(
      Op.DenseWeightGradient,
      dw!,
      db!,
      input,
      dz,
      input.columns,
      input.rowBytes,
      dz.rowBytes,
      Number(accumulate),
    );
    if (!wanted) return { dz, input: undefined };
    const wt = program.scratch(input.columns, units);
    program.add(Op.Transpose, wt, w!, input.columns, units, wt.rowBytes, w!.rowBytes);
    const dInput = program.scratch(input.columns);
    program.add(Op.DenseInputGradient, dInput, dz, wt, units, dInput.rowBytes, dz.rowBytes);
    return { dz, input: dInput };
  },
};
