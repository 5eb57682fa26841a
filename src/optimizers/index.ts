import { describe } from "../options.ts";
import { type Adam, adamKind } from "./adam.ts";
import type { OptimizerKind } from "./optimizer.ts";
import { type Sgd, sgdKind } from "./sgd.ts";

/** An optimizer, as plain data. */
export type Optimizer = Sgd | Adam;

const OPTIMIZERS: { readonly [type in Optimizer["type"]]: OptimizerKind<never> } = { sgd: sgdKind, adam: adamKind };

/** Checks that a caller's value is an optimizer, made by one of the functions or by hand. @throws TypeError, RangeError */
export function checkOptimizer(where: string, optimizer: unknown): void {
  const type: unknown = Object(optimizer).type;
  if (typeof type !== "string" || !Object.hasOwn(OPTIMIZERS, type)) {
    throw new TypeError(
      `${where}: optimizer is ${describe(optimizer)}, expected one such as sgd({ learningRate: 0.1 })`,
    );
  }
  optimizerKind(optimizer as Optimizer).check(where, optimizer as Optimizer);
}

/** The kind of an optimizer. */
export const optimizerKind = ({ type }: Optimizer) => OPTIMIZERS[type] as OptimizerKind<Optimizer>;
