// synaptic: generates JavaScript for the network; logistic units throughout, one sample at a time.
import synaptic from "synaptic";
import { batchesOf, cycle, meanSquaredError } from "./perceptron.js";

export function setup(task) {
  const { widths, learningRate, loss } = task;
  const net = new synaptic.Architect.Perceptron(...widths);
  const samples = batchesOf(task).map(({ x, y }) => ({ x: Array.from(x), y: Array.from(y) }));
  const next = cycle(samples.length);
  return {
    ...(loss !== "meanSquaredError" && { note: "logistic units, squared errors" }),
    run(count) {
      for (let i = 0; i < count; i++) {
        const { x, y } = samples[next()];
        net.activate(x);
        net.propagate(learningRate, y);
      }
      return count;
    },
    loss: () => meanSquaredError(task, (x) => net.activate(Array.from(x))),
  };
}
