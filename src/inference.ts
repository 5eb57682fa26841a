import { type Architecture, outputsOf, widths } from "./architecture.ts";
import type { NumbersOf, Precision, Rows, Targets } from "./data.ts";
import type { Machine } from "./machine.ts";
import type { Matrix } from "./plan.ts";
import type { Program } from "./program.ts";

// A program over any number of rows, one batch after the other.

/** A program and the matrix in which it leaves one row for each row of the batch. */
interface Output {
  readonly program: Program;
  readonly output: Matrix;
}

/** Calls `visit` for each batch of the rows, after it was staged. */
function eachBatch(machine: Machine, { data, rows, width }: Rows, visit: (first: number, count: number) => void): void {
  for (let first = 0; first < rows; first += machine.needs.rows) {
    const count = Math.min(machine.needs.rows, rows - first);
    machine.stage(machine.programs.stagedInputs, data.subarray(first * width, (first + count) * width));
    visit(first, count);
  }
}

/** What the program makes of the rows: [rows × outputs]. */
export function infer<P extends Precision>(machine: Machine<P>, { program, output }: Output, x: Rows): NumbersOf<P> {
  const result = machine.numbers(x.rows * output.columns);
  eachBatch(machine, x, (first, count) => {
    machine.run(program, count);
    machine.read(output, result, first * output.columns, count);
  });
  return result;
}

/** The labels that the program gives the rows: [rows × labels of a row]. */
export function inferLabels(machine: Machine, { program, output }: Output, x: Rows): Int32Array {
  const result = new Int32Array(x.rows * output.columns);
  eachBatch(machine, x, (first, count) => {
    machine.run(program, count);
    result.set(machine.labels(output, count * output.columns), first * output.columns);
  });
  return result;
}

/** Runs the program over all samples. Returns the sums that it leaves in the tally. */
export function tally(machine: Machine, program: Program, x: Rows, y: Targets): { loss: number; correct: number } {
  const outputs = outputsOf(machine.architecture);
  machine.tally.clear();
  machine.tally.divisor = x.rows;
  eachBatch(machine, x, (first, count) => {
    machine.stage(machine.programs.stagedTargets, targetValues(y, first, count, outputs));
    machine.run(program, count);
  });
  return machine.tally;
}

/** Rows `first`…`first + count − 1` of the targets as values: labels as one-hot rows. */
export function targetValues(y: Targets, first: number, count: number, outputs: number): ArrayLike<number> {
  if (y.kind === "values") return y.data.subarray(first * outputs, (first + count) * outputs);
  const values = new Uint8Array(count * outputs);
  for (let i = 0; i < count; i++) values[i * outputs + y.data[first + i]!] = 1;
  return values;
}

/**
 * Rows that are predicted at a time: as many as keep the widest activation in 256 KiB of cache, 256 at most. Sums over rows are taken in
 * chunks of 64 (`assembly/columns.ts`): whole chunks give gradients of several batches the bits of one.
 */
export function inferenceRows(architecture: Architecture): number {
  const bytes = Math.max(...widths(architecture)) * (architecture.precision === "f64" ? 8 : 4);
  const rows = Math.min(256, Math.floor(2 ** 18 / bytes));
  return rows < 64 ? Math.max(1, rows) : rows - (rows % 64);
}
