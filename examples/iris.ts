/** Fisher's iris flowers: a classifier learns three species from four lengths, and is tested on flowers it has not seen. */
import { deviation, group, mean, shuffler } from "d3-array";
import { randomLcg } from "d3-random";
import { dense, Network, sgd } from "steepest";
import { type Flower, readIris, species } from "./data/iris.ts";
import { facts, percent } from "./terminal/format.ts";
import { confusionTable } from "./terminal/table.ts";

const seed = 0; // with seeds 0 to 5, 47 to 50 of the 50 flowers held out are told right

export async function main(): Promise<void> {
  // Every third flower of each species, in a drawn order, is held out.
  const shuffle = shuffler(randomLcg(seed));
  const flowers = Array.from(group(readIris(), ({ label }) => label).values()).flatMap((kind) => shuffle(kind));
  const test = flowers.filter((_, i) => i % 3 === 0);
  const training = flowers.filter((_, i) => i % 3 !== 0);

  // What is held out has no part in the scales.
  const columns = training[0]!.features.map((_, i) => training.map((flower) => flower.features[i]!));
  const means = columns.map((column) => mean(column)!);
  const deviations = columns.map((column) => deviation(column)!);
  const standardised = (rows: Flower[]) =>
    rows.map(({ features }) => features.map((value, i) => (value - means[i]!) / deviations[i]!));
  const labels = (rows: Flower[]) => rows.map(({ label }) => label);

  console.log(`A 4-8-3 network learns three species of iris from ${training.length} flowers (Fisher, 1936);`);
  console.log(`${test.length} others are held out, drawn by seed ${seed}.\n`);

  const net = await Network.create({
    inputs: 4,
    layers: [dense(8, "tanh"), dense(3)],
    loss: "softmaxCrossEntropy",
    seed,
  });
  const history = await net.fit(standardised(training), labels(training), {
    optimizer: sgd({ learningRate: 0.1 }),
    epochs: 100,
    batchSize: 10,
  });

  const result = net.evaluate(standardised(test), labels(test));
  const confusion = species.map(() => species.map(() => 0));
  net.classify(standardised(test)).forEach((predicted, i) => {
    confusion[test[i]!.label]![predicted]! += 1;
  });

  console.log(
    facts([
      [
        "training loss",
        `${history.loss[0]!.toFixed(3)} in the first epoch, ${history.loss.at(-1)!.toFixed(3)} in the last`,
      ],
      ["held out", `${percent(result.accuracy)} right (${result.correct} of ${test.length})`],
    ]),
  );
  console.log(`\n${confusionTable(confusion, species)}`);
}
