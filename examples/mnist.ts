/** Handwritten digits: a 784-128-10 network learns from 60,000 images, and is tested on 10,000 others after each epoch. */
import { dense, Network, sgd } from "steepest";
import { pathAndFlags } from "./arguments.ts";
import { readMnist } from "./data/idx.ts";
import { count } from "./terminal/format.ts";
import { watch } from "./terminal/training.ts";

const usage = `Usage: npm start mnist -- PATH [--fresh]

PATH is a folder with the four files of MNIST, as they are or gzipped (.gz):
  train-images-idx3-ubyte  train-labels-idx1-ubyte
  t10k-images-idx3-ubyte   t10k-labels-idx1-ubyte
--fresh begins anew where a training was stopped.`;

export async function main(args: string[]): Promise<void> {
  const { path, fresh } = pathAndFlags(args, ["fresh"], usage);
  const { train, test } = readMnist(path);

  console.log(`A 784-128-10 network learns digits from ${count(train.labels.length)} images (ReLU, softmax),`);
  console.log(`rate 0.1; ${count(test.labels.length)} images are held out. Ctrl-C stops it, to go on later.\n`);

  await watch({
    name: "mnist",
    create: () =>
      Network.create({
        inputs: { shape: 784, scale: 1 / 255 },
        layers: [dense(128, "relu"), dense(10)],
        loss: "softmaxCrossEntropy",
      }),
    train: [train.pixels, train.labels],
    test: [test.pixels, test.labels],
    options: { optimizer: sgd({ learningRate: 0.1 }), epochs: 10, batchSize: 32 },
    fresh,
  });
}
