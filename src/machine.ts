import type { Architecture } from "./architecture.ts";
import { Clock } from "./clock.ts";
import { Cursor } from "./cursor.ts";
import type { NumbersOf, Precision, Rows, Targets } from "./data.ts";
import { inferenceRows } from "./inference.ts";
import { drawn, type Initializer, orthonormalize } from "./initializers.ts";
import type { ParameterShape } from "./layers/layer.ts";
import { checkMemory, planMemory } from "./memory.ts";
import type { Core, CoreModule } from "./module.ts";
import { optimizerKind } from "./optimizers/index.ts";
import type { Block, Matrix } from "./plan.ts";
import type { Program } from "./program.ts";
import { GATHER_EXCESS, type Needs, Programs } from "./programs.ts";
import { words } from "./random.ts";
import type { LayerParameters } from "./results.ts";
import type { Samples } from "./validation.ts";

/**
 * The memory of a network with its programs in it. Every address is decided before the memory exists, which never grows:
 *
 *   | the core's own | cursors, rates | programs | parameters, statistics, slots, clock | gradients | staged rows | resident rows, order |
 *   | JᵀJ and what belongs to it | scratch |
 *
 * Gradients, resident rows and JᵀJ are there only where something needs them. The programs share the scratch: one runs at a time.
 */
export class Machine<P extends Precision = Precision> {
  readonly architecture: Architecture;
  /** What it was planned for, without the rows. */
  readonly needs: Omit<Needs, "resident">;
  /** Rows that predictions, evaluations and gradients take at a time, however large batches of training are. */
  readonly inferenceRows: number;
  readonly programs: Programs;
  readonly core: Core;
  /** Of training. */
  readonly cursor: Cursor;
  /** Of evaluation, whose sums may be taken in the middle of an epoch. */
  readonly tally: Cursor;
  /** Of the optimizer. */
  readonly clock: Clock;
  /** Bytes of the memory. */
  readonly bytes: number;
  /** The kinds of the rows that stay, and how they are varied. */
  readonly #resident: { x: unknown; y: unknown; augment: string | undefined } | undefined;
  readonly #buffer: ArrayBuffer;
  readonly #numbers: NumbersOf<P>;

  /** @throws RangeError for more memory than there is */
  constructor(module: CoreModule, architecture: Architecture, needs: Needs) {
    this.architecture = architecture;
    const { resident, ...kept } = needs;
    this.needs = kept;
    this.inferenceRows = Math.min(needs.rows, inferenceRows(architecture));
    this.#resident = resident && {
      x: resident.x.data.constructor,
      y: resident.y.kind,
      augment: JSON.stringify(resident.augment),
    };
    this.programs = new Programs(architecture, needs);
    const { all, cursor, tally, clock } = this.programs;
    const memory = planMemory(this.programs, module.heapBase);
    checkMemory(memory, needs.rows);
    this.bytes = memory.all;

