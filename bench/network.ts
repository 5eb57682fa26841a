// This package as a contestant: networks, through the public API.
import * as steepest from "steepest";
import type { Data, Model, NetworkTask } from "./contestant.ts";
import { imageLayers, parametersOf } from "./images.ts";

const { Network, dense, normal, sgd } = steepest;

export async function setup(task: NetworkTask & Data): Promise<Model> {
  const { widths, activation, lastActivation, loss, batchSize, sampling, stepsPerEpoch, query, x, y } = task;
  const [inputs, ...units] = widths as [number, ...number[]];
  // Higham & Higham's sigmoid network starts from normal numbers.
  const initial = activation === "sigmoid" ? { weights: normal(0.5), biases: normal(0.5) } : {};
  const denseLayers = units.map((n, l) => dense(n, l === units.length - 1 ? lastActivation : activation, initial));
  const { image } = task;
  const layers = image ? [...imageLayers(image), ...denseLayers] : denseLayers;
  const net = await Network.create({
    inputs: image ? image.shape : inputs,
    layers,
    loss,
    seed: 1,
    ...(task.numerics === "relaxed" && { numerics: "relaxed" as const }),
  });
  if (image) net.setParameters(parametersOf(task, layers));
  const notes =
    task.numerics === "relaxed" && net.numerics !== "relaxed" ? ["reproducible: this engine does not fuse"] : [];

  if (task.kind === "predict") {
    const rows = x.subarray(0, query * inputs);
    const expected = query * units.at(-1)!;
    return {
      note: notes.join("; "),
      run(count) {
        for (let i = 0; i < count; i++) {
          const { length } = net.predict(rows);
          if (length !== expected) throw new Error(`predict gave ${length} numbers, expected ${expected}`);
        }
        return count;
      },
    };
  }

  // Older commits have no Adam.
  const { adam } = steepest as { adam?: typeof steepest.adam };
  const rule = task.optimizer === "adam" ? adam : sgd;
  if (!rule) notes.push("plain sgd: it has no adam");
  const optimizer = (rule ?? sgd)({ learningRate: task.learningRate });
  return {
    note: notes.join("; "),
    async run(count) {
      const epochs = Math.max(1, Math.round(count / stepsPerEpoch));
      const steps = Math.min(count, stepsPerEpoch);
      await net.fit(x, y, { optimizer, batchSize, sampling, epochs, stepsPerEpoch: steps });
      return epochs * steps;
    },
    loss: () => net.evaluate(x, y).loss,
  };
}
