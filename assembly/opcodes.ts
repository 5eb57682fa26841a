// The kernels by number. Shared by the core and the facade: it imports nothing.

/** What a record of a program calls. The arguments stand beside each kernel, as the class of its record. */
export enum Op {
  GatherBytes = 1,
  GatherFloats,
  GatherDoubles,
  GatherLabels,
  DenseForward,
  DenseWeightGradient,
  DenseInputGradient,
  Transpose,
  ReluForward,
  ReluBackward,
  TanhForward,
  TanhBackward,
  SigmoidForward,
  SigmoidBackward,
  Softmax,
  MeanSquaredError,
  BinaryCrossEntropy,
  SoftmaxCrossEntropy,
  Sgd,
  Argmax,
  Threshold,
  CountEqual,
}

/** How the initial values of a block of parameters are drawn. */
export enum Distribution {
  Constant = 0,
  Uniform,
  Normal,
}
