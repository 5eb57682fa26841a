/** Handwritten digits: a 784-128-10 network learns from 60,000 images, and is tested on 10,000 others after each epoch. */
import { writeFileSync } from "node:fs";
import { dense, Network, sgd } from "steepest";
import { IdxError, readMnist } from "./data/idx.ts";
import { count, facts, measured, percent } from "./terminal/format.ts";
import { Progress } from "./terminal/progress.ts";

const epochs = 10;
const batchSize = 32;
const usage = `Usage: npm start mnist -- PATH

PATH is a folder with the four files of MNIST, as they are or gzipped (.gz):
  train-images-idx3-ubyte  train-labels-idx1-ubyte
  t10k-images-idx3-ubyte   t10k-labels-idx1-ubyte`;

export async function main([path]: string[]): Promise<void> {
  if (path === undefined) return fail(usage);
  let data: ReturnType<typeof readMnist>;
  try {
    data = readMnist(path);
  } catch (error) {
    if (error instanceof IdxError) return fail(error.message);
    throw error;
  }
  const { train, test } = data;

  console.log(`A 784-128-10 network learns digits from ${count(train.labels.length)} images (ReLU, softmax),`);
  console.log(
    `rate 0.1, batches of ${batchSize}; ${count(test.labels.length)} images are held out. Ctrl-C stops it.\n`,
  );

  const net = await Network.create({
    inputs: { shape: 784, scale: 1 / 255 },
    layers: [dense(128, "relu"), dense(10)],
    loss: "softmaxCrossEntropy",
  });

  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.on("SIGINT", onInterrupt);

  const images = epochs * train.labels.length;
  const progress = new Progress(images, "images");
  const started = performance.now();
  let done = 0;
  console.log("  epoch     loss   test accuracy");
  try {
    await net.fit(train.pixels, train.labels, {
      optimizer: sgd({ learningRate: 0.1 }),
      epochs,
      batchSize,
      signal: stop.signal,
      onProgress: ({ step, steps }) => {
        done = step / steps;
        progress.update(done * images);
      },
      onEpoch: ({ epoch, loss, step, steps }) => {
        done = step / steps;
        const { accuracy } = net.evaluate(test.pixels, test.labels);
        progress.clear();
        console.log(`  ${String(epoch).padStart(5)}   ${loss.toFixed(4)}   ${percent(accuracy).padStart(13)}`);
      },
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    progress.clear();
    process.off("SIGINT", onInterrupt);
  }
  const seconds = (performance.now() - started) / 1000;

  const result = net.evaluate(test.pixels, test.labels);
  const file = "mnist.safetensors";
  const bytes = net.save();
  writeFileSync(file, bytes);

  console.log();
  console.log(
    facts([
      ["test accuracy", `${percent(result.accuracy)} (${count(result.correct)} of ${count(test.labels.length)})`],
      [
        "training",
        `${(done * epochs).toFixed(1)} of ${epochs} epochs${stop.signal.aborted ? ", stopped by Ctrl-C" : ""}`,
      ],
      ["time", `${seconds.toFixed(1)} s, ${measured((done * images) / seconds)} images per second, tests included`],
      ["written", `${file}, ${count(bytes.length)} bytes`],
    ]),
  );
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
