import type { NumbersOf, Precision } from "./data.ts";

// What goes into a network and comes out of it.

/** Rows of features: arrays of numbers or typed arrays, one for each row; or one flat row-major array of rows × inputs numbers. */
export type Features = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** Class labels or scalar targets, one for each row; or rows × outputs values, nested or flat. */
export type TargetValues = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** The parameters of one layer: weights [inputs × units] row-major, biases [units]; shape [inputs, units]. */
export interface LayerParameters<P extends Precision = Precision> {
  weights: NumbersOf<P>;
  biases: NumbersOf<P>;
  shape: [inputs: number, units: number];
}

/** The mean loss and, where there are labels, how many of them agree; NaN for a regression with one output. */
export interface Evaluation {
  /** Mean over the samples. */
  loss: number;
  /** Samples whose label agrees: the text's 0-1 sum. With several labels a sample, all must. */
  correct: number;
  /** correct / samples. */
  accuracy: number;
  /** samples − correct. */
  zeroOneLoss: number;
}

/** The gradient of the mean loss. */
export interface Gradients<P extends Precision = Precision> {
  loss: number;
  layers: { weights: NumbersOf<P>; biases: NumbersOf<P> }[];
}

/** What one sample's output is, and its derivative by everything that leads there. */
export interface Derivatives<P extends Precision = Precision> {
  /** ŷ_i, a logit. */
  output: number;
  /** Of each linear map T_l: Z^{l+1}, A^{l+1}, their derivatives, and those of W^l [inputs × units] and B^l. */
  layers: Record<"z" | "a" | "dz" | "da" | "weights" | "biases", NumbersOf<P>>[];
}
