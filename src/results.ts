import type { NumbersOf, Precision } from "./data.ts";
import type { Name } from "./labels.ts";
import type { StatisticName } from "./layers/layer.ts";

// What goes into a network and comes out of it.

/** Rows of features: arrays of numbers or typed arrays, one for each row; or one flat row-major array of rows × inputs numbers. */
export type Features = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** Class labels, their names or scalar targets, one for each row; or rows × outputs values, nested or flat. */
export type TargetValues = ArrayLike<Name> | ArrayLike<ArrayLike<Name>>;

/**
 * The parameters of one layer. Dense: weights [inputs × units] row-major, biases [units], shape [inputs, units]. Normalisations:
 * weights γ and biases β [units], shape [units]; of `batchNorm` the running mean and variance too. Both are empty, and the shape is [],
 * for a layer that has none.
 */
export interface LayerParameters<P extends Precision = Precision> extends LayerGradients<P> {
  mean?: NumbersOf<P>;
  variance?: NumbersOf<P>;
  shape: number[];
}

/** The gradient by the parameters of one layer, as these are laid out. */
export interface LayerGradients<P extends Precision = Precision> {
  weights: NumbersOf<P>;
  biases: NumbersOf<P>;
}

/** Parameters as a caller gives them; statistics that are left out stay as they are. */
export type GivenParameters = { [name in "weights" | "biases" | StatisticName]?: Features } & {
  shape?: readonly number[] | undefined;
};

/**
 * The mean loss, of scaled targets where y is scaled, and, where there are labels, how many of them agree; NaN for a regression with one
 * output or scaled targets.
 */
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

/** The gradient of the mean loss and the penalties of the layers. */
export interface Gradients<P extends Precision = Precision> {
  loss: number;
  layers: LayerGradients<P>[];
}

/** What one sample's output is, and its derivative by everything that leads there. */
export interface Derivatives<P extends Precision = Precision> {
  /** ŷ_i, a logit. */
  output: number;
  /** Of each layer: Z^{l+1}, A^{l+1}, their derivatives, and those of its parameters, W^l [inputs × units] and B^l. */
  layers: (Record<"z" | "a" | "dz" | "da", NumbersOf<P>> & LayerGradients<P>)[];
}
