import { Distribution } from "../assembly/opcodes.ts";
import type { CoreModule } from "./module.ts";
import { boolean, checkKnown, finiteNumber, isPlainObject, unexpected } from "./options.ts";
import { words } from "./random.ts";

// What a search chooses from, and its points, known before the first of them is trained.

/** Numbers from `min` to `max`, both included: equally likely, or their logarithms; whole numbers where `integer` is true. */
export interface Interval {
  readonly min: number;
  readonly max: number;
  readonly log?: boolean | undefined;
  readonly integer?: boolean | undefined;
}

/** What may be chosen, by name: one of some values, or a number in an interval. */
export type Space = { readonly [name: string]: readonly unknown[] | Interval };

/** One choice of everything. */
export type Point<S extends Space> = {
  -readonly [name in keyof S]: S[name] extends readonly (infer value)[] ? value : number;
};

/** The stream of random numbers that no block of a layer has. */
const STREAM = 2 ** 32 - 1;

/** @throws TypeError, RangeError */
export function checkSpace(where: string, space: Space, grid: boolean): void {
  if (!isPlainObject(space)) throw unexpected(`${where}: space`, space, "a plain object");
  for (const [name, choice] of Object.entries(space)) checkChoice(`${where}: space ${name}`, choice, grid);
}

function checkChoice(where: string, choice: readonly unknown[] | Interval, grid: boolean): void {
  if (Array.isArray(choice)) {
    if (choice.length === 0) throw new RangeError(`${where} is an empty array, expected at least one value`);
    return;
  }
  if (grid || !isPlainObject(choice)) {
    throw unexpected(where, choice, `an array of values${grid ? ' with trials: "grid"' : " or { min, max }"}`);
  }
  checkKnown(where, choice, ["min", "max", "log", "integer"]);
  const { min, max, log = false, integer = false } = choice as Interval;
  for (const [key, bound] of Object.entries({ min, max })) finiteNumber(where, key, bound);
  if (boolean(where, "integer", integer) && !(Number.isSafeInteger(min) && Number.isSafeInteger(max))) {
    throw new RangeError(`${where} is from ${min} to ${max}, expected integers`);
  }
  if (boolean(where, "log", log) && min <= 0)
    throw new RangeError(`${where}: min is ${min}, expected a number above 0`);
  if (!(min < max)) throw new RangeError(`${where} is from ${min} to ${max}, expected min below max`);
}

/** The points of a search. The first of many draws are those of fewer. */
export function pointsOf<S extends Space>(space: S, trials: "grid" | number, seed: number, module: CoreModule) {
  return (trials === "grid" ? grid(space) : draws(space, trials, seed, module)) as Point<S>[];
}

type AnyPoint = Record<string, unknown>;

/** The product of the values; the last name changes first. */
const grid = (space: Space) =>
  Object.entries(space).reduce<AnyPoint[]>(
    (points, [name, values]) =>
      points.flatMap((point) => (values as readonly unknown[]).map((value) => ({ ...point, [name]: value }))),
    [{}],
  );

/** Number `name` of draw `trial` is at index trial · names + name of its stream: uniform in (0, 1). */
function draws(space: Space, trials: number, seed: number, module: CoreModule): AnyPoint[] {
  const choices = Object.entries(space);
  const columns = choices.length;
  const { core, buffer } = module.instantiate(module.heapBase + 16 + 8 * trials * columns);
  const address = Math.ceil(module.heapBase / 16) * 16;
  core.initialize(Distribution.Uniform, 8, address, trials, columns, columns, 1, ...words(seed), STREAM);
  const uniform = new Float64Array(buffer, address, trials * columns);
  return Array.from({ length: trials }, (_, trial) =>
    Object.fromEntries(
      choices.map(([name, choice], i) => {
        const u = (uniform[trial * columns + i]! + 1) / 2;
        if (!isInterval(choice)) return [name, choice[Math.floor(u * choice.length)]];
        const { min, max, log, integer } = choice;
        const between = (a: number, b: number) => a * (1 - u) + b * u;
        const end = integer ? max + 1 : max;
        const value = log ? core.exponential(between(core.logarithm(min), core.logarithm(end))) : between(min, end);
        // Rounding may lead beyond an end.
        return [name, Math.min(max, Math.max(min, integer ? Math.floor(value) : value))];
      }),
    ),
  );
}

const isInterval = (choice: readonly unknown[] | Interval): choice is Interval => !Array.isArray(choice);
