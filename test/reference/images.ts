// Normalisation of images, plainly, in f64: lists of rows in, lists of rows out.

const sum = (values: readonly number[]) => values.reduce((total, v) => total + v, 0);

/** cnn_cifar.m's steps, with the statistics of the rows at `training`: `floor` undefined leaves the contrast as it is. */
export function normalised(
  rows: readonly (readonly number[])[],
  training: readonly number[],
  { mean, floor }: { mean: boolean; floor?: number | undefined },
): number[][] {
  const columns = rows[0]!.map((_, j) => training.map((i) => rows[i]![j]!));
  const centred = rows.map((row) => row.map((v, j) => v - (mean ? sum(columns[j]!) / training.length : 0)));
  if (floor === undefined) return centred;
  const z = centred.map((row) => row.map((v) => v - sum(row) / row.length));
  const n = z.map((row) => Math.sqrt(sum(row.map((v) => v * v)) / (row.length - 1)));
  const d = sum(training.map((i) => n[i]!)) / training.length;
  return z.map((row, i) => row.map((v) => (v * d) / Math.max(n[i]!, floor)));
}
