import { type Architecture, parameterShapes } from "./architecture.ts";
import { Cursor } from "./cursor.ts";
import type { NumbersOf, Precision } from "./data.ts";
import { drawn } from "./initializers.ts";
import type { Core, CoreModule } from "./module.ts";
import { aligned, type Block, type Matrix, Plan } from "./plan.ts";
import type { Program } from "./program.ts";
import { GATHER_EXCESS, type Needs, Programs, type Resident } from "./programs.ts";

/**
 * The memory of a network with its programs in it. Every address is decided before the memory exists, which never grows:
 *
 *   | the core's own | cursors, rate | programs | parameters, slots | gradients | staged rows | resident rows, order | scratch |
 *
 * Gradients and resident rows are there only where something needs them. The programs share the scratch: one runs at a time.
 */
export class Machine<P extends Precision = Precision> {
  readonly architecture: Architecture;
  /** What it was planned for, without the rows. */
  readonly needs: Omit<Needs, "resident">;
  readonly programs: Programs;
  readonly core: Core;
  /** Of training. */
  readonly cursor: Cursor;
  /** Of evaluation, whose sums may be taken in the middle of an epoch. */
  readonly tally: Cursor;
  /** Bytes of the memory. */
  readonly bytes: number;
  /** The kinds of the rows that stay. */
  readonly #resident: { x: unknown; y: unknown } | undefined;
  readonly #buffer: ArrayBuffer;
  readonly #numbers: NumbersOf<P>;

  /** @throws RangeError for more memory than there is */
  constructor(module: CoreModule, architecture: Architecture, needs: Needs) {
    this.architecture = architecture;
    const { resident, ...kept } = needs;
    this.needs = kept;
    this.#resident = resident && { x: resident.x.data.constructor, y: resident.y.kind };
    this.programs = new Programs(architecture, needs);
    const { all, cursor, tally, rate, state, gradientRun, ...rows } = this.programs;
    const plan = new Plan(module.heapBase);
    for (const block of [cursor, tally, rate, rows.scratch, ...all, state, gradientRun]) plan.place(block);
    for (const block of [rows.stagedInputs, rows.stagedTargets, rows.inputs, rows.targets, rows.order])
      plan.place(block);
    this.bytes = aligned(Math.max(...all.map((program) => program.placeScratch(plan.end))));

    const { core, buffer } = module.instantiate(this.bytes);
    this.core = core;
    this.#buffer = buffer;
    this.cursor = new Cursor(buffer, cursor.address);
    this.tally = new Cursor(buffer, tally.address);
    this.#numbers = (
      architecture.precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer)
    ) as NumbersOf<P>;
    const memory = new DataView(buffer);
    for (const program of all) program.write(memory, core.kernel);
    if (resident) this.bringIn(resident);
  }

  /** Whether this memory and its programs can do what is needed. */
  serves({ rows, gradients, optimizer, resident }: Needs): boolean {
    if (rows > this.needs.rows || (gradients && !this.programs.gradient)) return false;
    if (optimizer && optimizer !== this.needs.optimizer) return false;
    if (!resident) return true;
    const mine = this.#resident;
    return (
      mine?.x === resident.x.data.constructor &&
      mine.y === resident.y.kind &&
      resident.x.data.byteLength + GATHER_EXCESS <= this.programs.inputs.bytes &&
      resident.y.data.byteLength + GATHER_EXCESS <= this.programs.targets.bytes &&
      resident.orderLength * 4 <= this.programs.order.bytes
    );
  }

  /** Copies the rows to train on to where they stay. */
  bringIn({ x, y }: Resident): void {
    const { inputs, targets, rate } = this.programs;
    this.view(inputs).set(bytesOf(x.data));
    this.view(targets).set(bytesOf(y.data));
    this.view(rate).set(bytesOf(Float64Array.of(this.needs.optimizer!.learningRate)));
  }

  /** Takes over what belongs to the network itself: the parameters and, for the same optimizer, its slots and time. */
  copyState(source: Machine): void {
    const part = this.needs.optimizer === source.needs.optimizer ? "state" : "parameterRun";
    this.view(this.programs[part]).set(source.view(source.programs[part]));
  }

  /** Draws the initial values of all parameters from the seed. */
  initialize(): void {
    const { seed } = this.architecture;
    for (const [l, shapes] of parameterShapes(this.architecture).entries()) {
      for (const [b, { rows, columns, initializer }] of shapes.entries()) {
        const matrix = this.programs.parameters[l]![b]!;
        // The fans of a block are those of the layer's weights; biases have none of their own.
        const [distribution, scale] = drawn(initializer, shapes[0]!.rows, shapes[0]!.columns);
        const { address, stride, size } = matrix;
        this.core.initialize(distribution, size, address, rows, columns, stride, scale, ...words(seed), 256 * l + b);
      }
    }
  }

  run(program: Program, rows: number): void {
    this.core.run(program.address, rows);
  }

  /** Brings rows in for the programs that do not train: `block` is one of the staged ones. */
  stage(block: Block, numbers: ArrayLike<number>): void {
    this.#numbers.set(numbers, block.address / this.#numbers.BYTES_PER_ELEMENT);
  }

  /** Copies the first `rows` rows of a matrix to `target`, from element `at` on, without padding. */
  read(matrix: Matrix, target: { [index: number]: number }, at = 0, rows = matrix.rows): void {
    const numbers = this.#numbers;
    let from = matrix.address / matrix.size;
    let to = at;
    for (let i = 0; i < rows; i++, from += matrix.stride) {
      for (let j = 0; j < matrix.columns; j++) target[to++] = numbers[from + j]!;
    }
  }

  /** The matrix as a new array, without padding. */
  copyOf(matrix: Matrix): NumbersOf<P> {
    const copy = this.numbers(matrix.rows * matrix.columns);
    this.read(matrix, copy);
    return copy;
  }

  /** Overwrites a matrix from its numbers without padding. */
  write(matrix: Matrix, values: ArrayLike<number>): void {
    const numbers = this.#numbers;
    let to = matrix.address / matrix.size;
    let from = 0;
    for (let i = 0; i < matrix.rows; i++, to += matrix.stride) {
      for (let j = 0; j < matrix.columns; j++) numbers[to + j] = values[from++]!;
    }
  }

  /** `count` labels that a program left in `matrix`. */
  labels(matrix: Matrix, count: number): Int32Array {
    return new Int32Array(this.#buffer, matrix.address, count);
  }

  /** A new array of the network's precision. */
  numbers(length: number): NumbersOf<P> {
    return (
      this.architecture.precision === "f64" ? new Float64Array(length) : new Float32Array(length)
    ) as NumbersOf<P>;
  }

  /** The bytes of a block: a view, not a copy. */
  view({ address, bytes }: Block): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, address, bytes);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The low and the high 32 bits of an integer from 0 to 2^53 − 1. */
export function words(integer: number): [number, number] {
  return [integer % 2 ** 32, Math.floor(integer / 2 ** 32)];
}
