// Problems of least squares, plainly: residuals and their derivatives.
import { CLASSES, POINTS } from "./higham.ts";

/** A loss Σ r² / divisor of `count` parameters. */
export interface Model {
  readonly count: number;
  readonly divisor: number;
  residuals(w: readonly number[]): number[];
  /** ∂r_p/∂w_i as [p][i]. */
  jacobian(w: readonly number[]): number[][];
}

/** Σ over i < n − 1 of 100·(w_{i+1} − w_i²)² + (1 − w_i)², Rosenbrock's valley, 0 at all ones. */
export const rosenbrock = (n: number): Model => ({
  count: n,
  divisor: 1,
  residuals: (w) => Array.from({ length: n - 1 }, (_, i) => [10 * (w[i + 1]! - w[i]! ** 2), 1 - w[i]!]).flat(),
  jacobian: (w) =>
    Array.from({ length: n - 1 }, (_, i) => {
      const [first, second] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
      first[i] = -20 * w[i]!;
      first[i + 1] = 10;
      second[i] = -1;
      return [first, second];
    }).flat(),
});

/** Σ_i scales_i²·(w_i − centre_i)². */
export const bowl = (scales: readonly number[], centre: readonly number[]): Model => ({
  count: scales.length,
  divisor: 1,
  residuals: (w) => scales.map((scale, i) => scale * (w[i]! - centre[i]!)),
  jacobian: () => scales.map((scale, i) => scales.map((_, j) => (i === j ? scale : 0))),
});

// From Moré, Garbow & Hillstrom, "Testing unconstrained optimization software", 1981, with their starts and minima.

const BEALE = [1.5, 2.25, 2.625];

export const beale = {
  count: 2,
  divisor: 1,
  residuals: ([x, y]: readonly number[]) => BEALE.map((value, i) => value - x! * (1 - y! ** (i + 1))),
  jacobian: ([x, y]: readonly number[]) => BEALE.map((_, i) => [y! ** (i + 1) - 1, x! * (i + 1) * y! ** i]),
  start: [1, 1],
  minimum: [3, 0.5],
};

export const powellBadlyScaled = {
  count: 2,
  divisor: 1,
  residuals: ([x, y]: readonly number[]) => [1e4 * x! * y! - 1, Math.exp(-x!) + Math.exp(-y!) - 1.0001],
  jacobian: ([x, y]: readonly number[]) => [
    [1e4 * y!, 1e4 * x!],
    [-Math.exp(-x!), -Math.exp(-y!)],
  ],
  start: [0, 1],
  minimum: [1.0981593296998e-5, 9.1061467398665],
};

/** Its Jacobian has rank 2 at the minimum. */
export const powellSingular = {
  count: 4,
  divisor: 1,
  residuals: ([a, b, c, d]: readonly number[]) => [
    a! + 10 * b!,
    Math.sqrt(5) * (c! - d!),
    (b! - 2 * c!) ** 2,
    Math.sqrt(10) * (a! - d!) ** 2,
  ],
  jacobian: ([a, b, c, d]: readonly number[]) => {
    const [u, v] = [2 * (b! - 2 * c!), 2 * Math.sqrt(10) * (a! - d!)];
    return [
      [1, 10, 0, 0],
      [0, 0, Math.sqrt(5), -Math.sqrt(5)],
      [0, u, -2 * u, 0],
      [v, 0, 0, -v],
    ];
  },
  start: [3, -1, 0, 1],
  minimum: [0, 0, 0, 0],
};

interface Activation {
  value(z: number): number;
  /** By the value. */
  derivative(a: number): number;
}

const identity: Activation = { value: (z) => z, derivative: () => 1 };
const tanh: Activation = { value: Math.tanh, derivative: (a) => 1 - a * a };
const sigmoid: Activation = { value: (z) => 1 / (1 + Math.exp(-z)), derivative: (a) => a * (1 - a) };

/** The mean squared error of a perceptron over all rows and outputs; layer after layer weights [inputs][outputs], then biases. */
export class Perceptron implements Model {
  readonly sizes: readonly number[];
  readonly count: number;
  readonly divisor: number;
  readonly #activations: readonly Activation[];
  readonly #x: readonly number[][];
  readonly #y: readonly number[][];

  constructor(
    sizes: readonly number[],
    activations: readonly Activation[],
    x: readonly number[][],
    y: readonly number[][],
  ) {
    this.sizes = sizes;
    this.#activations = activations;
    this.#x = x;
    this.#y = y;
    this.count = activations.reduce((sum, _, l) => sum + (sizes[l]! + 1) * sizes[l + 1]!, 0);
    this.divisor = y.flat().length;
  }

  /** A^0 … A^L of one row. */
  #activationsOf(w: readonly number[], x: readonly number[]): number[][] {
    const all = [[...x]];
    let from = 0;
    for (const [l, { value }] of this.#activations.entries()) {
      const [inputs, outputs] = [this.sizes[l]!, this.sizes[l + 1]!];
      const z = w.slice(from + inputs * outputs, from + (inputs + 1) * outputs);
      for (const [i, input] of all[l]!.entries()) {
        for (let j = 0; j < outputs; j++) z[j]! += input * w[from + i * outputs + j]!;
      }
      all.push(z.map(value));
      from += (inputs + 1) * outputs;
    }
    return all;
  }

  residuals(w: readonly number[]): number[] {
    return this.#x.flatMap((x, p) =>
      this.#activationsOf(w, x)
        .at(-1)!
        .map((a, j) => a - this.#y[p]![j]!),
    );
  }

  jacobian(w: readonly number[]): number[][] {
    return this.#x.flatMap((x) => {
      const a = this.#activationsOf(w, x);
      return a.at(-1)!.map((_, output) => this.#derivatives(w, a, output));
    });
  }

  /** Of one output by every parameter. */
  #derivatives(w: readonly number[], a: number[][], output: number): number[] {
    const row = new Array<number>(this.count).fill(0);
    let delta = a.at(-1)!.map((_, j) => Number(j === output));
    let from = this.count;
    for (let l = this.#activations.length - 1; l >= 0; l--) {
      const [inputs, outputs] = [this.sizes[l]!, this.sizes[l + 1]!];
      from -= (inputs + 1) * outputs;
      const dz = delta.map((d, j) => d * this.#activations[l]!.derivative(a[l + 1]![j]!));
      for (let j = 0; j < outputs; j++) {
        for (let i = 0; i < inputs; i++) row[from + i * outputs + j] = a[l]![i]! * dz[j]!;
        row[from + inputs * outputs + j] = dz[j]!;
      }
      delta = a[l]!.map((_, i) => dz.reduce((sum, d, j) => sum + d * w[from + i * outputs + j]!, 0));
    }
    return row;
  }

  /** Glorot's uniform weights from numbers in [0, 1), biases 0. */
  glorot(random: () => number): number[] {
    return this.#activations.flatMap((_, l) => {
      const [inputs, outputs] = [this.sizes[l]!, this.sizes[l + 1]!];
      const limit = Math.sqrt(6 / (inputs + outputs));
      const weights = Array.from({ length: inputs * outputs }, () => limit * (2 * random() - 1));
      return [...weights, ...new Array<number>(outputs).fill(0)];
    });
  }
}

/** Higham & Higham's network on their ten points. */
export const higham = () => new Perceptron([2, 2, 3, 2], [sigmoid, sigmoid, sigmoid], POINTS, CLASSES);

/** Exclusive or, with three units. */
export const xor = () =>
  new Perceptron(
    [2, 3, 1],
    [tanh, identity],
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    [[0], [1], [1], [0]],
  );
