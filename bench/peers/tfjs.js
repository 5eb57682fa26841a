// TensorFlow.js without its layers: variables, and a gradient function whose intermediate tensors are tidied.
import * as tf from "@tensorflow/tfjs";
import { parametersOf } from "./convolution.js";
import { batchesOf, cycle, layersOf } from "./perceptron.js";
import { imageLayers } from "./tfjsImages.js";

tf.enableProdMode();

const ACTIVATIONS = { relu: tf.relu, tanh: tf.tanh, sigmoid: tf.sigmoid, identity: (z) => z };

export async function setup(task, backend) {
  await tf.setBackend(backend);
  await tf.ready();
  const { kind, image, widths, loss, optimizer, learningRate, batchSize, rows, query } = task;
  const [inputs, outputs] = [widths[0], widths.at(-1)];
  const given = image && parametersOf(task);
  const dense = given?.filter(({ dense }) => dense);
  const before = image ? imageLayers(task, given) : { forward: (x) => x, variables: [] };
  const layers = layersOf(task).map(({ inputs, units, activation }, l) => {
    const scale = Math.sqrt(6 / (inputs + units));
    return {
      w: tf.variable(
        dense
          ? tf.tensor2d(dense[l].w, [inputs, units])
          : tf.randomUniform([inputs, units], -scale, scale, "float32", l + 1),
      ),
      b: tf.variable(tf.zeros([units])),
      activate: ACTIVATIONS[activation],
    };
  });
  const forward = (x) =>
    layers.reduce((a, { w, b, activate }) => activate(tf.add(tf.matMul(a, w), b)), before.forward(x));
  const lossOf = (x, y) =>
    loss === "softmaxCrossEntropy"
      ? tf.losses.softmaxCrossEntropy(y, forward(x))
      : tf.losses.meanSquaredError(y, forward(x));

  if (kind === "predict") {
    const x = tf.tensor2d(task.x.slice(0, query * inputs), [query, inputs]);
    const predict = loss === "softmaxCrossEntropy" ? () => tf.softmax(forward(x)) : () => forward(x);
    return {
      run(count) {
        for (let i = 0; i < count; i++) tf.tidy(() => predict().dataSync());
        return count;
      },
    };
  }

  const batches = batchesOf(task).map(({ x, y }) => ({
    x: tf.tensor2d(x, [batchSize, inputs]),
    y: tf.tensor2d(y, [batchSize, outputs]),
  }));
  const rule = tf.train[optimizer](learningRate);
  const variables = [...before.variables, ...layers.flatMap(({ w, b }) => [w, b])];
  const next = cycle(batches.length);
  const all = { x: tf.tensor2d(task.x, [rows, inputs]), y: tf.tensor2d(task.y, [rows, outputs]) };
  return {
    run(count) {
      for (let i = 0; i < count; i++) {
        const { x, y } = batches[next()];
        rule.minimize(() => lossOf(x, y), false, variables);
      }
      return count;
    },
    loss: () => tf.tidy(() => lossOf(all.x, all.y).dataSync()[0]),
  };
}
