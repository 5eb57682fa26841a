import type { Block } from "../plan.ts";
import type { Program } from "../program.ts";
import type { FullBatchMethod } from "./problem.ts";

/** Parameters that are updated together: vectors of the same length, and their learning rate, f64. */
export interface UpdateRun {
  readonly w: Block;
  readonly dw: Block;
  readonly slots: readonly Block[];
  /** Of each of them, in bytes. */
  readonly bytes: number;
  readonly rate: Block;
  /** How long the optimizer has run (`assembly/clock.ts`). */
  readonly clock: Block;
  readonly cursor: Block;
}

/** What a kind of optimizer can do; `O` is its plain description. */
export interface OptimizerKind<O> {
  /** The description as the optimizer's own function makes it, with every default. Throws where there is none such. */
  check(where: string, optimizer: O): object;
  /** For each vector as long as the parameters that it keeps from step to step: what it is filled with at first. */
  slots(optimizer: O): readonly number[];
  /** Whether its updates depend on how many there have been. */
  readonly counts?: true;
  /** Whether it makes sense only with the gradient over all rows. */
  readonly fullBatch?: true;
  /** Whether the update is w ← w − η·g and no more, which the kernel that computes g can do. */
  descends?(optimizer: O): boolean;
  /** Appends what is done once before the updates of a step. */
  begin?(program: Program, optimizer: O, clock: Block): void;
  /** Appends the update of one run. Absent where a method drives the training. */
  update?(program: Program, optimizer: O, run: UpdateRun): void;
  /** What takes the steps in place of a program: one step is one epoch. */
  readonly method?: FullBatchMethod<O, never>;
  /** Whether the method works on the Jacobian of the residuals. */
  readonly leastSquares?: true;
}

/** The kind of an optimizer whose steps a method takes. */
export const methodKind = <O>(method: FullBatchMethod<O, never>, leastSquares?: true): OptimizerKind<O> => ({
  check: method.check,
  slots: (optimizer) => new Array(method.slots(optimizer)).fill(0),
  fullBatch: true,
  method,
  ...(leastSquares ? { leastSquares } : {}),
});

/** The arguments that every update's record begins with (`assembly/optimizer/record.ts`). */
export const head = ({ w, dw, bytes, rate, clock, cursor }: UpdateRun) => [w, dw, bytes, rate, clock, cursor] as const;
