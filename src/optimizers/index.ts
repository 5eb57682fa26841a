import type { OptimizerKind } from "./optimizer.ts";
import { type Sgd, sgdKind } from "./sgd.ts";

/** An optimizer, as plain data. */
export type Optimizer = Sgd;

/** Every kind of optimizer, by the word in its `type`. */
export const OPTIMIZERS: { readonly [type in Optimizer["type"]]: OptimizerKind<Optimizer> } = { sgd: sgdKind };
