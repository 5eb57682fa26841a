import type { Architecture } from "./architecture.ts";
import { firstNonFinite } from "./data.ts";
import type { Machine } from "./machine.ts";
import type { Samples } from "./validation.ts";

// What a divergence was made by, as far as facts tell.

/** Features beyond this, as the first layer sees them, are not scaled. */
const LARGE = 1e3;

/** The first layer with a parameter or a statistic that is not finite; without one, with such a gradient; undefined without either. */
export function divergedLayer(machine: Machine): number | undefined {
  const { numbers, gradients } = machine.programs;
  for (const list of [numbers, gradients]) {
    const l = list.findIndex((matrices) =>
      matrices.some((matrix) => {
        const values = machine.copyOf(matrix);
        return firstNonFinite(values) < values.length;
      }),
    );
    if (l >= 0) return l;
  }
  return undefined;
}

/**
 * The likeliest cause and what to do about it.
 * @param losses mean losses in the order in which they were found
 * @param rated whether there is a learning rate
 */
export function likelyCause({ x }: Samples, { inputs }: Architecture, losses: number[], rated: boolean): string {
  let [largest, column] = [0, 0];
  for (let i = 0; i < x.data.length; i++) {
    const magnitude = Math.abs(inputs.scale * x.data[i]! + inputs.offset);
    if (magnitude > largest) [largest, column] = [magnitude, i % x.width];
  }
  if (largest > LARGE) return `features reach ${brief(largest)} (column ${column}): scale them`;
  if (!rated) return "scale the features";
  const known = losses.filter((loss) => !Number.isNaN(loss));
  const lowest = Math.min(...known);
  const last = known.at(-1)!;
  if (last - lowest > Math.abs(lowest)) {
    return `the loss grew from ${brief(lowest)} to ${brief(last)}: lower the learning rate`;
  }
  return "lower the learning rate or scale the features";
}

const brief = (value: number) => Number(value.toPrecision(3));
