import type { Rows, Targets } from "./data.ts";
import type { CoreModule } from "./module.ts";
import { words } from "./random.ts";

/** Rows of features and as many targets. */
export interface Samples {
  readonly x: Rows;
  readonly y: Targets;
  /** One of each sample, where they have any. */
  readonly weights?: Float64Array | undefined;
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
  samples: Samples,
  count: number,
  seed: number,
  module: CoreModule,
): { training: Samples; validation: Samples } {
  const { x } = samples;
  const scratch = Math.ceil((module.heapBase + 4 * x.rows) / 16) * 16;
  const { core, buffer } = module.instantiate(scratch + 64);
  core.shuffle(module.heapBase, x.rows, ...words(seed), 0, SPLIT, scratch);
  const order = new Uint32Array(buffer, module.heapBase, x.rows);
  const chosen = order.slice(0, count).sort();
  const rest = order.slice(count).sort();
  return { training: take(samples, rest), validation: take(samples, chosen) };
}

/** The samples at the given places. */
export function take({ x, y, weights }: Samples, places: ArrayLike<number>): Samples {
  return {
    x: { ...x, data: gathered(x.data, places, x.width), rows: places.length },
    y: { ...y, data: gathered(y.data, places, y.data.length / x.rows) } as Targets,
    weights: weights && Float64Array.from(places, (place) => weights[place]!),
  };
}

function gathered<A extends Rows["data"] | Targets["data"]>(data: A, places: ArrayLike<number>, width: number): A {
  const taken = new (data.constructor as new (length: number) => A)(places.length * width);
  for (let i = 0; i < places.length; i++) {
    taken.set(data.subarray(places[i]! * width, (places[i]! + 1) * width), i * width);
  }
  return taken;
}
