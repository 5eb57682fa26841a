// Runs records of kernels on blocks of linear memory, and sees to it that nothing but their outputs changes.
import type { Op } from "../../assembly/opcodes.ts";
import { Cursor } from "../../src/cursor.ts";
import { type Core, loadCore } from "../../src/module.ts";
import { Block } from "../../src/plan.ts";
import { type Double, Program } from "../../src/program.ts";
import type { Numbers, Precision } from "../reference/precision.ts";

/**
 * Stand wherever no block is: at each word its own, so that a copy of another place shows, and NaN in both precisions, so that
 * a number read from there shows in what is computed with it. For 2^18 words.
 */
const CANARY = 0x7ffc0000;
/** Stands in an output before it is written: finite in both precisions, and no result. */
const UNWRITTEN = 0x5eadbeef;
/** Canaries before and after each block, in bytes, at least. */
const GAP = 64;

/** [rows][columns] numbers in linear memory, `rowBytes` from row to row: whole vectors. */
export class Rows extends Block {
  readonly rows: number;
  readonly columns: number;
  readonly rowBytes: number;

  constructor(rows: number, columns: number, rowBytes: number) {
    super(rows * rowBytes);
    this.rows = rows;
    this.columns = columns;
    this.rowBytes = rowBytes;
  }
}

type Arg = Block | Double | number;

/** A kernel call: the opcode, then its arguments in the order of the kernel's record in `assembly/`. */
export type Call = readonly [Op, ...Arg[]];

/** What lies behind a matrix's columns: `value`, and `vectors` more vectors than the columns need. */
export interface Padding {
  readonly value?: number;
  readonly vectors?: number;
}

/** The fields of `assembly/cursor.ts`, in their order: the numbers of f64, then the words. */
const DOUBLES = ["step", "loss", "samples", "correct", "divisor", "health"] as const;
const WORDS = ["order", "length", "position", "batchSize", "stepSize", "begin", "weights"] as const;
export type CursorFields = Record<(typeof DOUBLES)[number] | (typeof WORDS)[number], number>;

const CURSOR: Partial<CursorFields> = { divisor: 1, batchSize: 1 };

/** A core and its memory, in which a test lays out blocks, one after the other with canaries between them. */
export class Arena {
  readonly precision: Precision;
  readonly core: Core;
  readonly #start: number;
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #canaries: Uint32Array;
  readonly #memory: DataView;
  readonly #numbers: Numbers;
  /** What the memory held before the run. */
  readonly #before: Buffer;
  #outputs: Block[] = [];
  #end: number;

  constructor(precision: Precision, core: Core, buffer: ArrayBuffer, start: number) {
    this.precision = precision;
    this.core = core;
    this.#start = Math.ceil(start / 16) * 16;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#canaries = Uint32Array.from(this.#words, (_, i) => CANARY + i);
    this.#memory = new DataView(buffer);
    this.#numbers = (precision.size === 8 ? new Float64Array(buffer) : new Float32Array(buffer)) as Numbers;
    this.#before = Buffer.alloc(buffer.byteLength);
    this.#end = buffer.byteLength;
    this.clear();
  }

  /** An arena of 1 MiB, the core's own memory included. */
  static async create(precision: Precision): Promise<Arena> {
    const module = await loadCore();
    const { core, buffer } = module.instantiate(2 ** 20);
    return new Arena(precision, core, buffer, module.heapBase);
  }

  /** Forgets all blocks; there are canaries in their place. */
  clear(): void {
    const start = this.#start / 4;
    this.#words.set(this.#canaries.subarray(start, (this.#end + 2 * GAP) >> 2), start);
    this.#end = this.#start;
    this.#outputs = [];
  }

