// The kernels by number. Shared by the core and the facade: it imports nothing.

/** What a record of a program calls. The arguments stand beside each kernel, as the class of its record. */
export enum Op {
  GatherBytes = 1,
  GatherFloats,
  GatherDoubles,
  GatherLabels,
  DenseForward,
  DenseBackward,
  Activate,
  ActivateBackward,
  Softmax,
  DropoutForward,
  DropoutBackward,
  BatchNormForward,
  BatchNormBackward,
  BatchNormCommit,
  BatchNormApply,
  BatchNormApplyBackward,
  LayerNormForward,
  LayerNormBackward,
  SoftmaxBackward,
  Exponential,
  MeanSquaredError,
  BinaryCrossEntropy,
  SoftmaxCrossEntropy,
  MeanAbsoluteError,
  Huber,
  Poisson,
  Hinge,
  Tick,
  Descend,
  Momentum,
  RmsProp,
  Adagrad,
  Adadelta,
  Adam,
  NadamTick,
  Nadam,
  Rprop,
  ClearGradients,
  Penalty,
  ClipValue,
  SumSquares,
  ClipNorm,
  Decay,
  Shrink,
  MaxNorm,
  Argmax,
  Threshold,
  CountEqual,
  MaxPool2dForward,
  MaxPool2dBackward,
  AvgPool2dForward,
  AvgPool2dBackward,
  GlobalAvgPoolForward,
  GlobalAvgPoolBackward,
  DepthwiseConv2dForward,
  DepthwiseConv2dBackward,
  Repack,
}

/** The activations that work number by number. Those of `dense` end with Sigmoid; the others stand in records of their own. */
export enum Activation {
  // The derivative is taken from A.
  Identity = 0,
  Relu,
  Tanh,
  Sigmoid,
  /** p: the slope below 0. */
  LeakyRelu,
  /** p·(e^z − 1) below 0, all of it times q. */
  Elu,
  // The derivative is taken from Z.
  Gelu,
  GeluTanh,
  Silu,
  Softplus,
  /** p·z + q between 0 and 1. */
  HardSigmoid,
}

/** What becomes of a gradient. */
export enum Gradient {
  /** It is written. */
  Store = 0,
  /** It is added to what is there. */
  Accumulate,
  /** The parameters descend along it at once: w ← w − rate·g. */
  Descend,
  /** It is not computed. */
  Skip,
}

/** How the initial values of a block of parameters are drawn. */
export enum Distribution {
  Constant = 0,
  Uniform,
  Normal,
}
