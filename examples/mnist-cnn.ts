/**
 * Handwritten digits with convolutions: a network like LeNet-5 (LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to
 * document recognition", 1998), with ReLU, max-pooling and softmax instead of tanh, trained averages and radial basis functions.
 */
import { adam, conv2d, dense, flatten, maxPool2d, Network, type NetworkOptions, stepDecay } from "steepest";
import { pathAndFlags } from "./arguments.ts";
import { readMnist } from "./data/idx.ts";
import { count } from "./terminal/format.ts";
import { watch } from "./terminal/training.ts";

const usage = `Usage: npm start mnist-cnn -- PATH [--fresh]

PATH is a folder with the four files of MNIST, as they are or gzipped (.gz):
  train-images-idx3-ubyte  train-labels-idx1-ubyte
  t10k-images-idx3-ubyte   t10k-labels-idx1-ubyte
--fresh begins anew where a training was stopped.`;

/** Weights start He-normal, the default before a ReLU. */
export const network: NetworkOptions<"f32"> = {
  inputs: { shape: [28, 28, 1], scale: 1 / 255 },
  layers: [
    conv2d(6, 5, { padding: 2, activation: "relu" }),
    maxPool2d(2),
    conv2d(16, 5, { activation: "relu" }),
    maxPool2d(2),
    flatten(),
    dense(120, "relu"),
    dense(84, "relu"),
    dense(10),
  ],
  loss: "softmaxCrossEntropy",
};

/** With seeds 0 to 5, 9,906 to 9,923 of the 10,000 test images are told right at the end. */
export const training = {
  optimizer: adam({ learningRate: stepDecay({ learningRate: 0.002, factor: 0.8, every: 1 }) }),
  epochs: 12,
  batchSize: 64,
};

export async function main(args: string[]): Promise<void> {
  const { path, fresh } = pathAndFlags(args, ["fresh"], usage);
  const { train, test } = readMnist(path);

  console.log(`A network like LeNet-5 learns digits from ${count(train.labels.length)} images,`);
  console.log(`Adam with rate 0.002 · 0.8^epoch; ${count(test.labels.length)} images are held out.`);
  console.log("Ctrl-C stops it, to go on later.\n");

  await watch({
    name: "mnist-cnn",
    create: () => Network.create(network),
    train: [train.pixels, train.labels],
    test: [test.pixels, test.labels],
    options: training,
    fresh,
  });
}
