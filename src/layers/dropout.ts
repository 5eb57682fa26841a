import { Op } from "../../assembly/opcodes.ts";
import { checkKnown, fraction, oneOf } from "../options.ts";
import type { Matrix } from "../plan.ts";
import { Double } from "../program.ts";
import { words } from "../random.ts";
import { isImage, printed } from "../shape.ts";
import type { LayerKind } from "./layer.ts";

/** Dropout as plain data. */
export interface Dropout {
  readonly type: "dropout";
  readonly rate: number;
  readonly over?: "channels";
}

/** Options of `dropout`. */
export interface DropoutOptions {
  /**
   * What is dropped together: "numbers", each by itself, the default; or "channels" of an image, whole (Tompson et al., "Efficient object
   * localization using convolutional networks", 2015; Keras's SpatialDropout2D, PyTorch's Dropout2d).
   */
  over?: "numbers" | "channels";
}

/**
 * Inverted dropout: while the network is trained, each number of a row is set to 0 with probability `rate` and the others are
 * divided by 1 − rate; predictions, `evaluate` and `gradients` are left as they are (Srivastava et al., "Dropout", 2014). Each step
 * has a mask of its own, drawn from the network's seed, the layer, the step and the place among the step's rows.
 * @param rate in [0, 1)
 * @throws TypeError, RangeError
 * @example [dense(512, "relu"), dropout(0.2), dense(10)]
 * @example [conv2d(64, 3, { activation: "relu" }), dropout(0.1, { over: "channels" })]
 */
export function dropout(rate: number, options: DropoutOptions = {}): Dropout {
  const where = "dropout";
  checkKnown(where, options, ["over"]);
  const { over = "numbers" } = options;
  oneOf(where, "over", over, ["numbers", "channels"]);
  return { type: where, rate: fraction(where, "rate", rate), ...(over === "channels" && { over }) };
}

export const dropoutKind: LayerKind<Dropout> = {
  random: true,

  from: ({ type, rate, ...options }) => dropout(rate, options),

  outputs({ over }, inputs) {
    if (over !== "channels" || isImage(inputs)) return inputs;
    throw new RangeError(`drops channels of images [height, width, channels], and its inputs are ${printed(inputs)}`);
  },

  parameters: () => [],

  forward(program, { rate, over }, x, { training }) {
    if (!training || rate === 0) return { input: x, z: x, a: x };
    const mask = program.scratch(over === "channels" ? x.columns : x.shape);
    const a = program.scratch(x.shape);
    const { seed, layer, cursor } = training;
    program.add(
      Op.DropoutForward,
      ...[
        a,
        x,
        mask,
        x.columns,
        mask.positions,
        x.positions / mask.positions,
        x.rowBytes,
        cursor,
        ...words(seed),
        layer,
        program.workspace(DRAWS),
      ],
      new Double(rate),
    );
    return { input: x, z: x, a, kept: [mask] };
  },

  backward(program, _, { kept }, da) {
    if (kept) {
      const [mask] = kept as [Matrix];
      program.add(Op.DropoutBackward, da, da, mask, mask.positions, da.positions / mask.positions, da.rowBytes);
    }
    return { dz: da, input: da };
  },
};

/** Bytes of the draws at hand (`assembly/dropout.ts`). */
const DRAWS = 96;
