// brain.js: sigmoid units throughout and squared errors, one sample at a time; momentum has to stand above 0.
import brain from "brain.js";
import { batchesOf, cycle, layersOf, meanSquaredError } from "./perceptron.js";

export function setup(task) {
  const { learningRate, loss } = task;
  const hiddenLayers = layersOf(task)
    .slice(0, -1)
    .map(({ units }) => units);
  const net = new brain.NeuralNetwork({ hiddenLayers, activation: "sigmoid", learningRate, momentum: 0.1 });
  const samples = batchesOf(task).map(({ x, y }) => ({ input: x, output: y }));
  net.verifyIsInitialized(samples);
  const next = cycle(samples.length);
  return {
    note: loss === "meanSquaredError" ? "momentum 0.1" : "sigmoid, squared errors, momentum 0.1",
    run(count) {
      for (let i = 0; i < count; i++) net.trainPattern(samples[next()]);
      return count;
    },
    loss: () => meanSquaredError(task, (x) => net.runInput(x)),
  };
}
