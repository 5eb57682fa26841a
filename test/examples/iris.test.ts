import { expect, test } from "vitest";
import { readIris, species } from "../../examples/data/iris.ts";

const flowers = readIris();

test("iris has 150 flowers, fifty of each species in Fisher's order", () => {
  expect(species).toEqual(["setosa", "versicolor", "virginica"]);
  expect(flowers.map(({ label }) => label)).toEqual([0, 1, 2].flatMap((label) => Array(50).fill(label)));
});

// Sums in tenths are whole numbers, so they are compared without rounding. They are those of Fisher's table.
test("iris has the column sums of Fisher's table", () => {
  const sums = [0, 1, 2, 3].map((i) => flowers.reduce((sum, { features }) => sum + Math.round(10 * features[i]!), 0));
  expect(sums).toEqual([8765, 4586, 5637, 1799]);
});

// The copy of the UCI archive has 4.9,3.1,1.5,0.1 and 4.9,3.1,1.5,0.1 there.
test("iris has Fisher's rows 35 and 38, not the two known misprints", () => {
  expect(flowers[34]!.features).toEqual([4.9, 3.1, 1.5, 0.2]);
  expect(flowers[37]!.features).toEqual([4.9, 3.6, 1.4, 0.1]);
});
