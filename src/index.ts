export type { Activation } from "./activations.ts";
export type { InputOptions } from "./architecture.ts";
export type { NumbersOf, Precision } from "./data.ts";
export { DivergedError, FormatError, StateError } from "./errors.ts";
export type { FitOptions, Sampling, TrainOptions } from "./fit.ts";
export { type GradientDescentOptions, type GradientDescentResult, gradientDescent } from "./gradientDescent.ts";
export { constant, glorotUniform, heNormal, type Initializer, normal, uniform } from "./initializers.ts";
export { type Dense, type DenseOptions, dense } from "./layers/dense.ts";
export type { Layer } from "./layers/index.ts";
export type { Loss } from "./losses.ts";
export type { CoreSource } from "./module.ts";
export {
  type Derivatives,
  type Evaluation,
  type Features,
  type Gradients,
  type LayerParameters,
  Network,
  type NetworkOptions,
  type TargetValues,
} from "./network.ts";
export type { Optimizer } from "./optimizers/index.ts";
export { type Sgd, sgd } from "./optimizers/sgd.ts";
export type { History, Progress } from "./training.ts";
