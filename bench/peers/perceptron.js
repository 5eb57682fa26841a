// What the peers in JavaScript share: the layers of a task, its batches, and losses for libraries that report none.

/** Inputs and units of each dense layer, and its activation. */
export function layersOf({ image, widths, activation, lastActivation }) {
  const first = image ? image.features.reduce((a, b) => a * b) : widths[0];
  return widths.slice(1).map((units, l) => ({
    inputs: l === 0 ? first : widths[l],
    units,
    activation: l === widths.length - 2 ? lastActivation : activation,
  }));
}

/** The rows of a batch as views, one entry for each step of an epoch. */
export function batchesOf({ widths, batchSize, rows, x, y }) {
  const [inputs, outputs] = [widths[0], widths.at(-1)];
  return Array.from({ length: rows / batchSize }, (_, i) => {
    const [first, end] = [i * batchSize, (i + 1) * batchSize];
    return { x: x.subarray(first * inputs, end * inputs), y: y.subarray(first * outputs, end * outputs) };
  });
}

/** The class of a one-hot row. */
export const labelOf = (y) => y.indexOf(1);

/** A repeating counter: 0 … length − 1, 0 … */
export function cycle(length) {
  let i = -1;
  return () => {
    i = i + 1 === length ? 0 : i + 1;
    return i;
  };
}

/** Mean squared error over all rows and outputs; `predict` maps a row to its outputs. */
export function meanSquaredError({ widths, rows, x, y }, predict) {
  const [inputs, outputs] = [widths[0], widths.at(-1)];
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const a = predict(x.subarray(row * inputs, (row + 1) * inputs));
    for (let j = 0; j < outputs; j++) sum += (a[j] - y[row * outputs + j]) ** 2;
  }
  return sum / (rows * outputs);
}
