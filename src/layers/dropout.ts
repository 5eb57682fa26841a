import { Op } from "../../assembly/opcodes.ts";
import { checkKnown, fraction } from "../options.ts";
import { Double } from "../program.ts";
import { words } from "../random.ts";
import type { LayerKind } from "./layer.ts";

/** Dropout as plain data. */
export interface Dropout {
  readonly type: "dropout";
  readonly rate: number;
}

/**
 * Inverted dropout: while the network is trained, each number of a row is set to 0 with probability `rate` and the others are
 * divided by 1 − rate; predictions, `evaluate` and `gradients` are left as they are (Srivastava et al., "Dropout", 2014). Each step
 * has a mask of its own, drawn from the network's seed, the layer, the step and the place among the step's rows.
 * @param rate in [0, 1)
 * @throws TypeError, RangeError
 * @example [dense(512, "relu"), dropout(0.2), dense(10)]
 */
export const dropout = (rate: number): Dropout => ({ type: "dropout", rate: fraction("dropout", "rate", rate) });

export const dropoutKind: LayerKind<Dropout> = {
  random: true,

  from(description) {
    checkKnown("dropout", description, ["type", "rate"]);
    return dropout(description.rate);
  },

  outputs: (_, inputs) => inputs,

  parameters: () => [],

  forward(program, { rate }, x, { training }) {
    if (!training || rate === 0) return { input: x, z: x, a: x };
    const mask = program.scratch(x.shape);
    const a = program.scratch(x.shape);
    const { seed, layer, cursor } = training;
    program.add(
      Op.DropoutForward,
      ...[a, x, mask, x.columns, x.positions, x.rowBytes, cursor, ...words(seed), layer, program.workspace(DRAWS)],
      new Double(rate),
    );
    return { input: x, z: x, a, kept: [mask] };
  },

  backward(program, _, { kept }, da) {
    if (kept) program.add(Op.DropoutBackward, da, da, kept[0]!, da.sampleBytes);
    return { dz: da, input: da };
  },
};

/** Bytes of the draws at hand (`assembly/dropout.ts`). */
const DRAWS = 96;
