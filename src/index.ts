export { type Activation, elu, hardSigmoid, leakyRelu } from "./activations.ts";
export type { InputOptions } from "./architecture.ts";
export type { Augment } from "./augment.ts";
export type { NumbersOf, Precision } from "./data.ts";
export { type EarlyStopping, earlyStopping } from "./earlyStopping.ts";
export { DivergedError, FormatError, StateError } from "./errors.ts";
export type { CheckpointEvery, FitOptions, Sampling, TrainOptions } from "./fit.ts";
export type { ForeignOptions } from "./foreign.ts";
export { type GradientDescentOptions, type GradientDescentResult, gradientDescent } from "./gradientDescent.ts";
export type { History, Stopped } from "./history.ts";
export type { ImageOptions } from "./images.ts";
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  lecunNormal,
  lecunUniform,
  normal,
  orthogonal,
  uniform,
} from "./initializers.ts";
export { type Name, oneHot } from "./labels.ts";
export { type ActivationLayer, activation } from "./layers/activation.ts";
export { type AvgPool2d, type AvgPoolOptions, avgPool2d } from "./layers/avgPool2d.ts";
export { type BatchNorm, type BatchNormOptions, batchNorm } from "./layers/batchNorm.ts";
export { type Conv2d, type ConvolutionOptions, conv2d } from "./layers/conv2d.ts";
export { type Dense, type DenseOptions, dense } from "./layers/dense.ts";
export { type DepthwiseConv2d, depthwiseConv2d } from "./layers/depthwiseConv2d.ts";
export { type Dropout, type DropoutOptions, dropout } from "./layers/dropout.ts";
export { type Flatten, flatten } from "./layers/flatten.ts";
export { type GlobalAvgPool, globalAvgPool } from "./layers/globalAvgPool.ts";
export type { Layer } from "./layers/index.ts";
export type { TrainingOptions } from "./layers/layer.ts";
export { type LayerNorm, type LayerNormOptions, layerNorm } from "./layers/layerNorm.ts";
export { type MaxPool2d, maxPool2d } from "./layers/maxPool2d.ts";
export { binaryCrossEntropy, huber, type Loss, softmaxCrossEntropy } from "./losses.ts";
export { type ClassMetrics, confusionMatrix, perClass } from "./metrics/confusion.ts";
export type { Metric } from "./metrics/index.ts";
export type { ImputerKind } from "./missing.ts";
export type { CoreSource, Numerics } from "./module.ts";
export { Network, type NetworkOptions } from "./network.ts";
export { readFromOpfs, writeToOpfs } from "./opfs.ts";
export { type Adadelta, type AdadeltaOptions, adadelta } from "./optimizers/adadelta.ts";
export { type Adagrad, type AdagradOptions, adagrad } from "./optimizers/adagrad.ts";
export { type Adam, type AdamOptions, adam, adamw } from "./optimizers/adam.ts";
export type { CommonOptions } from "./optimizers/common.ts";
export type { Optimizer } from "./optimizers/index.ts";
export { type Lbfgs, lbfgs } from "./optimizers/lbfgs.ts";
export { type LevenbergMarquardt, levenbergMarquardt } from "./optimizers/levenbergMarquardt.ts";
export { type Nadam, type NadamOptions, nadam } from "./optimizers/nadam.ts";
export { type Rmsprop, type RmspropOptions, rmsprop } from "./optimizers/rmsprop.ts";
export { type Rprop, type RpropOptions, rprop } from "./optimizers/rprop.ts";
export { type Sgd, type SgdOptions, sgd } from "./optimizers/sgd.ts";
export type { PoolOptions } from "./pool.ts";
export type { PreparationOptions } from "./preparation.ts";
export type {
  Derivatives,
  Evaluation,
  Features,
  GivenParameters,
  Gradients,
  LayerGradients,
  LayerParameters,
  TargetValues,
} from "./results.ts";
export type { ScalerKind } from "./scalers.ts";
export { type Cosine, cosine } from "./schedules/cosine.ts";
export { type ExponentialDecay, exponentialDecay } from "./schedules/exponentialDecay.ts";
export type { LearningRate, Schedule } from "./schedules/index.ts";
export { type OneCycle, oneCycle } from "./schedules/oneCycle.ts";
export { type Piecewise, piecewise } from "./schedules/piecewise.ts";
export { type ReduceOnPlateau, reduceOnPlateau } from "./schedules/reduceOnPlateau.ts";
export type { ScheduleTime } from "./schedules/schedule.ts";
export { type StepDecay, stepDecay } from "./schedules/stepDecay.ts";
export type { Item, Source } from "./source.ts";
export type { Interval, Point, Space } from "./space.ts";
export type { Progress } from "./training.ts";
export type { Built, TrialResult } from "./trial.ts";
export { type TuneOptions, type TuneResult, tune } from "./tune.ts";
export { warmUp } from "./warmUp.ts";
export type { Padding, Pair } from "./window.ts";
