// What the bench and the processes that it measures in agree on. Peers are plain JavaScript and Python with the same words.

export type Precision = "f32" | "f64";

/** Which build of this package; peers have no such choice. */
export type Numerics = "reproducible" | "relaxed";

/** A layer before the dense ones. Paddings are of zeros; a pool leaves them out of its maximum, and out of the count of its mean. */
export type ImageLayer =
  | { type: "convolution"; filters: number; kernel: number; padding: number }
  | { type: "maxPool" | "averagePool"; size: number; stride: number; padding: Padding }
  | { type: "relu" };

export type Padding = readonly [top: number, bottom: number, left: number, right: number];
export type Shape = readonly [height: number, width: number, channels: number];

/** A perceptron, its data and how it is trained; in a file for other processes, with the paths of x, y and initial. */
export interface NetworkTask {
  /** "train": one run is a step; "predict": one run is the prediction of the first `query` rows. */
  kind: "train" | "predict";
  numerics?: Numerics;
  /** Numbers per row: inputs, units of each dense layer. */
  widths: readonly number[];
  /** Where rows are images: their shape, the layers before the dense ones, and the shape that these make of them. */
  image?: { shape: Shape; layers: readonly ImageLayer[]; features: Shape };
  activation: "relu" | "tanh" | "sigmoid";
  lastActivation: "identity" | "sigmoid";
  loss: "meanSquaredError" | "softmaxCrossEntropy";
  optimizer: "sgd" | "adam";
  learningRate: number;
  batchSize: number;
  /** Rows of the data, a multiple of the batch size. */
  rows: number;
  stepsPerEpoch: number;
  sampling: "shuffle" | "sequential" | "withReplacement";
  query: number;
}

/**
 * The data: x [rows × inputs], y [rows × outputs], one-hot for classes. Where rows are images x is [rows, height, width, channels],
 * and `initial` is what all start from: for each layer the weights, [height, width, channels, filters] or [inputs × units], and
 * the biases.
 */
export interface Data {
  x: Float32Array;
  y: Float32Array;
  initial: Float32Array;
}

/** One product of n × n matrices: X·W + B, Xᵀ·Δ with the sum of Δ's rows, or that and Δ·Wᵀ. */
export interface ProductTask {
  kind: "product";
  numerics?: Numerics;
  n: number;
  precision: Precision;
  form: "forward" | "weightGradient" | "backward";
}

export type Task = NetworkTask | ProductTask;

/** What is ready to run. */
export interface Model {
  /** What differs from the task. */
  note?: string;
  /** Runs at least once, about `count` times, and returns how often. */
  run(count: number): number | Promise<number>;
  /** Mean loss over all rows, where it trains. */
  loss?(): number | Promise<number>;
}

/** The module of a contestant. It throws where its results are wrong. */
export interface Contestant {
  setup(task: Task & Data): Model | Promise<Model>;
}

/** What a child process answers: first `Ready`, then to `{"run": n}` with `Ran`, to `{"loss": true}` with `{ loss }`. */
export interface Ready {
  /** Of the library, where the list of contestants cannot know it. */
  version?: string;
  note?: string;
  /** Milliseconds of importing, of setting up and of the first run. */
  imported: number;
  created: number;
  first: number;
  /** After the first run; null where it is not finite. */
  loss?: number | null;
}

export interface Ran {
  count: number;
  ms: number;
}
