import { type Shape, sizeOf } from "./shape.ts";

// What lies in linear memory: blocks, matrices in them, and the addresses that the plan gives them.

/** A piece of linear memory. */
export class Block {
  readonly bytes: number;
  /** In bytes; set by the plan. */
  address = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/**
 * [rows][columns] numbers, row-major; `stride` numbers from row to row: the columns rounded up to whole vectors. A batch of images has a
 * row for each position of each image, with its channels; or, compact, a row for each image.
 */
export class Matrix extends Block {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  /** Bytes of one number. */
  readonly size: number;
  /** Of one sample. */
  readonly shape: Shape;

  constructor(rows: number, columns: number, size: number, shape: Shape = [columns]) {
    const lanes = 16 / size;
    const stride = Math.ceil(columns / lanes) * lanes;
    super(rows * stride * size);
    this.rows = rows;
    this.columns = columns;
    this.stride = stride;
    this.size = size;
    this.shape = shape;
  }

  /** Rows for each sample. */
  get positions(): number {
    return sizeOf(this.shape) / this.columns;
  }

  /** Whether it holds images, one in a row. */
  get compact(): boolean {
    return this.shape.at(-1) !== this.columns;
  }

  /** Bytes from row to row. */
  get rowBytes(): number {
    return this.stride * this.size;
  }

  /** Bytes from sample to sample. */
  get sampleBytes(): number {
    return this.positions * this.rowBytes;
  }

  /** Bytes from position to position of an image. */
  get pixelBytes(): number {
    return this.compact ? this.shape.at(-1)! * this.size : this.rowBytes;
  }
}

/** Blocks of whole vectors that lie one after the other without gaps, so that one loop can visit them all. */
export class Run extends Block {
  readonly parts: readonly Block[];

  constructor(parts: readonly Block[]) {
    super(parts.reduce((sum, { bytes }) => sum + bytes, 0));
    this.parts = parts;
  }
}

/** Of a cache line, in bytes. */
const LINE = 64;

/** The next address that begins a cache line. */
export function aligned(address: number): number {
  return Math.ceil(address / LINE) * LINE;
}

/** Gives addresses one after the other, each block at the start of a cache line. */
export class Plan {
  #end: number;

  constructor(start: number) {
    this.#end = aligned(start);
  }

  /** Bytes used so far, the start included. */
  get end(): number {
    return this.#end;
  }

  /** Gives the block its address, and those of a run theirs. */
  place(block: Pick<Block, "address" | "bytes">): void {
    assign(block, this.#end);
    this.#end = aligned(this.#end + block.bytes);
  }
}

function assign(block: Pick<Block, "address" | "bytes">, address: number): void {
  block.address = address;
  if (!(block instanceof Run)) return;
  let next = address;
  for (const part of block.parts) {
    assign(part, next);
    next += part.bytes;
  }
}

/** A block that holds meaning from record `first` to record `last` of a program. */
export interface Life {
  readonly block: Block;
  readonly first: number;
  last: number;
}

/** Gives the blocks addresses from `start` on so that those that live at the same time do not overlap. Returns the end. */
export function placeByLife(lives: readonly Life[], start: number): number {
  const placed: Life[] = [];
  let end = start;
  for (const life of lives) {
    const neighbours = placed
      .filter((other) => other.first <= life.last && life.first <= other.last)
      .sort((a, b) => a.block.address - b.block.address);
    let address = start;
    for (const { block } of neighbours) {
      if (block.address - address >= life.block.bytes) break;
      address = Math.max(address, aligned(block.address + block.bytes));
    }
    life.block.address = address;
    placed.push(life);
    end = Math.max(end, aligned(address + life.block.bytes));
  }
  return end;
}
