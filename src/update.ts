import { Op } from "../assembly/opcodes.ts";
import type { ParameterShape } from "./layers/layer.ts";
import type { CommonOptions } from "./optimizers/common.ts";
import { type Optimizer, optimizerKind, rateOf } from "./optimizers/index.ts";
import type { UpdateRun } from "./optimizers/optimizer.ts";
import type { Block, Matrix } from "./plan.ts";
import { Double, type Program } from "./program.ts";
import type { Rates } from "./rates.ts";

// DL7, the update of a step: penalties of the layers → clipping → weight decay → the optimizer → the largest norms.

/** A block of parameters and what belongs to it. */
export interface Trained {
  readonly shape: ParameterShape;
  readonly w: Matrix;
  readonly dw: Matrix;
  readonly slots: readonly Block[];
  /** Whether its gradient is stored; otherwise it has descended along it already. */
  readonly stored: boolean;
}

/** Whether nothing needs the whole gradient, so that each layer's part can be applied as soon as it is known. */
export function descends(optimizer: Optimizer): boolean {
  const { weightDecay, clipValue, clipNorm, clipGlobalNorm } = optimizer as Partial<CommonOptions>;
  return (
    !!optimizerKind(optimizer).descends?.(optimizer) &&
    [weightDecay, clipValue, clipNorm, clipGlobalNorm].every((option) => option === undefined)
  );
}

/** Adds the penalties of the layers, l1·Σ|w| + l2·Σw², to the loss of the cursor and their derivative to the gradient. */
export function addPenalties(program: Program, blocks: readonly Omit<Trained, "slots">[], cursor: Block): void {
  for (const { shape, w, dw } of blocks) {
    const { rate, l1, l2 } = shape;
    if (rate > 0 && (l1 > 0 || l2 > 0)) {
      program.add(Op.Penalty, w, dw, w.bytes, cursor, new Double(l1), new Double(l2));
    }
  }
}

/** Where the optimizer's time is kept, and the rates of a step. */
export interface Timing {
  readonly clock: Block;
  readonly rates: Rates;
  readonly cursor: Block;
}

/** Begins a step: counts it and looks up its learning rate, where either is asked for. */
export function tick(program: Program, optimizer: Optimizer, { clock, rates, cursor }: Timing): void {
  const kind = optimizerKind(optimizer);
  const scheduled = typeof rateOf(optimizer) !== "number";
  if (!scheduled && !kind.counts) return;
  program.add(Op.Tick, clock, cursor, rates.table, rates.cells, scheduled ? rates.count : 0);
  kind.begin?.(program, optimizer, clock);
}

/** Updates the trained blocks, which lie one after the other in the order given but for those that are not trained. */
export function update(program: Program, optimizer: Optimizer, blocks: readonly Trained[], timing: Timing): void {
  const { cursor } = timing;
  const stored = runs(
    blocks.map((block) => (block.stored && block.shape.rate > 0 ? block : undefined)),
    timing,
  );
  const { weightDecay, decoupled, clipValue, clipNorm, clipGlobalNorm } = optimizer as Partial<CommonOptions>;
  if (clipValue !== undefined) {
    for (const { dw, bytes } of stored) program.add(Op.ClipValue, dw, bytes, cursor, new Double(clipValue));
  }
  if (clipNorm !== undefined) {
    for (const { dw, shape } of blocks) {
      if (shape.rate > 0) clipTogether(program, [{ dw, bytes: dw.bytes }], cursor, clipNorm);
    }
  }
  if (clipGlobalNorm !== undefined) clipTogether(program, stored, cursor, clipGlobalNorm);
  for (const run of stored) {
    const { w, dw, bytes, rate } = run;
    if (weightDecay && decoupled) program.add(Op.Shrink, w, bytes, rate, new Double(weightDecay));
    else if (weightDecay) program.add(Op.Decay, w, dw, bytes, new Double(weightDecay));
    optimizerKind(optimizer).update!(program, optimizer, run);
  }
  for (const { shape, w } of blocks) {
    if (shape.rate === 0 || shape.maxNorm === Number.POSITIVE_INFINITY) continue;
    const workspace = program.workspace(8 * w.stride);
    program.add(Op.MaxNorm, w, w.rows, w.rowBytes, new Double(shape.maxNorm), workspace, cursor);
  }
}

/** Scales the gradients, taken as one vector, down to the norm `limit` where it is longer. */
function clipTogether(
  program: Program,
  gradients: readonly Pick<UpdateRun, "dw" | "bytes">[],
  cursor: Block,
  limit: number,
): void {
  const sum = program.workspace(8);
  for (const [i, { dw, bytes }] of gradients.entries()) program.add(Op.SumSquares, dw, bytes, sum, Number(i > 0));
  for (const { dw, bytes } of gradients) program.add(Op.ClipNorm, dw, bytes, sum, cursor, new Double(limit));
}

/** Neighbours with the same rate as one run. */
function runs(blocks: readonly (Trained | undefined)[], { clock, rates, cursor }: Timing): UpdateRun[] {
  const list: UpdateRun[] = [];
  let previous: Trained | undefined;
  for (const block of blocks) {
    if (block) {
      const last = list.at(-1);
      const { w, dw, slots, shape } = block;
      if (last && previous?.shape.rate === shape.rate) list[list.length - 1] = { ...last, bytes: last.bytes + w.bytes };
      else list.push({ w, dw, slots, bytes: w.bytes, rate: rates.cell(shape.rate), clock, cursor });
    }
    previous = block;
  }
  return list;
}
