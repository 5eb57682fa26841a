import { expect } from "vitest";
import { ACTIVATIONS as WORDS } from "../../../src/activations.ts";
import {
  type Activation,
  binaryCrossEntropy,
  elu,
  hardSigmoid,
  huber,
  type Layer,
  type LayerGradients,
  type Loss,
  leakyRelu,
  type Network,
  softmaxCrossEntropy,
} from "../../../src/index.ts";

// Central differences in f64, and samples at which they mean something.

export type Net = Network<"f64">;
export type Targets = number[] | number[][];

/** An activation or a loss as a title shows it. */
export const title = (kind: Activation | Loss) => (typeof kind === "string" ? kind : Object.values(kind).join(" "));

const titled = <K extends Activation | Loss>(kinds: K[]) => kinds.map((kind): [string, K] => [title(kind), kind]);

/** Every activation, with its title. */
export const ACTIVATIONS = titled<Activation>([...WORDS, leakyRelu(0.2), elu(0.5), hardSigmoid(0.25, 0.4)]);

/** Every loss, with its title. */
export const LOSSES = titled<Loss>([
  "meanSquaredError",
  "meanAbsoluteError",
  "huber",
  huber(0.3),
  "poisson",
  "hinge",
  "binaryCrossEntropy",
  binaryCrossEntropy({ smoothing: 0.2 }),
  "softmaxCrossEntropy",
  softmaxCrossEntropy({ smoothing: 0.3 }),
]);

/** Where the first or the second derivative of an activation jumps. */
function kinksOf(activation: Activation): number[] {
  const { type, ...given } = typeof activation === "string" ? { type: activation } : activation;
  if (type === "hardSigmoid") {
    const { slope, offset } = { slope: 1 / 6, offset: 0.5, ...given };
    return [-offset / slope, (1 - offset) / slope];
  }
  return ["relu", "leakyRelu", "elu", "selu"].includes(type) ? [0] : [];
}

// A parameter moves by 1e-5; that moves what comes later by no more than a hundred times as much.
const MARGIN = 1e-3;

const far = (value: number, places: number[]) => places.every((place) => Math.abs(value - place) > MARGIN);

/** Rows in [−1, 1), drawn anew until no pre-activation is near a kink: a step of a difference then stays on one side. */
export function drawRows(net: Net, layers: readonly Layer[], inputs: number, count: number, next: () => number) {
  const kinks = layers.map((layer) => ("activation" in layer ? kinksOf(layer.activation) : []));
  const smooth = (row: number[]) => {
    if (kinks.every(({ length }) => length === 0)) return true;
    const { layers: traces } = net.derivatives([row]);
    return kinks.every((places, l) => traces[l]!.z.every((z) => far(z, places)));
  };
  const rows: number[][] = [];
  while (rows.length < count) {
    const row = Array.from({ length: inputs }, () => 2 * next() - 1);
    if (smooth(row)) rows.push(row);
  }
  return rows;
}

/** Targets that the loss allows, drawn anew until no output is near a kink of the loss. */
export function drawTargets(net: Net, loss: Loss, x: number[][], next: () => number): Targets {
  const logits = net.logits(x);
  const outputs = logits.length / x.length;
  const type = typeof loss === "string" ? loss : loss.type;
  if (type === "softmaxCrossEntropy") return x.map(() => Math.floor(next() * outputs));
  const delta = typeof loss === "object" && "delta" in loss ? loss.delta : 1;
  const kinds: Record<string, [draw: () => number, kinks: (y: number) => number[]]> = {
    meanAbsoluteError: [() => 4 * next() - 2, (y) => [y]],
    huber: [() => 4 * next() - 2, (y) => [y - delta, y + delta]],
    poisson: [() => 3 * next(), () => []],
    hinge: [() => Math.round(next()), (y) => [2 * y - 1]],
  };
  const [draw, kinks] = kinds[type] ?? [next, () => []];
  return x.map((_, i) =>
    Array.from({ length: outputs }, (_, j) => {
      for (;;) {
        const y = draw();
        if (far(logits[i * outputs + j]!, kinks(y))) return y;
      }
    }),
  );
}

/** All parameters, or all gradients, as one list. */
export const flat = (layers: readonly LayerGradients[]) =>
  layers.flatMap(({ weights, biases }) => [...weights, ...biases]);

/** Overwrites all parameters; statistics stay as they are. */
export function setFlat(net: Net, values: readonly number[]): void {
  const rest = [...values];
  const take = ({ length }: ArrayLike<number>) => rest.splice(0, length);
  net.setParameters(net.parameters().map(({ weights, biases }) => ({ weights: take(weights), biases: take(biases) })));
}

/** Gives normalisations a γ, a β and running statistics that are not those that they begin with. */
export function scatter(net: Net, next: () => number): void {
  const draw = (values: ArrayLike<number>, from: number) => Array.from(values, () => from + next());
  net.setParameters(
    net.parameters().map(({ weights, biases, shape, mean, variance }) => {
      if (shape.length !== 1) return { weights, biases };
      const statistics = mean ? { mean: draw(mean, -0.5), variance: draw(variance!, 0.5) } : {};
      return { weights: draw(weights, 0.5), biases: draw(biases, -0.5), ...statistics };
    }),
  );
}

// The error of a central difference is h²/6·f‴ + ε·|f|/h: about 1e-11 for h = 1e-5 and f near 1.
const H = 1e-5;

/** The derivative of what `read` gives by each of the values, one moved at a time. */
export async function differences(
  values: readonly number[],
  read: (moved: number[]) => number | Promise<number>,
): Promise<number[]> {
  const result: number[] = [];
  for (const [i, value] of values.entries()) {
    const [up, down] = [value + H, value - H];
    const [above, below] = [await read(values.with(i, up)), await read(values.with(i, down))];
    result.push((above - below) / (up - down));
  }
  return result;
}

/** The derivative of what `read` reads from the network by each of its parameters, which are put back. */
export async function parameterDifferences(net: Net, read: () => number): Promise<number[]> {
  const parameters = flat(net.parameters());
  const result = await differences(parameters, (moved) => {
    setFlat(net, moved);
    return read();
  });
  setFlat(net, parameters);
  return result;
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Compares a gradient with differences: number by number, and as vectors. */
export function expectAgree(analytic: readonly number[], numeric: readonly number[], tolerance = 1e-7): void {
  expect(analytic.length).toBe(numeric.length);
  for (const [i, a] of analytic.entries()) {
    const n = numeric[i]!;
    expect(Math.abs(a - n) / Math.max(1, Math.abs(a), Math.abs(n))).toBeLessThan(tolerance);
  }
  // The first measure alone would pass wrong gradients that are small.
  const difference = analytic.map((a, i) => a - numeric[i]!);
  expect(norm(analytic)).toBeGreaterThan(1e-3);
  expect(norm(difference) / (norm(analytic) + norm(numeric))).toBeLessThan(tolerance);
}
