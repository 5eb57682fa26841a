import { Block, Run } from "./plan.ts";

/**
 * The learning rates of a step, one for each factor that layers ask for: | factor f64 | rate f64 | …. And the table from which the core
 * takes the rate of each step: | first step f64 | last index f64 | rates f64 … |, its last rate being kept.
 */
export class Rates {
  /** Steps that the table holds. */
  static readonly TABLE = 1024;
  readonly cells: Run;
  readonly table = new Block(8 * (2 + Rates.TABLE));
  readonly #factors: readonly number[];

  constructor(factors: Iterable<number>) {
    this.#factors = [...new Set([1, ...factors])];
    this.cells = new Run(this.#factors.flatMap(() => [new Block(8), new Block(8)]));
  }

  get count(): number {
    return this.#factors.length;
  }

  /** Where the rate of a factor is. */
  cell(factor: number): Block {
    return this.cells.parts[2 * this.#factors.indexOf(factor) + 1]!;
  }

  /** Writes the factors, with the rates that they make of `rate`. */
  write(buffer: ArrayBuffer, rate: number): void {
    new Float64Array(buffer, this.cells.address, 2 * this.count).set(
      this.#factors.flatMap((factor) => [factor, factor * rate]),
    );
  }

  /** Fills the table: the rates of the steps from `first` on. */
  fill(buffer: ArrayBuffer, first: number, rates: readonly number[]): void {
    const table = new Float64Array(buffer, this.table.address, 2 + rates.length);
    table.set([first, rates.length - 1]);
    table.set(rates, 2);
  }

  /** The rate of the latest step. */
  latest(buffer: ArrayBuffer): number {
    return new Float64Array(buffer, this.cells.address, 2)[1]!;
  }
}
