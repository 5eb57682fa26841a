// The functions under test, over whole arrays.
import { readFileSync } from "node:fs";
import type { Core } from "../../src/module.ts";

export type Name = "exp" | "expm1" | "log" | "log1p" | "sigmoid" | "tanh" | "gaussian" | "cumulative";
export const names: Name[] = ["exp", "expm1", "log", "log1p", "sigmoid", "tanh", "gaussian", "cumulative"];

/** Numbers that one call takes at most. */
export const CHUNK = 32768;

type Loop = (to: number, from: number, bytes: number) => void;
type Exports = Record<`${Name}F${32 | 64}`, Loop> & {
  powInteger(x: number, n: number): number;
} & Pick<Core, "exponential" | "logarithm" | "cosine">;

const INPUT = 1 << 16;
const OUTPUT = INPUT + CHUNK * 8;
const memory = new WebAssembly.Memory({ initial: (OUTPUT + CHUNK * 8) >> 16 });
const bytes = readFileSync(new URL("../../build/math.wasm", import.meta.url));
const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
export const core = instance.exports as unknown as Exports;

export const input32 = new Float32Array(memory.buffer, INPUT, CHUNK);
export const output32 = new Float32Array(memory.buffer, OUTPUT, CHUNK);
export const input64 = new Float64Array(memory.buffer, INPUT, CHUNK);
export const output64 = new Float64Array(memory.buffer, OUTPUT, CHUNK);

/** All of `output32` from all of `input32`. */
export function run32(name: Name): void {
  core[`${name}F32`](OUTPUT, INPUT, CHUNK * 4);
}

/** All of `output64` from all of `input64`. */
export function run64(name: Name): void {
  core[`${name}F64`](OUTPUT, INPUT, CHUNK * 8);
}

/** f(x) of each number rounded to f32. Any count. */
export function apply32(name: Name, x: number[]): Float32Array {
  const results = new Float32Array(x.length);
  for (let start = 0; start < x.length; start += CHUNK) {
    const part = x.slice(start, start + CHUNK);
    input32.fill(0);
    input32.set(part);
    run32(name);
    results.set(output32.subarray(0, part.length), start);
  }
  return results;
}

/** f(x) of each number. Any count. */
export function apply64(name: Name, x: number[]): Float64Array {
  const results = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += CHUNK) {
    const part = x.slice(start, start + CHUNK);
    input64.fill(0);
    input64.set(part);
    run64(name);
    results.set(output64.subarray(0, part.length), start);
  }
  return results;
}
