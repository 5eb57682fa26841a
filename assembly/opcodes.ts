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
  MeanSquaredError,
  BinaryCrossEntropy,
  SoftmaxCrossEntropy,
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
}

/** The activations that work number by number. */
export enum Activation {
  Identity = 0,
  Relu,
  Tanh,
  Sigmoid,
}

/** What becomes of a gradient. */
export enum Gradient {
  /** It is written. */
  Store = 0,
  /** It is added to what is there. */
  Accumulate,
  /** The parameters descend along it at once: w ← w − rate·g. */
  Descend,
}

/** How the initial values of a block of parameters are drawn. */
export enum Distribution {
  Constant = 0,
  Uniform,
  Normal,
}
