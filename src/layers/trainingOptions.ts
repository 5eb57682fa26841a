import { Gradient } from "../../assembly/opcodes.ts";
import { constant, type Initializer } from "../initializers.ts";
import { boolean, checkKnown, isPlainObject, nonNegativeNumber, unexpected } from "../options.ts";
import { type Shape, sizeOf } from "../shape.ts";
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
  shape: Shape,
  fans?: ParameterShape["fans"],
): ParameterShape {
  return { ...plain(name, initializer, shape, fans), rate: trainable === false ? 0 : (rates?.[name] ?? 1) };
}

/** γ and β of a normalisation, one of each column, which begin with 1 and 0. */
export function scaleAndShift(options: TrainingOptions, inputs: Shape): ParameterShape[] {
  const columns = [inputs.at(-1)!];
  return [trained(options, "weights", constant(1), columns), trained(options, "biases", constant(0), columns)];
}

/** A vector of statistics, one of each column: no gradient moves it. */
export const gathered = (name: "mean" | "variance", start: number, inputs: Shape): ParameterShape =>
  plain(name, constant(start), [inputs.at(-1)!]);

function plain(
  name: ParameterShape["name"],
  initializer: Initializer,
  shape: Shape,
  fans?: ParameterShape["fans"],
): ParameterShape {
  const columns = shape.at(-1)!;
  const rows = sizeOf(shape) / columns;
  const rest = { rate: 0, l1: 0, l2: 0, maxNorm: Number.POSITIVE_INFINITY };
  return { name, shape, rows, columns, initializer, fans: fans ?? [rows, columns], ...rest };
}

/** What a layer does with gradients that are so few that they are computed even where nobody asks for them. */
export const stored = ({ kind }: GradientTarget) => (kind === Gradient.Skip ? Gradient.Store : kind);