  #place<B extends Block>(block: B, output: boolean): B {
    block.address = Math.ceil((this.#end + GAP) / 16) * 16;
    this.#end = block.address + block.bytes;
    if (this.#end + GAP > this.#bytes.length) throw new RangeError("The arena is too small");
    if (!output) return block;
    this.#outputs.push(block);
    this.#words.fill(UNWRITTEN, block.address / 4, this.#end / 4);
    return block;
  }

  #matrix(rows: number, columns: number, vectors: number, output: boolean): Rows {
    return this.#place(new Rows(rows, columns, 16 * (Math.ceil(columns / this.precision.lanes) + vectors)), output);
  }

  #fill(matrix: Rows, values: ArrayLike<number>, padding: number): Rows {
    const numbers = this.#numbers;
    const stride = matrix.rowBytes / this.precision.size;
    let to = matrix.address / this.precision.size;
    let from = 0;
    for (let i = 0; i < matrix.rows; i++) {
      for (let j = 0; j < matrix.columns; j++) numbers[to + j] = values[from++]!;
      for (let j = matrix.columns; j < stride; j++) numbers[to + j] = padding;
      to += stride;
    }
    return matrix;
  }

  /** A matrix that no kernel may change. Its padding is infinite unless told, and shows in whatever is computed with it. */
  input(
    values: ArrayLike<number>,
    rows: number,
    columns: number,
    { value = Infinity, vectors = 0 }: Padding = {},
  ): Rows {
    return this.#fill(this.#matrix(rows, columns, vectors, false), values, value);
  }

  /** A matrix that a kernel writes. */
  output(rows: number, columns: number, { vectors = 0 }: Padding = {}): Rows {
    return this.#matrix(rows, columns, vectors, true);
  }

  /** A matrix that a kernel both reads and writes. */
  inOut(
    values: ArrayLike<number>,
    rows: number,
    columns: number,
    { value = Infinity, vectors = 0 }: Padding = {},
  ): Rows {
    return this.#fill(this.#matrix(rows, columns, vectors, true), values, value);
  }

  /** Bytes that no kernel may change. */
  data(array: ArrayBufferView): Block {
    const block = this.#place(new Block(array.byteLength), false);
    this.#bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), block.address);
    return block;
  }

  /** The same as the last bytes of the memory but `excess`: reading further traps. Canaries stand before it alone. */
  lastData(array: ArrayBufferView, excess: number): Block {
    const block = new Block(array.byteLength);
    block.address = this.#bytes.length - excess - block.bytes;
    this.#bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), block.address);
    return block;
  }

  /** `count` words that a kernel writes. */
  words(count: number): Block {
    return this.#place(new Block(4 * count), true);
  }

  /** Room for a kernel's own use. What is read of it before it is written is NaN. */
  workspace(bytes: number): Block {
    const block = this.#place(new Block(bytes), false);
    this.#outputs.push(block);
    return block;
  }

  /** An f64 that a kernel writes. */
  double(value: number): Block {
    const block = this.#place(new Block(8), true);
    this.#memory.setFloat64(block.address, value, true);
    return block;
  }

  doubleOf({ address }: Block): number {
    return this.#memory.getFloat64(address, true);
  }

  /** Numbers of f64 that kernels may change, such as a clock. */
  doubles(values: readonly number[]): Block {
    const block = this.#place(new Block(8 * values.length), true);
    this.doublesOf(block).set(values);
    return block;
  }

