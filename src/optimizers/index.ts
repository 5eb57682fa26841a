import type { Precision } from "../data.ts";
import { describe, unexpected } from "../options.ts";
import type { LearningRate } from "../schedules/index.ts";
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
    const kind = typeof type === "string" ? ` of type ${describe(type)}` : "";
    throw new TypeError(
      `${where}: optimizer is ${describe(optimizer)}${kind}, expected one such as sgd({ learningRate: 0.1 })`,
    );
  }
  // The object itself is used, since what is kept from step to step belongs to it: so it has to be whole.
  const whole = optimizerKind(optimizer as Optimizer).check(where, optimizer as Optimizer);
  checkWhole(`${where}: optimizer`, optimizer, whole);
  checkWhole(`${where}: learningRate`, rateOf(optimizer as Optimizer), rateOf(whole as Optimizer));
  if (precision === "f64") return;
  for (const [name, value] of Object.entries(optimizer as Optimizer)) {
    const single = Math.fround(value as number);
    if (typeof value === "number" && value > 0 && (single === 0 || single === Number.POSITIVE_INFINITY)) {
      throw unexpected(`${where}: ${type}'s ${name}`, value, "a number in the range of f32", "number");
    }
  }
}

/** Throws where a description by hand leaves out what the function of its type fills in. @throws TypeError */
function checkWhole(what: string, given: unknown, whole: unknown): void {
  if (typeof whole !== "object") return;
  const missing = Object.keys(Object(whole)).filter((name) => Object(given)[name] === undefined);
  if (missing.length === 0) return;
  const { type } = whole as Optimizer;
  throw new TypeError(
    `${what} is ${describe(given)} without ${missing.join(", ")}, expected one made by ${type}({ … })`,
  );
}

/** The learning rate of an optimizer that has one. */
export const rateOf = (optimizer: Optimizer): LearningRate | undefined =>
  "learningRate" in optimizer ? optimizer.learningRate : undefined;

/** The kind of an optimizer. */
export const optimizerKind = ({ type }: Optimizer) => OPTIMIZERS[type] as OptimizerKind<Optimizer>;
