// ConvNetJS: one sample at a time, in volumes that are made once. Version 0.3.0 has no Adam.
import convnetjs from "convnetjs";
import { parametersOf } from "./convolution.js";
import { batchesOf, cycle, labelOf, layersOf } from "./perceptron.js";

/** Layers before the dense ones. Its pools take maxima, and are padded on all sides alike. */
function imageLayer({ type, filters, kernel, padding, size, stride }) {
  switch (type) {
    case "convolution":
      return { type: "conv", filters, sx: kernel, stride: 1, pad: padding };
    case "relu":
      return { type };
    default:
      return { type: "pool", sx: size, stride, pad: Math.max(...padding) };
  }
}

const sameInIt = ({ type, padding }) =>
  type === "averagePool" ? false : type !== "maxPool" || padding.every((n) => n === padding[0]);

export function setup(task) {
  const { kind, image, widths, loss, optimizer, learningRate, batchSize, rows, query } = task;
  const [inputs, outputs] = [widths[0], widths.at(-1)];
  const softmax = loss === "softmaxCrossEntropy";
  const layers = layersOf(task);
  const net = new convnetjs.Net();
  const [height, width, channels] = image?.shape ?? [1, 1, inputs];
  net.makeLayers([
    { type: "input", out_sx: width, out_sy: height, out_depth: channels },
    ...(image?.layers ?? []).map(imageLayer),
    ...layers.slice(0, -1).map(({ units, activation }) => ({ type: "fc", num_neurons: units, activation })),
    softmax ? { type: "softmax", num_classes: outputs } : { type: "regression", num_neurons: outputs },
  ]);
  if (layers.at(-1).activation === "sigmoid") {
    // makeLayers allows no activation before a regression.
    const sigmoid = new convnetjs.SigmoidLayer({ in_sx: 1, in_sy: 1, in_depth: outputs });
    net.layers.splice(net.layers.length - 1, 0, sigmoid);
  }

  if (image) {
    // Of every filter and unit: [height, width, channels], and a bias.
    const layers = net.layers.filter(({ filters }) => filters);
    for (const [l, { w, b }] of parametersOf(task).entries()) {
      const { filters, biases } = layers[l];
      for (const [j, filter] of filters.entries()) filter.w.set(filter.w.map((_, i) => w[i * filters.length + j]));
      biases.w.set(b);
    }
  }

  const samples = batchesOf({ ...task, batchSize: 1, rows: kind === "predict" ? query : rows }).map(({ x, y }) => {
    const volume = new convnetjs.Vol(width, height, channels, 0);
    volume.w.set(x);
    return { x: volume, y: softmax ? labelOf(y) : Array.from(y) };
  });
  if (kind === "predict") {
    return {
      run(count) {
        for (let i = 0; i < count; i++) for (const { x } of samples) net.forward(x);
        return count;
      },
    };
  }

  const trainer = new convnetjs.Trainer(net, {
    method: "sgd",
    learning_rate: learningRate,
    momentum: 0,
    l2_decay: 0,
    batch_size: batchSize,
  });
  const next = cycle(rows);
  const note = [
    ...(optimizer === "sgd" ? [] : [`plain sgd: it has no ${optimizer}`]),
    ...(!image || image.layers.every(sameInIt) ? [] : ["max-pools for all, padded on all sides"]),
  ].join("; ");
  return {
    ...(note && { note }),
    run(count) {
      for (let i = 0; i < count * batchSize; i++) {
        const { x, y } = samples[next()];
        trainer.train(x, y);
      }
      return count;
    },
    loss() {
      let sum = 0;
      for (const { x, y } of samples) {
        const { w } = net.forward(x);
        sum += softmax ? -Math.log(w[y]) : y.reduce((sum, value, j) => sum + (w[j] - value) ** 2 / outputs, 0);
      }
      return sum / rows;
    },
  };
}
