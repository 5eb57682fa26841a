import type { Distribution, Op } from "../assembly/opcodes.ts";
import inlined from "../build/simd.wasm";
import { FormatError } from "./errors.ts";

// The only file that names WebAssembly: the core's module, its instances and their memory.

/** Where the core may come from instead of the bytes that are built in: `steepest/core.wasm`, fetched, read or compiled. */
export type CoreSource = WebAssembly.Module | BufferSource | URL;

/** What an instance of the core exports (`assembly/index.ts`). Addresses are in bytes. */
export interface Core {
  readonly heapBase: WebAssembly.Global;
  run(program: number, rows: number): void;
  train(program: number, cursor: number, steps: number): number;
  kernel(op: Op, size: number): number;
  initialize(
    distribution: Distribution,
    size: number,
    out: number,
    rows: number,
    columns: number,
    stride: number,
    scale: number,
    seedLow: number,
    seedHigh: number,
    stream: number,
  ): void;
  shuffle(order: number, count: number, seedLow: number, seedHigh: number, epoch: number, pass: number): void;
  draw(
    order: number,
    count: number,
    rows: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    first: number,
  ): void;
  sequence(order: number, count: number, first: number): void;
}

const PAGE = 65536;
const LARGEST = 65536 * PAGE;

/** The compiled core: a new instance of it costs microseconds, and has a memory of its own. */
export class CoreModule {
  readonly #module: WebAssembly.Module;
  /** The first address that an instance does not use itself. */
  readonly heapBase: number;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
    const { core } = this.instantiate(PAGE);
    if (!(core.heapBase instanceof WebAssembly.Global) || typeof core.kernel !== "function") {
      throw new FormatError("Cannot load the core: the module is not steepest/core.wasm");
    }
    this.heapBase = core.heapBase.value;
  }

  /** A new instance with a memory of `bytes`, rounded up to whole pages, that never grows. @throws RangeError above 4 GiB */
  instantiate(bytes: number): { core: Core; buffer: ArrayBuffer } {
    const pages = Math.ceil(bytes / PAGE);
    if (bytes > LARGEST) {
      throw new RangeError(
        `Cannot plan the memory: ${(bytes / 2 ** 30).toFixed(1)} GiB are needed, 4 GiB are the most`,
      );
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(this.#module, { env: { memory } });
    return { core: exports as unknown as Core, buffer: memory.buffer };
  }
}

let compiled: Promise<CoreModule> | undefined;

/** Compiles the core: once for the built-in bytes, each time for a source of the caller's. */
export async function loadCore(source?: CoreSource): Promise<CoreModule> {
  if (source !== undefined) return compile(source);
  compiled ??= compile(inlined);
  try {
    return await compiled;
  } catch (error) {
    compiled = undefined;
    throw error;
  }
}

async function compile(source: CoreSource): Promise<CoreModule> {
  if (source instanceof WebAssembly.Module) return new CoreModule(source);
  const bytes = source instanceof URL ? await (await fetch(source)).arrayBuffer() : source;
  return new CoreModule(await WebAssembly.compile(bytes));
}
