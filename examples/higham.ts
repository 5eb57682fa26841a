/**
 * C. F. Higham, D. J. Higham, "Deep Learning: An Introduction for Applied Mathematicians", SIAM Review 61 (2019),
 * 860–891, section 6: a network learns to tell two classes of points in the plane.
 */
import { writeFileSync } from "node:fs";
import { dense, Network, normal, sgd } from "steepest";
import { logChart } from "./terminal/chart.ts";
import { count, facts, measured } from "./terminal/format.ts";
import { pictureNodes, regionPicture } from "./terminal/picture.ts";

// biome-ignore format: a column per point
const points: [x1: number, x2: number][] = [
  [0.1, 0.1], [0.3, 0.4], [0.1, 0.5], [0.6, 0.9], [0.4, 0.2],
  [0.6, 0.3], [0.5, 0.6], [0.9, 0.2], [0.4, 0.4], [0.7, 0.6],
];
const labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
const targets = labels.map((label) => (label === 0 ? [1, 0] : [0, 1]));

const seed = 0;
const steps = 1_000_000;
const stepsPerEpoch = 10_000;

export async function main(): Promise<void> {
  console.log("Ten points, two classes: Higham & Higham's 2-2-3-2 network, all sigmoid.");
  console.log(`${count(steps)} stochastic gradient steps, one point each, rate 0.05, seed ${seed}, f32.\n`);

  const start = { weights: normal(0.5), biases: normal(0.5) };
  const net = await Network.create({
    inputs: 2,
    layers: [dense(2, "sigmoid", start), dense(3, "sigmoid", start), dense(2, "sigmoid", start)],
    loss: "meanSquaredError",
    seed,
  });

  const costs: [step: number, cost: number][] = [];
  const started = performance.now();
  await net.fit(points, targets, {
    optimizer: sgd({ learningRate: 0.05 }),
    epochs: steps / stepsPerEpoch,
    stepsPerEpoch,
    batchSize: 1,
    sampling: "withReplacement",
    // The loss is a mean over the ten points and the two outputs, the cost of the paper the sum.
    onEpoch: ({ step }) => costs.push([step, 10 * 2 * net.evaluate(points, targets).loss]),
  });
  const seconds = (performance.now() - started) / 1000;

  const result = net.evaluate(points, targets);
  const file = "higham.safetensors";
  const bytes = net.save();
  writeFileSync(file, bytes);

  console.log(logChart(costs, "cost Σ‖y − a‖² over the ten points, every 10,000 steps\n"));
  console.log();
  console.log(
    regionPicture(net.classify(pictureNodes()), points, labels, ["class 1", "class 2", "a₁ > a₂: taken for class 1"]),
  );
  console.log();
  console.log(
    facts([
      ["classified", `${result.correct}/${points.length}`],
      ["final cost", costs.at(-1)![1].toExponential(2)],
      [
        "training",
        `${measured(seconds)} s, ${measured(steps / seconds / 1e6)} million steps per second, the 100 costs included`,
      ],
      ["written", `${file}, ${count(bytes.length)} bytes`],
    ]),
  );
}
