import type { Block } from "../plan.ts";
import type { Program } from "../program.ts";

/** What an update works on: runs of the same length, and the learning rate, f64. */
export interface UpdateBlocks {
  readonly parameterRun: Block;
  readonly gradientRun: Block;
  readonly slots: readonly Block[];
  readonly rate: Block;
  /** How far the optimizer is with these slots (`assembly/clock.ts`). */
  readonly clock: Block;
  readonly cursor: Block;
}

/** What a kind of optimizer can do; `O` is its plain description. */
export interface OptimizerKind<O> {
  /** Throws where a description is not one that the optimizer's own function makes. */
  check(where: string, optimizer: O): void;
  /** Blocks as long as the parameters that it keeps from step to step. */
  readonly slots: number;
  /** Appends the kernel call of one update. Absent where each gradient is applied as soon as it is known: w ← w − η·g. */
  update?(program: Program, optimizer: O, blocks: UpdateBlocks): void;
}
