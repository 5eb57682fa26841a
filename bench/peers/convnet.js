// ConvNetJS: one sample at a time, in volumes that are made once. Version 0.3.0 has no Adam.
import convnetjs from "convnetjs";
import { batchesOf, cycle, labelOf, layersOf } from "./perceptron.js";

export function setup(task) {
  const { kind, widths, loss, optimizer, learningRate, batchSize, rows, query } = task;
  const [inputs, outputs] = [widths[0], widths.at(-1)];
  const softmax = loss === "softmaxCrossEntropy";
  const layers = layersOf(task);
  const net = new convnetjs.Net();
  net.makeLayers([
    { type: "input", out_sx: 1, out_sy: 1, out_depth: inputs },
    ...layers.slice(0, -1).map(({ units, activation }) => ({ type: "fc", num_neurons: units, activation })),
    softmax ? { type: "softmax", num_classes: outputs } : { type: "regression", num_neurons: outputs },
  ]);
  if (layers.at(-1).activation === "sigmoid") {
    // makeLayers allows no activation before a regression.
    const sigmoid = new convnetjs.SigmoidLayer({ in_sx: 1, in_sy: 1, in_depth: outputs });
    net.layers.splice(net.layers.length - 1, 0, sigmoid);
  }

  const samples = batchesOf({ ...task, batchSize: 1, rows: kind === "predict" ? query : rows }).map(({ x, y }) => {
    const volume = new convnetjs.Vol(1, 1, inputs, 0);
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
  return {
    ...(optimizer !== "sgd" && { note: `plain sgd: it has no ${optimizer}` }),
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
