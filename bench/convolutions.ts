import type { ImageLayer, NetworkTask, Padding, Shape } from "./contestant.ts";

const none: Padding = [0, 0, 0, 0];
/** Such that a pool of 3 in steps of 2 halves an even size. */
const after: Padding = [0, 1, 0, 1];

const relu: ImageLayer = { type: "relu" };
const convolution = (filters: number, padding: number): ImageLayer => ({
  type: "convolution",
  filters,
  kernel: 5,
  padding,
});
const maxPool = (size: number, padding: Padding): ImageLayer => ({ type: "maxPool", size, stride: 2, padding });
const averagePool: ImageLayer = { type: "averagePool", size: 3, stride: 2, padding: after };

/** All rows are one batch, so that the same steps follow however a contestant counts epochs. */
const common = {
  kind: "train",
  activation: "relu",
  lastActivation: "identity",
  loss: "softmaxCrossEntropy",
  optimizer: "sgd",
  learningRate: 0.01,
  stepsPerEpoch: 1,
  sampling: "sequential",
  query: 0,
} as const;

/** LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition" (1998), with ReLU and max-pools. */
export const lenet: NetworkTask = {
  ...common,
  widths: [784, 120, 84, 10],
  image: {
    shape: [28, 28, 1],
    layers: [convolution(6, 2), relu, maxPool(2, none), convolution(16, 0), relu, maxPool(2, none)],
    features: [5, 5, 16],
  },
  batchSize: 64,
  rows: 64,
};

/** Caffe's example cifar10_quick, with a ReLU after the first dense layer. */
export const cifarQuick: NetworkTask = {
  ...common,
  widths: [3072, 64, 10],
  image: {
    shape: [32, 32, 3],
    layers: [
      ...[convolution(32, 2), maxPool(3, after), relu],
      ...[convolution(32, 2), relu, averagePool],
      ...[convolution(64, 2), relu, averagePool],
    ],
    features: [4, 4, 64],
  },
  batchSize: 100,
  rows: 100,
};

/** Multiplications and additions of the convolutions for one row, those with padding included: of the first and of all. */
export function convolutionFlops({ shape, layers }: NonNullable<NetworkTask["image"]>): { first: number; all: number } {
  const flops: number[] = [];
  let [height, width, channels]: Shape = shape;
  for (const layer of layers) {
    if (layer.type === "relu") continue;
    const [size, stride, [top, bottom, left, right]] =
      layer.type === "convolution"
        ? [layer.kernel, 1, Array<number>(4).fill(layer.padding) as unknown as Padding]
        : [layer.size, layer.stride, layer.padding];
    height = Math.floor((height + top + bottom - size) / stride) + 1;
    width = Math.floor((width + left + right - size) / stride) + 1;
    if (layer.type !== "convolution") continue;
    flops.push(2 * height * width * layer.filters * size ** 2 * channels);
    channels = layer.filters;
  }
  return { first: flops[0]!, all: flops.reduce((a, b) => a + b) };
}
