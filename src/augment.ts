import { Op } from "../assembly/opcodes.ts";
import type { LayerBlocks } from "./layers/layer.ts";
import { boolean, checkKnown, positiveInteger } from "./options.ts";
import type { Matrix } from "./plan.ts";
import { Double, type Program } from "./program.ts";
import { words } from "./random.ts";
import { isImage, printed, type Shape } from "./shape.ts";

/**
 * How images are varied while a network is trained, each by draws of its own from the network's seed, the step and its place among the
 * step's rows; predictions, `evaluate`, `gradients` and validation see them as they are. The inputs are [height, width, channels].
 */
export interface Augment {
  /** Mirrors left to right with probability ½; default false. */
  readonly flip?: boolean | undefined;
  /**
   * Pads the image by so many positions on each side, a positive integer below its height and width, and cuts out a window of its own
   * size at random; default none. The padding holds what a 0 is to the network, the offset of `inputs`: a 0 in x or, where `images` or
   * `scale` prepares x, in what that makes of it.
   */
  readonly crop?: number | undefined;
}

/**
 * The augmentation that the options ask for, with every default filled in; undefined where nothing is to be done.
 * @param shape of the network's inputs
 * @throws TypeError, RangeError
 */
export function checkAugment(where: string, value: unknown, shape: Shape): Required<Augment> | undefined {
  if (value === undefined) return undefined;
  const what = `${where}: augment`;
  checkKnown(what, value, ["flip", "crop"]);
  const given = value as Augment;
  const flip = boolean(what, "flip", given.flip ?? false);
  const crop = given.crop === undefined ? 0 : positiveInteger(what, "crop", given.crop);
  if (!flip && crop === 0) return undefined;
  if (!isImage(shape)) {
    throw new RangeError(
      `${what} is given, and inputs is ${printed(shape)}, expected images: [height, width, channels]`,
    );
  }
  const [height, width] = shape;
  if (crop >= Math.min(height, width)) {
    throw new RangeError(
      `${what}: crop is ${crop}, and the image is ${height} × ${width}, expected less, or windows miss the image`,
    );
  }
  return { flip, crop };
}

/** Appends the variation of the batch's images, compact, as gathered with `offset`. Returns the varied ones. */
export function augmentInputs(
  program: Program,
  { flip, crop }: Required<Augment>,
  x: Matrix,
  offset: number,
  { seed, cursor }: Pick<NonNullable<LayerBlocks["training"]>, "seed" | "cursor">,
): Matrix {
  const out = program.compact(x.shape);
  program.add(
    Op.Augment,
    ...[out, x, ...(x.shape as [number, number, number]), x.rowBytes, crop, flip ? 1 : 0, cursor, ...words(seed)],
    new Double(offset),
  );
  return out;
}
