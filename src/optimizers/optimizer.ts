import type { Block } from "../plan.ts";
import type { Program } from "../program.ts";

/** What an update works on: two runs of the same length, the learning rate (f64) and the cursor. */
export interface UpdateBlocks {
  readonly parameterRun: Block;
  readonly gradientRun: Block;
  readonly rate: Block;
  readonly cursor: Block;
}

/** What a kind of optimizer can do; `O` is its plain description. */
export interface OptimizerKind<O> {
  /** Appends the kernel calls of one update. */
  update(program: Program, optimizer: O, blocks: UpdateBlocks): void;
}
