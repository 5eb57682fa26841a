import type { Distribution, Op } from "../assembly/opcodes.ts";
import inlined from "../build/simd.wasm";
import { FormatError } from "./errors.ts";
import { unexpected } from "./options.ts";

// The only file that names WebAssembly: the core's module, its instances and their memory.

/** Where the core may come from instead of the bytes that are built in: `steepest/core.wasm`, fetched, read or compiled. */
export type CoreSource = WebAssembly.Module | BufferSource | URL;

/**
 * "reproducible": the same bits in every engine. "relaxed": fused multiply-add, faster, the same bits only in the same engine on the
 * same kind of processor.
 */
export type Numerics = "reproducible" | "relaxed";

/** What an instance of the core exports (`assembly/index.ts`). Addresses are in bytes. */
export interface Core {
  readonly heapBase: WebAssembly.Global;
  fused(): number;
  run(program: number, rows: number): void;
  train(program: number, update: number, cursor: number, steps: number): number;
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
  shuffle(
    order: number,
    count: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    pass: number,
    scratch: number,
  ): void;
  draw(
    order: number,
    count: number,
    rows: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    first: number,
    scratch: number,
  ): void;
  sequence(order: number, count: number, first: number): void;
  dot(size: number, a: number, b: number, bytes: number): number;
  axpy(size: number, out: number, y: number, alpha: number, x: number, bytes: number): void;
  scale(size: number, out: number, alpha: number, x: number, bytes: number): void;
  largest(size: number, x: number, bytes: number): number;
  accumulateNormal(
    matrix: number,
    b: number,
    jacobian: number,
    residuals: number,
    rows: number,
    n: number,
    workspace: number,
  ): void;
  cholesky(matrix: number, diagonal: number, n: number, damping: number): number;
  solveCholesky(x: number, matrix: number, diagonal: number, n: number): void;
  exponential(x: number): number;
  logarithm(x: number): number;
  /** |x| ≤ 2^20. */
  cosine(x: number): number;
  /** x^n for an integer n within the range of i32. */
  powInteger(x: number, n: number): number;
}

declare const process: { getBuiltinModule(name: string): { readFile(url: URL): Promise<Uint8Array> } };

const PAGE = 65536;
/** Bytes of the largest memory there is. */
export const LARGEST = 65536 * PAGE;

/** The compiled core: a new instance of it costs microseconds, and has a memory of its own. */
export class CoreModule {
  readonly #module: WebAssembly.Module;
  /** The first address that an instance does not use itself. */
  readonly heapBase: number;
  /** Whether multiplications and additions are fused, as this engine and the build have it. */
  readonly numerics: Numerics;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
    const { core } = this.instantiate(PAGE);
    if (!(core.heapBase instanceof WebAssembly.Global) || typeof core.kernel !== "function") {
      throw new FormatError("the module is not steepest/core.wasm");
    }
    this.heapBase = core.heapBase.value;
    this.numerics = core.fused() ? "relaxed" : "reproducible";
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

const cores: { [numerics in Numerics]?: Promise<CoreModule> } = {};

/**
 * Compiles the core: once for each of the builds that come with the package, each time for a source of the caller's. Where the engine
 * does not know the relaxed build's instructions, or does not fuse, the reproducible one stands in.
 */
export async function loadCore(numerics: Numerics = "reproducible", source?: CoreSource): Promise<CoreModule> {
  if (source !== undefined) return compile(source);
  cores[numerics] ??= numerics === "relaxed" ? compileRelaxed() : compile(inlined);
  try {
    return await cores[numerics];
  } catch (error) {
    delete cores[numerics];
    throw error;
  }
}

async function compileRelaxed(): Promise<CoreModule> {
  const { default: bytes } = await import("./relaxed.ts");
  const core = WebAssembly.validate(bytes) ? await compile(bytes) : undefined;
  return core?.numerics === "relaxed" ? core : loadCore();
}

async function compile(source: CoreSource): Promise<CoreModule> {
  const core: unknown = source instanceof URL ? await read(source) : source;
  const compiled = core instanceof WebAssembly.Module;
  if (!(compiled || core instanceof ArrayBuffer || ArrayBuffer.isView(core))) {
    throw unexpected("core", source, "the bytes of steepest/core.wasm, a URL or a WebAssembly.Module");
  }
  try {
    return new CoreModule(compiled ? core : await WebAssembly.compile(core as BufferSource));
  } catch (error) {
    throw new FormatError(`Cannot load the core: ${(error as Error).message}`, { cause: error });
  }
}

/** The bytes at a URL. Node cannot fetch files. */
async function read(url: URL): Promise<ArrayBuffer | Uint8Array> {
  try {
    if (url.protocol !== "file:") return await (await fetch(url)).arrayBuffer();
    return await process.getBuiltinModule("node:fs/promises").readFile(url);
  } catch (error) {
    throw new FormatError(`Cannot load the core from ${url}: ${(error as Error).message}`, { cause: error });
  }
}
