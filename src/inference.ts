import { type Architecture, outputsOf, shapes } from "./architecture.ts";
import type { NumbersOf, Precision, Rows, Targets } from "./data.ts";
import type { Machine } from "./machine.ts";
import { type Metric, measure } from "./metrics/index.ts";
import type { Matrix } from "./plan.ts";
import type { Program } from "./program.ts";
import { invertScaler } from "./scalers.ts";
import { sizeOf } from "./shape.ts";
import type { Samples } from "./validation.ts";
import { sumOf } from "./weights.ts";

// A program over any number of rows, one batch after the other.

/** A program and the matrix in which it leaves one row for each row of the batch. */
interface Output {
  readonly program: Program;
  readonly output: Matrix;
}

/** Stages one batch of the rows after the other. */
function* batches(machine: Machine, { data, rows, width }: Rows): Generator<{ first: number; count: number }> {
  for (let first = 0; first < rows; first += machine.inferenceRows) {
    const count = Math.min(machine.inferenceRows, rows - first);
    machine.stage(machine.programs.stagedInputs, data.subarray(first * width, (first + count) * width));
    yield { first, count };
  }
}

/** What the program makes of the rows: [rows × outputs]. */
export function infer<P extends Precision>(machine: Machine<P>, { program, output }: Output, x: Rows): NumbersOf<P> {
  const result = machine.numbers(x.rows * output.columns);
  for (const { first, count } of batches(machine, x)) {
    machine.run(program, count);
    machine.read(output, result, first * output.columns, count);
  }
  return result;
}

/** The labels that the program gives the rows: [rows × labels of a row]. */
export function inferLabels(machine: Machine, { program, output }: Output, x: Rows): Int32Array {
  const result = new Int32Array(x.rows * output.columns);
  for (const { first, count } of batches(machine, x)) {
    machine.run(program, count);
    result.set(machine.labels(output, count * output.columns), first * output.columns);
  }
  return result;
}

/** Runs the program over all samples. Returns their mean loss and the sum of what it counts as correct. */
export function tally(machine: Machine, program: Program, samples: Samples): { loss: number; correct: number } {
  const { x, y, weights } = samples;
  const { stagedWeights } = machine.programs;
  const divisor = weights ? sumOf(weights) : x.rows;
  machine.tally.clear();
  machine.tally.divisor = divisor;
  machine.tally.weights = weights ? stagedWeights.address : 0;
  for (const batch of batches(machine, x)) {
    const { first, count } = batch;
    if (weights) machine.doubles(stagedWeights).set(weights.subarray(first, first + count));
    runWithTargets(machine, program, y, batch);
  }
  const { loss, correct } = machine.tally;
  return { loss: loss / divisor, correct };
}

function runWithTargets(
  machine: Machine,
  program: Program,
  y: Targets,
  { first, count }: { first: number; count: number },
) {
  machine.stage(machine.programs.stagedTargets, targetValues(y, first, count, outputsOf(machine.architecture)));
  machine.run(program, count);
}

/**
 * The mean loss and the metrics of samples, one batch at a time: between two of them others may work, but not change the parameters
 * or the tally.
 */
export function* evaluation<P extends Precision>(
  machine: Machine<P>,
  { x, y, scaler }: Samples,
  metrics: readonly Metric[],
): Generator<undefined, { loss: number; metrics: Record<string, number> }> {
  const { evaluate, predict } = machine.programs;
  const outputs = outputsOf(machine.architecture);
  const predictions = machine.numbers(metrics.length > 0 ? x.rows * outputs : 0);
  let sum = 0;
  for (const batch of batches(machine, x)) {
    // `evaluate` of a callback's in between may have used the tally.
    machine.tally.clear();
    machine.tally.divisor = x.rows;
    machine.tally.weights = 0;
    runWithTargets(machine, evaluate, y, batch);
    sum += machine.tally.loss;
    if (metrics.length > 0) {
      machine.run(predict.program, batch.count);
      machine.read(predict.output, predictions, batch.first * outputs, batch.count);
    }
    yield;
  }
  return { loss: sum / x.rows, metrics: measured(machine, { x, y, scaler }, metrics, predictions) };
}

/** Metrics of predictions, in y's own units; in f64, whose range they do not leave. */
export function measured<P extends Precision>(
  { architecture }: Machine<P>,
  { y, weights, scaler }: Samples,
  metrics: readonly Metric[],
  predictions: Float32Array | Float64Array,
): Record<string, number> {
  const judged = { loss: architecture.loss, outputs: outputsOf(architecture), weights };
  if (!scaler) return measure(metrics, predictions, y, judged);
  const unscaled = (data: ArrayLike<number>) => invertScaler("metrics: row", scaler, Float64Array.from(data));
  return measure(metrics, unscaled(predictions), { kind: "values", data: unscaled(y.data) }, judged);
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
 * chunks of 64 (`assembly/columns.ts`): whole chunks give gradients of several batches the bits of one. Where fewer fit, the count, which
 * the architecture alone decides, is part of the order of the sums.
 */
export function inferenceRows(architecture: Architecture): number {
  const bytes = Math.max(...shapes(architecture).map(sizeOf)) * (architecture.precision === "f64" ? 8 : 4);
  const rows = Math.min(256, Math.floor(2 ** 18 / bytes));
  return rows < 64 ? Math.max(1, rows) : rows - (rows % 64);
}
