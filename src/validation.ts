import type { Rows, Targets } from "./data.ts";
import type { CoreModule } from "./module.ts";
import { words } from "./random.ts";

/** Samples: rows of features and as many targets. */
export interface Samples {
  readonly x: Rows;
  readonly y: Targets;
}

/** The pass of a shuffle that no epoch comes to: it tells the split apart. */
const SPLIT = 2 ** 32 - 1;

/** Rows that a part of all rows comes to: ⌊rows · part⌋, at least 1. */
export const splitCount = (rows: number, part: number) => Math.max(1, Math.floor(rows * part));

/**
 * Divides samples into those that train and the `count` that validate, which a shuffle from the seed draws. Both keep the order in which
 * they stood.
 */
export function split(
  { x, y }: Samples,
  count: number,
  seed: number,
  module: CoreModule,
): { training: Samples; validation: Samples } {
  const scratch = Math.ceil((module.heapBase + 4 * x.rows) / 16) * 16;
  const { core, buffer } = module.instantiate(scratch + 64);
  core.shuffle(module.heapBase, x.rows, ...words(seed), 0, SPLIT, scratch);
  const order = new Uint32Array(buffer, module.heapBase, x.rows);
  const chosen = order.slice(0, count).sort();
  const rest = order.slice(count).sort();
  return { training: take({ x, y }, rest), validation: take({ x, y }, chosen) };
}

/** The samples at the given places. */
export function take({ x, y }: Samples, places: ArrayLike<number>): Samples {
  return {
    x: { ...x, data: gathered(x.data, places, x.width), rows: places.length },
    y: { ...y, data: gathered(y.data, places, y.data.length / x.rows) } as Targets,
  };
}

function gathered<A extends Rows["data"] | Targets["data"]>(data: A, places: ArrayLike<number>, width: number): A {
  const taken = new (data.constructor as new (length: number) => A)(places.length * width);
  for (let i = 0; i < places.length; i++) {
    taken.set(data.subarray(places[i]! * width, (places[i]! + 1) * width), i * width);
  }
  return taken;
}