    const { core, buffer } = module.instantiate(this.bytes);
    this.core = core;
    this.#buffer = buffer;
    this.cursor = new Cursor(buffer, cursor.address);
    this.tally = new Cursor(buffer, tally.address);
    this.clock = new Clock(buffer, clock.address);
    this.#numbers = (
      architecture.precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer)
    ) as NumbersOf<P>;
    const view = new DataView(buffer);
    for (const program of all) program.write(view, core.kernel);
    this.#begin();
    if (resident) this.bringIn(resident);
  }

  /** Whether this memory and its programs can do what is needed. */
  serves({ rows, gradients, optimizer, resident }: Needs): boolean {
    if (rows > this.needs.rows || (gradients && !this.programs.gradient)) return false;
    if (optimizer && optimizer !== this.needs.optimizer) return false;
    if (!resident) return true;
    if (resident.accumulates !== !!this.programs.train?.update) return false;
    const mine = this.#resident;
    return (
      mine?.x === resident.x.data.constructor &&
      mine.y === resident.y.kind &&
      mine.augment === JSON.stringify(resident.augment) &&
      resident.x.data.byteLength + GATHER_EXCESS <= this.programs.inputs.bytes &&
      resident.y.data.byteLength + GATHER_EXCESS <= this.programs.targets.bytes &&
      (resident.weights?.byteLength ?? 0) <= this.programs.weights.bytes &&
      resident.orderLength * 4 <= this.programs.order.bytes
    );
  }

  /** The optimizer's slots and clock as they are before its first update. */
  #begin(): void {
    this.clock.clear();
    const { optimizer } = this.needs;
    const values = optimizer ? optimizerKind(optimizer).slots(optimizer) : [];
    for (const [i, value] of values.entries()) {
      const { address, bytes } = this.programs.slots[i]!;
      const size = this.#numbers.BYTES_PER_ELEMENT;
      this.#numbers.fill(value, address / size, (address + bytes) / size);
    }
  }

  /** Copies the rows to train on to where they stay. */
  bringIn({ x, y, weights: given }: Samples): void {
    const { inputs, targets, weights } = this.programs;
    this.view(inputs).set(bytesOf(x.data));
    this.view(targets).set(bytesOf(y.data));
    if (given) this.view(weights).set(bytesOf(given));
    this.cursor.weights = given ? weights.address : 0;
  }

  /** Where the rows to train on stay: as many as there is room for, of the kinds of those given. Views, not copies. */
  resident({ x, y, weights }: Samples): Samples {
    const { inputs, targets, weights: room } = this.programs;
    const view = <A extends Rows["data"] | Targets["data"]>({ address, bytes }: Block, array: A) => {
      const Kind = array.constructor as unknown as { BYTES_PER_ELEMENT: number } & (new (...args: unknown[]) => A);
      return new Kind(this.#buffer, address, Math.floor(bytes / Kind.BYTES_PER_ELEMENT));
    };
    return {
      x: { ...x, data: view(inputs, x.data) },
      y: { ...y, data: view(targets, y.data) } as Targets,
      weights: weights && this.doubles(room),
    };
  }

  /** The learning rate of the steps that follow, or their rates from step `first` on. */
  setRates(rates: number | readonly number[], first = 0): void {
    const { rates: blocks } = this.programs;
    if (typeof rates === "number") blocks.write(this.#buffer, rates);
    else {
      blocks.write(this.#buffer, rates[0]!);
      blocks.fill(this.#buffer, first, rates);
    }
  }

  /** The learning rate of the latest step. */
  get rate(): number {
    return this.programs.rates.latest(this.#buffer);
  }

  /** Takes over what belongs to the network itself and, for the same optimizer, its slots and clock. */
  copyState(source: Machine): void {
    const part = this.needs.optimizer === source.needs.optimizer ? "state" : "network";
    this.view(this.programs[part]).set(source.view(source.programs[part]));
  }

  /** Draws the initial values of all parameters from the seed. */
  initialize(): void {
    for (const [l, shapes] of this.programs.shapes.entries()) {
      for (const [b, { initializer, fans }] of shapes.entries()) {
        this.#draw(this.programs.numbers[l]![b]!, initializer, fans, 256 * l + b);
      }
    }
  }

  #draw(matrix: Matrix, initializer: Initializer, fans: ParameterShape["fans"], stream: number): void {
    const { address, rows, columns, stride, size } = matrix;
    const [distribution, scale] = drawn(initializer, ...fans);
    const seed = words(this.architecture.seed);
    this.core.initialize(distribution, size, address, rows, columns, stride, scale, ...seed, stream);
    if (initializer.type === "orthogonal") {
      const values = Float64Array.from(this.copyOf(matrix));
      orthonormalize(values, rows, columns, initializer.gain);
      this.write(matrix, values);
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

  /** Copies of what belongs to layer l in one of the programs' lists, by their names; parameters that it has not are empty. */
  named(list: readonly (readonly Matrix[])[], l: number): Omit<LayerParameters<P>, "shape"> {
    const shapes = this.programs.shapes[l]!;
    const copies = list[l]!.map((matrix, b) => [shapes[b]!.name, this.copyOf(matrix)]);
    return { weights: this.numbers(0), biases: this.numbers(0), ...Object.fromEntries(copies) };
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

  /** The numbers of a block of f64: a view, not a copy. */
  doubles({ address, bytes }: Block): Float64Array {
    return new Float64Array(this.#buffer, address, Math.floor(bytes / 8));
  }

  /** `count` numbers of an order: a view, not a copy. */
  words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.#buffer, address, count);
  }

  /** The bytes of a block: a view, not a copy. */
  view({ address, bytes }: Block): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, address, bytes);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
