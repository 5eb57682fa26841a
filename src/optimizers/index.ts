import type { Precision } from "../data.ts";
import { describe, unexpected } from "../options.ts";
import type { LearningRate } from "../schedules.ts";
import { type Adadelta, adadeltaKind } from "./adadelta.ts";
import { type Adagrad, adagradKind } from "./adagrad.ts";
import { type Adam, adamKind } from "./adam.ts";
import { type Lbfgs, lbfgsMethod } from "./lbfgs.ts";
import { type LevenbergMarquardt, levenbergMarquardtMethod } from "./levenbergMarquardt.ts";
import { type Nadam, nadamKind } from "./nadam.ts";
import { methodKind, type OptimizerKind } from "./optimizer.ts";
import { type Rmsprop, rmspropKind } from "./rmsprop.ts";
import { type Rprop, rpropKind } from "./rprop.ts";
import { type Sgd, sgdKind } from "./sgd.ts";

/** An optimizer, as plain data. */
export type Optimizer = Sgd | Rmsprop | Adagrad | Adadelta | Adam | Nadam | Rprop | Lbfgs | LevenbergMarquardt;

const OPTIMIZERS: { readonly [type in Optimizer["type"]]: OptimizerKind<never> } = {
  sgd: sgdKind,
  rmsprop: rmspropKind,
  adagrad: adagradKind,
  adadelta: adadeltaKind,
  adam: adamKind,
  nadam: nadamKind,
  rprop: rpropKind,
  lbfgs: methodKind(lbfgsMethod),
  levenbergMarquardt: methodKind(levenbergMarquardtMethod, true),
};

/**
 * Checks that a caller's value is an optimizer, made by one of the functions or by hand, whose numbers the precision can hold.
 * @throws TypeError, RangeError
 */
export function checkOptimizer(where: string, optimizer: unknown, precision: Precision): void {
  const type: unknown = Object(optimizer).type;
  if (typeof type !== "string" || !Object.hasOwn(OPTIMIZERS, type)) {
    throw new TypeError(
      `${where}: optimizer is ${describe(optimizer)}, expected one such as sgd({ learningRate: 0.1 })`,
    );
  }
  optimizerKind(optimizer as Optimizer).check(where, optimizer as Optimizer);
  if (precision === "f64") return;
  for (const [name, value] of Object.entries(optimizer as Optimizer)) {
    const single = Math.fround(value as number);
    if (typeof value === "number" && value > 0 && (single === 0 || single === Number.POSITIVE_INFINITY)) {
      throw unexpected(`${where}: ${type}'s ${name}`, value, "a number in the range of f32", "number");
    }
  }
}

/** The learning rate of an optimizer that has one. */
export const rateOf = (optimizer: Optimizer): LearningRate | undefined =>
  "learningRate" in optimizer ? optimizer.learningRate : undefined;

/** The kind of an optimizer. */
export const optimizerKind = ({ type }: Optimizer) => OPTIMIZERS[type] as OptimizerKind<Optimizer>;
