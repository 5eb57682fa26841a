import { expect, test } from "vitest";
import { dense, Network, normal, sgd } from "../../src/index.ts";
import { CLASSES, POINTS } from "../reference/higham.ts";

// Of 1,000 independent runs 95.4 % ended with 10/10 points and a cost between 5e-4 and 4e-3; the median was 7.4e-4. The rest
// sat in a local minimum with 9/10 points and cost 1.67. 16 of 20 is what all but one in a thousand sets of 20 reach.
test.each(["f32", "f64"] as const)(
  "a million stochastic gradient steps learn the ten points, %s",
  { timeout: 300_000 },
  async (precision) => {
    const init = { weights: normal(0.5), biases: normal(0.5) };
    const runs: { seed: number; correct: number; cost: number }[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const layers = [2, 3, 2].map((units) => dense(units, "sigmoid", init));
      const net = await Network.create({ inputs: 2, layers, loss: "meanSquaredError", precision, seed });
      const optimizer = sgd({ learningRate: 0.05 });
      await net.fit(POINTS, CLASSES, {
        optimizer,
        stepsPerEpoch: 1_000_000,
        batchSize: 1,
        sampling: "withReplacement",
      });
      const { loss, correct } = net.evaluate(POINTS, CLASSES);
      // Σ over the points of ‖y − a‖²: the loss is its mean over ten points and two outputs
      runs.push({ seed, correct, cost: 20 * loss });
    }
    console.log(
      [`Higham & Higham, ${precision}: seed, points, cost`]
        .concat(
          runs.map(({ seed, correct, cost }) => `${String(seed).padStart(4)} ${correct}/10 ${cost.toExponential(3)}`),
        )
        .join("\n"),
    );
    const good = runs.filter(({ correct, cost }) => correct === 10 && cost >= 5e-4 && cost <= 4e-3);
    expect(good.length).toBeGreaterThanOrEqual(16);
    const costs = runs.map(({ cost }) => cost).sort((a, b) => a - b);
    const median = (costs[9]! + costs[10]!) / 2;
    expect(median).toBeGreaterThanOrEqual(5e-4);
    expect(median).toBeLessThanOrEqual(2.5e-3);
  },
);