  /** The f64 of a block: a view. */
  doublesOf({ address, bytes }: Block): Float64Array {
    return new Float64Array(this.#buffer, address, bytes / 8);
  }

  /** A cursor, which kernels may change. */
  cursor(fields: Partial<CursorFields> = {}): Block {
    const block = this.#place(new Block(Cursor.BYTES), true);
    const [doubles, words] = this.#cursorViews(block);
    const values: Partial<CursorFields> = { ...CURSOR, stepSize: fields.batchSize ?? 1, ...fields };
    doubles.set(DOUBLES.map((name) => values[name] ?? 0));
    words.set(WORDS.map((name) => values[name] ?? 0));
    return block;
  }

  cursorFields(cursor: Block): CursorFields {
    const [doubles, words] = this.#cursorViews(cursor);
    const entries = [...DOUBLES.map((name, i) => [name, doubles[i]!]), ...WORDS.map((name, i) => [name, words[i]!])];
    return Object.fromEntries(entries) as CursorFields;
  }

  #cursorViews({ address }: Block): [Float64Array, Uint32Array] {
    const end = address + 8 * DOUBLES.length;
    return [new Float64Array(this.#buffer, address, DOUBLES.length), new Uint32Array(this.#buffer, end, WORDS.length)];
  }

  /** A program that calls the kernels one after the other. Returns its address. */
  program(calls: readonly Call[], rows: number): number {
    const program = new Program(rows, this.precision.size);
    for (const call of calls) program.add(...(call as [Op, ...Arg[]]));
    const { address } = this.#place(new Block(program.bytes), false);
    program.address = address;
    program.write(this.#memory, this.core.kernel);
    return address;
  }

  /** Runs the calls. Throws where a byte changes that belongs to no output. */
  run(rows: number, ...calls: Call[]): void {
    const program = this.program(calls, rows);
    this.guard(() => this.core.run(program, rows));
  }

  /** Runs `action`. Throws where a byte changes that belongs to no output: those of canaries, inputs, programs and the core's own. */
  guard<R>(action: () => R): R {
    const end = this.#end + GAP;
    this.#before.set(this.#bytes.subarray(0, end));
    const result = action();
    const after = Buffer.from(this.#buffer, 0, end);
    let from = 0;
    for (const { address, bytes } of [...this.#outputs, { address: end, bytes: 0 }]) {
      if (this.#before.compare(after, from, address, from, address) !== 0) {
        while (this.#before[from] === after[from]) from++;
        throw new Error(`Byte ${from} changed, which belongs to no output`);
      }
      from = address + bytes;
    }
    return result;
  }

  /** All numbers of a matrix with their padding: a view. */
  padded({ address, bytes }: Block): Numbers {
    const { size } = this.precision;
    return this.#numbers.subarray(address / size, (address + bytes) / size) as Numbers;
  }

  /** The numbers of a matrix without their padding: a copy. */
  values({ address, rows, columns, rowBytes }: Rows): number[] {
    const { size } = this.precision;
    return Array.from({ length: rows }, (_, i) => {
      const from = (address + i * rowBytes) / size;
      return Array.from(this.#numbers.subarray(from, from + columns));
    }).flat();
  }

  /** The words of a block: a view. */
  labels({ address, bytes }: Block): Int32Array {
    return new Int32Array(this.#buffer, address, bytes / 4);
  }

  /**
   * Throws unless the matrix holds exactly the expected numbers, [rows][columns], −0 apart from 0 and any NaN for a NaN, and
   * `padding` in its padding, where that is given.
   */
  expectExactly(matrix: Rows, expected: ArrayLike<number>, padding: number | undefined, what: string): void {
    const numbers = this.#numbers;
    const { size } = this.precision;
    const stride = matrix.rowBytes / size;
    const at = matrix.address / size;
    for (let i = 0; i < matrix.rows; i++) {
      for (let j = 0; j < matrix.columns; j++) {
        const value = numbers[at + i * stride + j]!;
        const wanted = expected[i * matrix.columns + j]!;
        if (!Object.is(value, wanted))
          throw new Error(`${what}: row ${i}, column ${j} is ${value}, expected ${wanted}`);
      }
      for (let j = matrix.columns; padding !== undefined && j < stride; j++) {
        const value = numbers[at + i * stride + j]!;
        if (value !== padding) throw new Error(`${what}: the padding of row ${i} holds ${value}, expected ${padding}`);
      }
    }
  }
}

/** Throws unless |value − expected| ≤ tolerance, or both are the same infinity or NaN. */
export function expectClose(value: number, expected: number, tolerance: number, what: string): void {
  if (Object.is(value, expected) || Math.abs(value - expected) <= tolerance) return;
  throw new Error(`${what} is ${value}, expected ${expected} ± ${tolerance}`);
}
