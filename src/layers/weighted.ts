import { type Activation, activationKind, activationName, checkActivation } from "../activations.ts";
import { checkInitializer, constant, glorotUniform, heNormal, type Initializer, lecunNormal } from "../initializers.ts";
import { nonNegativeNumber, positiveNumber } from "../options.ts";
import type { Program } from "../program.ts";
import type { Shape } from "../shape.ts";
import type { ParameterShape, TrainingOptions } from "./layer.ts";
import { checkTraining, trained } from "./trainingOptions.ts";

// What layers that multiply by weights and have an activation share.

/** Their part of a layer as plain data. */
export interface Weighted extends TrainingOptions {
  readonly activation: Activation;
  readonly weights: Initializer;
  readonly biases: Initializer;
  readonly l1?: number;
  readonly l2?: number;
  readonly maxNorm?: number;
}

/** Options of `dense`, `conv2d` and `depthwiseConv2d`. */
export interface WeightedOptions extends TrainingOptions {
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
   * The largest Euclidean norm of the weights that lead to one unit, or make one filter: after each update they are scaled back to it
   * where they are beyond (Srivastava et al. 2014; Keras's MaxNorm). A positive finite number; default none.
   */
  maxNorm?: number;
}

/** The names of the options. */
export const WEIGHTED = ["weights", "biases", "l1", "l2", "maxNorm", "trainable", "rates"];

/** @throws TypeError, RangeError */
export function checkWeighted(where: string, given: Activation, options: WeightedOptions): Weighted {
  const activation = checkActivation(where, given);
  const { weights = initialWeights(activation), biases = constant(0), l1 = 0, l2 = 0, maxNorm } = options;
  nonNegativeNumber(where, "l1", l1);
  nonNegativeNumber(where, "l2", l2);
  if (maxNorm !== undefined) positiveNumber(where, "maxNorm", maxNorm);
  return {
    activation,
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

/** Weights of this shape, with a bias for each of their columns unless there are none. */
export function weightsAndBiases(
  layer: Weighted & { readonly bias?: boolean },
  shape: Shape,
  fans: ParameterShape["fans"],
): ParameterShape[] {
  const { weights, biases, l1 = 0, l2 = 0, maxNorm = Number.POSITIVE_INFINITY } = layer;
  const list = [{ ...trained(layer, "weights", weights, shape, fans), l1, l2, maxNorm }];
  if (layer.bias === false) return list;
  return [...list, trained(layer, "biases", biases, [shape.at(-1)!], fans)];
}

/** The activation that a layer's own kernels compute; what is left takes a pass of its own. */
export const fusedIn = (program: Program, activation: Activation): Activation =>
  activationKind(activation).fused && !program.keepAll ? activation : "identity";
