// A problem of least squares in plain TypeScript over the memory of a core, without any network.
import { type Core, loadCore } from "../../src/module.ts";
import { loadIterations } from "../../src/optimizers/apart.ts";
import { normalBytes, normalWorkspaceBytes } from "../../src/optimizers/levenbergMarquardt.ts";
import type { FullBatchMethod, Iteration, LeastSquares } from "../../src/optimizers/problem.ts";
import type { Model } from "../reference/leastSquares.ts";
import type { Numbers, Precision } from "../reference/precision.ts";

const module = await loadCore();
await loadIterations();

/** Rows of the Jacobian at a time: most models have more. */
const ROWS = 3;

export class PlainProblem implements LeastSquares {
  readonly core: Core;
  // Levenberg–Marquardt is for 8 alone.
  readonly size: 8;
  readonly bytes: number;
  readonly parameters: number;
  readonly gradient: number;
  readonly slots: readonly number[];
  readonly numbers: Float64Array;
  readonly residuals: number;
  readonly normal: number;
  readonly projection: number;
  /** Where the loss was computed, with or without its gradient. */
  readonly visited: number[][] = [];
  readonly #jacobian: number;
  readonly #rowResiduals: number;
  readonly #workspace: number;
  readonly #model: Model;
  readonly #buffer: ArrayBuffer;
  readonly #views: { [size in 4 | 8]: Numbers };

  constructor(
    { size, lanes }: Precision,
    model: Model,
    start: readonly number[],
    { slots, numbers }: { slots: number; numbers: number },
  ) {
    this.size = size as 8;
    this.bytes = Math.ceil(model.count / lanes) * 16;
    this.residuals = model.divisor;
    this.#model = model;
    let end = Math.ceil(module.heapBase / 16) * 16;
    // NaN stands wherever nothing was written, and between any two blocks.
    const place = (bytes: number) => {
      const address = end + 16;
      end = address + Math.ceil(bytes / 16) * 16;
      return address;
    };
    this.parameters = place(this.bytes);
    this.gradient = place(this.bytes);
    this.slots = Array.from({ length: slots }, () => place(this.bytes));
    const kept = place(numbers * 8);
    this.projection = place(this.bytes);
    this.normal = place(normalBytes(this.bytes));
    this.#jacobian = place(ROWS * this.bytes);
    this.#rowResiduals = place(ROWS * 8);
    this.#workspace = place(normalWorkspaceBytes(ROWS, this.bytes));
    const { core, buffer } = module.instantiate(end + 16);
    this.core = core;
    this.#buffer = buffer;
    this.#views = { 4: new Float32Array(buffer), 8: new Float64Array(buffer) };
    new Uint32Array(buffer).fill(0x7ff80001, Math.ceil(module.heapBase / 16) * 4);
    this.numbers = new Float64Array(buffer, kept, numbers).fill(0);
    this.#write(this.parameters, start);
  }

  /** A problem for a method, which its optimizer describes. */
  static for<O>(
    method: FullBatchMethod<O, LeastSquares>,
    optimizer: O,
    model: Model,
    start: readonly number[],
    precision: Precision,
  ): PlainProblem {
    const kept = { slots: method.slots(optimizer), numbers: method.numbers(optimizer) };
    return new PlainProblem(precision, model, start, kept);
  }

  /** The numbers of a vector, with their padding. */
  vector(address: number): Numbers {
    return this.#views[this.size].subarray(address / this.size, (address + this.bytes) / this.size) as Numbers;
  }

  #write(address: number, values: readonly number[]): void {
    this.vector(address).fill(0).set(values);
  }

  get w(): number[] {
    return Array.from(this.vector(this.parameters).subarray(0, this.#model.count));
  }

  set w(values: readonly number[]) {
    this.#write(this.parameters, values);
  }

  /** What a run can be resumed from: parameters, slots and numbers. */
  copy(): { vectors: Numbers[]; numbers: Float64Array } {
    return {
      vectors: [this.parameters, ...this.slots].map((address) => this.vector(address).slice() as Numbers),
      numbers: this.numbers.slice(),
    };
  }

  resume({ vectors, numbers }: ReturnType<PlainProblem["copy"]>): void {
    [this.parameters, ...this.slots].forEach((address, i) => {
      this.vector(address).set(vectors[i]!);
    });
    this.numbers.set(numbers);
  }

  loss(): number {
    const { w } = this;
    this.visited.push(w);
    return this.#model.residuals(w).reduce((sum, r) => sum + r * r, 0) / this.residuals;
  }

  lossAndGradient(): number {
    const { w } = this;
    const r = this.#model.residuals(w);
    const gradient = new Array<number>(w.length).fill(0);
    for (const [p, row] of this.#model.jacobian(w).entries()) {
      for (const [i, value] of row.entries()) gradient[i]! += (2 / this.residuals) * r[p]! * value;
    }
    this.#write(this.gradient, gradient);
    return this.loss();
  }

  normalEquations(): number {
    const { w } = this;
    const r = this.#model.residuals(w);
    const jacobian = this.#model.jacobian(w);
    new Uint8Array(this.#buffer, this.normal, normalBytes(this.bytes)).fill(0);
    this.#write(this.projection, []);
    for (let first = 0; first < r.length; first += ROWS) {
      const some = r.slice(first, first + ROWS);
      new Float64Array(this.#buffer, this.#rowResiduals, ROWS).set(some);
      for (const [p] of some.entries()) this.#write(this.#jacobian + p * this.bytes, jacobian[first + p]!);
      this.core.accumulateNormal(
        this.normal,
        this.projection,
        this.#jacobian,
        this.#rowResiduals,
        some.length,
        this.bytes / 8,
        this.#workspace,
      );
    }
    return this.loss();
  }
}

/** Iterates until it converges, cannot move, or `done` says so, `most` times at most. */
export function iterate<O>(
  method: FullBatchMethod<O, LeastSquares>,
  optimizer: O,
  problem: PlainProblem,
  most: number,
  done: (iteration: Iteration) => boolean = () => false,
): { iterations: number; evaluations: number; last: Iteration } {
  let evaluations = 0;
  for (let iterations = 1; ; iterations++) {
    const last = method.iterate(problem, optimizer);
    evaluations += last.evaluations;
    if (!last.moved || last.converged || iterations === most || done(last)) return { iterations, evaluations, last };
  }
}
