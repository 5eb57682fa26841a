import type { Case } from "./cases.ts";
import type { Data, NetworkTask } from "./contestant.ts";
import { initial } from "./initial.ts";
import { normals } from "./random.ts";

/** The rows of a case, the same in every run. */
export function samples(data: NonNullable<Case["data"]>, task: NetworkTask): Data {
  return { ...rowsOf(data, task), initial: initial(task) };
}

type Rows = Pick<Data, "x" | "y">;

function rowsOf(data: NonNullable<Case["data"]>, { rows, widths }: NetworkTask): Rows {
  switch (data) {
    case "points":
      return points();
    case "images":
      return images(rows, widths[0]!, widths.at(-1)!);
    case "curve":
      return curve(rows, widths[0]!);
  }
}

/** Higham & Higham, "Deep Learning: An Introduction for Applied Mathematicians" (2019), section 6: ten points of two classes. */
function points(): Rows {
  const x = [0.1, 0.1, 0.3, 0.4, 0.1, 0.5, 0.6, 0.9, 0.4, 0.2, 0.6, 0.3, 0.5, 0.6, 0.9, 0.2, 0.4, 0.4, 0.7, 0.6];
  const y = Array.from({ length: 10 }, (_, row) => (row < 5 ? [1, 0] : [0, 1])).flat();
  return { x: Float32Array.from(x), y: Float32Array.from(y) };
}

/** Pixels from 0 to 1: a pattern for each class, a fifth of it inked as in MNIST, under noise; the noise keeps the loss from vanishing. */
function images(rows: number, pixels: number, classes: number): Rows {
  const draw = normals(1);
  const patterns = Float32Array.from({ length: classes * pixels }, () => (draw() > 0.84 ? 0.6 : 0));
  const x = new Float32Array(rows * pixels);
  const y = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const label = row % classes;
    y[row * classes + label] = 1;
    for (let i = 0; i < pixels; i++) {
      x[row * pixels + i] = Math.min(1, Math.max(0, patterns[label * pixels + i]! + 0.3 * draw()));
    }
  }
  return { x, y };
}

/** y = sin(mean of x · √inputs) plus noise, x standard normal. */
function curve(rows: number, inputs: number): Rows {
  const draw = normals(2);
  const x = Float32Array.from({ length: rows * inputs }, draw);
  const y = Float32Array.from({ length: rows }, (_, row) => {
    const sum = x.subarray(row * inputs, (row + 1) * inputs).reduce((a, b) => a + b, 0);
    return Math.sin(sum / Math.sqrt(inputs)) + 0.1 * draw();
  });
  return { x, y };
}
