import { Gradient } from "../../assembly/opcodes.ts";
import { constant, type Initializer } from "../initializers.ts";
import { boolean, checkKnown, isPlainObject, nonNegativeNumber, unexpected } from "../options.ts";
import type { GradientTarget, ParameterName, ParameterShape, TrainingOptions } from "./layer.ts";

const NAMES: readonly ParameterName[] = ["weights", "biases"];

/** Checks `trainable` and `rates`. Returns those that differ from the default. @throws TypeError, RangeError */
export function checkTraining(where: string, { trainable = true, rates = {} }: TrainingOptions): TrainingOptions {
  boolean(where, "trainable", trainable);
  if (!isPlainObject(rates)) throw unexpected(`${where}: rates`, rates, "a plain object { weights, biases }");
  checkKnown(`${where}: rates`, rates, NAMES);
  const factors = NAMES.filter((name) => rates[name] !== undefined);
  for (const name of factors) nonNegativeNumber(where, `rates.${name}`, rates[name]);
  return {
    ...(trainable ? {} : { trainable }),
    ...(factors.length > 0 ? { rates: { ...rates } } : {}),
  };
}

/** A block of parameters without penalties, trained as the options say. */
export function trained(
  { trainable, rates }: TrainingOptions,
  name: ParameterName,
  initializer: Initializer,
  columns: number,
  rows?: number,
): ParameterShape {
  const rate = trainable === false ? 0 : (rates?.[name] ?? 1);
  return { ...PLAIN, name, vector: rows === undefined, rows: rows ?? 1, columns, initializer, rate };
}

/** γ and β of a normalisation, which begin with 1 and 0. */
export const scaleAndShift = (options: TrainingOptions, units: number): ParameterShape[] => [
  trained(options, "weights", constant(1), units),
  trained(options, "biases", constant(0), units),
];

/** A vector of statistics: no gradient moves it. */
export const gathered = (name: "mean" | "variance", start: number, columns: number): ParameterShape => ({
  ...PLAIN,
  name,
  vector: true,
  rows: 1,
  columns,
  initializer: constant(start),
  rate: 0,
});

const PLAIN = { l1: 0, l2: 0, maxNorm: Number.POSITIVE_INFINITY };

/** What a layer does with gradients that are so few that they are computed even where nobody asks for them. */
export const stored = ({ kind }: GradientTarget) => (kind === Gradient.Skip ? Gradient.Store : kind);
