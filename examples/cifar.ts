/**
 * Small colour photographs of ten kinds: MatConvNet's CIFAR example (`cnn_cifar_init.m`), which Higham & Higham, "Deep Learning: An
 * Introduction for Applied Mathematicians", section 7, take as theirs, here without its dropout.
 */
import { activation, avgPool2d, conv2d, flatten, maxPool2d, Network, normal, piecewise, sgd } from "steepest";
import { pathAndFlags } from "./arguments.ts";
import { readCifar } from "./data/cifar.ts";
import { whitened } from "./data/whiten.ts";
import { count } from "./terminal/format.ts";
import { watch } from "./terminal/training.ts";

const usage = `Usage: npm start cifar -- PATH [--crop] [--whiten] [--fresh]

PATH is a folder with the binary version of CIFAR-10, or one with cifar-10-batches-bin in it:
  data_batch_1.bin  data_batch_2.bin  data_batch_3.bin  data_batch_4.bin  data_batch_5.bin
  test_batch.bin
--crop shifts the training images by up to four pixels, besides mirroring half of them.
--whiten takes the correlations between pixels off first, as MatConvNet does: it takes minutes.
--fresh begins anew where a training was stopped.`;

const PARAMETERS = 145_578;

/** The network of the paper. */
export async function create(seed = 0): Promise<Network> {
  const rates = { weights: 0.1, biases: 2 };
  const first = { weights: normal(0.01), rates };
  const block = { weights: normal(0.05), rates };
  const last = { weights: normal(0.05), rates: { weights: 0.01, biases: 0.2 } };
  const halving = { stride: 2, padding: [0, 1, 0, 1] } as const;
  const net = await Network.create({
    inputs: [32, 32, 3],
    layers: [
      ...[conv2d(32, 5, { padding: 2, ...first }), maxPool2d(3, halving), activation("relu")],
      ...[conv2d(32, 5, { padding: 2, activation: "relu", ...block }), avgPool2d(3, halving)],
      ...[conv2d(64, 5, { padding: 2, activation: "relu", ...block }), avgPool2d(3, halving)],
      conv2d(64, 4, { activation: "relu", ...block }),
      conv2d(10, 1, last),
      flatten(),
    ],
    loss: "softmaxCrossEntropy",
    seed,
  });
  const parameters = net.parameters().reduce((sum, { weights, biases }) => sum + weights.length + biases.length, 0);
  if (parameters !== PARAMETERS) throw new Error(`The network has ${parameters} parameters, the paper's ${PARAMETERS}`);
  return net;
}

const pieces = [
  [30, 0.05],
  [10, 0.005],
  [5, 0.0005],
] as const;

/** The training of the paper; `weightDecay` is added to the gradient. */
export const training = {
  optimizer: sgd({ learningRate: piecewise(pieces), momentum: 0.9, weightDecay: 1e-4 }),
  epochs: pieces.reduce((sum, [epochs]) => sum + epochs, 0),
  batchSize: 100,
};

/** Each image's brightness and contrast made alike, and the mean image taken off. */
export const images = { mean: true, contrast: true };

export async function main(args: string[]): Promise<void> {
  const { path, crop, whiten, fresh } = pathAndFlags(args, ["crop", "whiten", "fresh"], usage);
  const { train, test } = readCifar(path);

  console.log(
    `The CIFAR network of Higham & Higham's paper learns from ${count(train.labels.length)} images of ten kinds,`,
  );
  console.log("momentum 0.9, rate 0.05 for 30 epochs, 0.005 for 10 and 0.0005 for 5;");
  console.log(`${count(test.labels.length)} images are held out. Ctrl-C stops it, to go on later.\n`);
  if (whiten) console.log("Whitening comes first, and takes some minutes …\n");
  const [x, held] = whiten ? await whitened(train.pixels, test.pixels, 32 * 32 * 3) : [train.pixels, test.pixels];

  await watch({
    name: "cifar",
    create,
    train: [x, train.labels],
    test: [held, test.labels],
    options: {
      ...training,
      ...(whiten ? {} : { images }),
      augment: { flip: true, ...(crop ? { crop: 4 } : {}) },
    },
    fresh,
  });
}
