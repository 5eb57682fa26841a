import type { Op } from "../assembly/opcodes.ts";
import { Block, type Life, Matrix, placeByLife } from "./plan.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** An argument of a record that is written as an f64. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Written as: the address of a block, an f64, or a u32. */
type Argument = Block | Double | number;

/** A list of kernel calls and the scratch matrices between them; `assembly/program.ts` draws its form in memory. */
export class Program {
  /** In bytes; set by the plan. */
  address = 0;
  readonly #records: { op: Op; args: Argument[] }[] = [];
  readonly #lives = new Map<Block, Life>();
  /** Matrices that lie where others do. */
  readonly #views = new Map<Block, Matrix>();
  /** Rows of a whole batch. */
  readonly rows: number;
  /** Bytes of one number. */
  readonly size: number;
  /** Nothing is overwritten: each pre-activation, activation and derivative keeps a place of its own until the end. */
  readonly keepAll: boolean;

  constructor(rows: number, size: number, keepAll = false) {
    this.rows = rows;
    this.size = size;
    this.keepAll = keepAll;
  }

  /**
   * A matrix of one sample of this shape for each of the batch, or of one of units for each of `samples`; its place is free for others
   * before its first record and after its last.
   */
  scratch(shape: number | Shape, samples = this.rows): Matrix {
    const list = typeof shape === "number" ? [shape] : shape;
    const columns = list.at(-1)!;
    return this.place(new Matrix((samples * sizeOf(list)) / columns, columns, this.size, list));
  }

  /** The same for images of which each is one row without padding in between. */
  compact(shape: Shape): Matrix {
    return this.place(new Matrix(this.rows, sizeOf(shape), this.size, shape));
  }

  /** Has a matrix live from here on. */
  place(matrix: Matrix): Matrix {
    this.#lives.set(matrix, { block: matrix, first: this.keepAll ? 0 : this.#records.length, last: -1 });
    return matrix;
  }

  /** The place of a matrix, taken as one of another form that needs as many bytes. */
  view(matrix: Matrix, form: Matrix): Matrix {
    this.#views.set(form, this.#views.get(matrix) ?? matrix);
    return form;
  }

  #lifeOf(block: Block): Life | undefined {
    return this.#lives.get(this.#views.get(block) ?? block);
  }

  /** Room for a kernel's own use, during one record only. */
  workspace(bytes: number): Block {
    const block = new Block(bytes);
    this.#lives.set(block, { block, first: this.#records.length, last: -1 });
    return block;
  }

  /** Keeps what the matrix holds until the program has ended, for the facade to read. */
  keep(matrix: Matrix): Matrix {
    const life = this.#lifeOf(matrix);
    if (life) life.last = Number.POSITIVE_INFINITY;
    return matrix;
  }

  /** Appends a kernel call. The arguments stand in the order of the kernel's record in `assembly/`. */
  add(op: Op, ...args: Argument[]): void {
    for (const arg of args) {
      const life = arg instanceof Block ? this.#lifeOf(arg) : undefined;
      if (life) life.last = this.keepAll ? Number.POSITIVE_INFINITY : Math.max(life.last, this.#records.length);
    }
    this.#records.push({ op, args });
  }

  /** Places the scratch matrices from `start` on. Returns the end. */
  placeScratch(start: number): number {
    const end = placeByLife([...this.#lives.values()], start);
    for (const [view, { address }] of this.#views) view.address = address;
    return end;
  }

  /** Its length in memory. */
  get bytes(): number {
    return this.#records.reduce((sum, { args }) => sum + recordBytes(args), 4);
  }

  /** Writes the program at its address. `kernel` gives the index of an opcode's kernel. */
  write(memory: DataView, kernel: (op: Op, size: number) => number): void {
    let record = this.address;
    for (const { op, args } of this.#records) {
      const bytes = recordBytes(args);
      memory.setUint32(record, kernel(op, this.size), true);
      memory.setUint32(record + 4, bytes, true);
      layOut(args, (arg, at) => {
        if (arg instanceof Double) memory.setFloat64(record + at, arg.value, true);
        else memory.setUint32(record + at, arg instanceof Block ? arg.address : arg, true);
      });
      record += bytes;
    }
    memory.setUint32(record, 0, true);
  }
}

/** Calls `each` with every argument and its offset in the record, as AssemblyScript lays out the fields of a class. Returns the end. */
function layOut(args: readonly Argument[], each?: (arg: Argument, at: number) => void): number {
  let at = 8;
  for (const arg of args) {
    const bytes = arg instanceof Double ? 8 : 4;
    at = Math.ceil(at / bytes) * bytes;
    each?.(arg, at);
    at += bytes;
  }
  return at;
}

function recordBytes(args: readonly Argument[]): number {
  return Math.ceil(layOut(args) / 8) * 8;
}
