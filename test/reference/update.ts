// A step's update with every option of optimizers and layers, plainly, in f64: penalties → clipping → weight decay → the rule → norms.
import type { Rule, State } from "./optimizers.ts";

/** A block of weights [rows][columns] or, with one row, of biases; its state and how it is trained. */
export interface TrainedBlock {
  readonly columns: number;
  readonly state: State;
  /** Factor of the learning rate; 0 for what is not trained. */
  readonly factor: number;
  readonly l1: number;
  readonly l2: number;
  readonly maxNorm: number;
}

/** What optimizers of first order share. */
export interface Shared {
  readonly weightDecay?: number;
  readonly decoupled?: boolean;
  readonly clipValue?: number;
  readonly clipNorm?: number;
  readonly clipGlobalNorm?: number;
}

/** How often clips and norms have changed anything. */
export interface Bound {
  clips: number;
  norms: number;
}

const norm = (list: ArrayLike<number>) => Math.sqrt(Array.from(list).reduce((sum, value) => sum + value * value, 0));

/** Σ over the trained blocks of l1·Σ|w| + l2·Σw². */
export function penalties(blocks: readonly TrainedBlock[]): number {
  let sum = 0;
  for (const { state, factor, l1, l2 } of blocks) {
    if (factor > 0) for (const w of state.w) sum += l1 * Math.abs(w) + l2 * w * w;
  }
  return sum;
}

/** One update of all blocks along the gradients of the loss without penalties, in the order of the blocks. */
export function updateAll(
  blocks: readonly TrainedBlock[],
  gradients: readonly Float64Array[],
  rule: Rule,
  rate: number,
  { weightDecay = 0, decoupled = false, clipValue, clipNorm, clipGlobalNorm }: Shared,
  bound: Bound,
): void {
  const trained = blocks.flatMap((block, b) => (block.factor > 0 ? [{ ...block, g: gradients[b]!.slice() }] : []));
  let clipped = false;
  const scaleDown = (list: readonly { g: Float64Array }[], limit: number) => {
    const length = norm(list.flatMap(({ g }) => Array.from(g)));
    if (length <= limit) return;
    clipped = true;
    for (const { g } of list) for (let i = 0; i < g.length; i++) g[i]! *= limit / length;
  };
  for (const { state, l1, l2, g } of trained) {
    for (const [i, w] of state.w.entries()) g[i]! += l1 * Math.sign(w) + 2 * l2 * w;
  }
  if (clipValue !== undefined) {
    for (const { g } of trained) {
      clipped ||= g.some((value) => Math.abs(value) > clipValue);
      for (const [i, value] of g.entries()) g[i] = Math.max(-clipValue, Math.min(clipValue, value));
    }
  }
  if (clipNorm !== undefined) for (const block of trained) scaleDown([block], clipNorm);
  if (clipGlobalNorm !== undefined) scaleDown(trained, clipGlobalNorm);
  for (const { state, factor, g, columns, maxNorm } of trained) {
    const { w } = state;
    for (let i = 0; i < w.length; i++) {
      if (decoupled) w[i]! *= 1 - factor * rate * weightDecay;
      else g[i]! += weightDecay * w[i]!;
    }
    state.t += 1;
    rule.formula(state, g, factor * rate);
    for (let j = 0; j < columns; j++) {
      const column = Array.from(w).filter((_, i) => i % columns === j);
      const length = norm(column);
      if (length <= maxNorm) continue;
      bound.norms += 1;
      for (let i = j; i < w.length; i += columns) w[i]! *= maxNorm / length;
    }
  }
  bound.clips += Number(clipped);
}
