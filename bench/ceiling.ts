import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ceilingModule } from "./build.ts";
import type { Precision } from "./contestant.ts";

/** Largest multiply-add rates of one core in 128-bit registers, flop/s; `fused` where the engine accepts relaxed SIMD. */
export type Ceiling = Record<Precision, { plain: number; fused: number | undefined }>;

interface Exports {
  chains: WebAssembly.Global;
  turns32(count: number, half: number): number;
  turns64(count: number, half: number): number;
}

const TURNS = 100_000;
/** Milliseconds for one loop: engines take some tens to replace their baseline code, and only where they are given a pause. */
const TIME = 500;

export async function measureCeiling(): Promise<Ceiling> {
  const plain = await rates("ceiling");
  const fused = await rates("ceiling-relaxed");
  if (!plain) throw new Error("Cannot measure the ceiling: the engine has no SIMD");
  return { f32: { plain: plain[0], fused: fused?.[0] }, f64: { plain: plain[1], fused: fused?.[1] } };
}

/** The rate that shares are shares of: fused where that is faster. */
export function limit(ceiling: Ceiling, precision: Precision): number {
  const { plain, fused = 0 } = ceiling[precision];
  return Math.max(plain, fused);
}

async function rates(name: string): Promise<[f32: number, f64: number] | undefined> {
  const bytes = readFileSync(ceilingModule(name));
  if (!WebAssembly.validate(bytes)) return undefined;
  const { instance } = await WebAssembly.instantiate(bytes);
  const { chains, turns32, turns64 } = instance.exports as unknown as Exports;
  const flops = TURNS * chains.value * 2;
  return [(4 * flops) / (await fastest(turns32)), (2 * flops) / (await fastest(turns64))];
}

/** Seconds of the fastest of many calls. */
async function fastest(turns: (count: number, half: number) => number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + TIME; performance.now() < end; await setImmediate()) {
    const start = performance.now();
    const sink = turns(TURNS, 0.5);
    best = Math.min(best, performance.now() - start);
    // Twelve chains that tend to 1.
    if (Math.abs(sink - 12) > 1e-3)
      throw new Error(`Cannot measure the ceiling: the loop returned ${sink}, expected 12`);
  }
  return best / 1000;
}
