// Augmentation of images, plainly: one number at a time, the draws from exact integers.
import { AUGMENT, bounded, randomBits } from "./random.ts";

export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** How far down and across the padded image the window begins, and whether it is mirrored. */
export interface Drawn {
  readonly down: number;
  readonly across: number;
  readonly flipped: boolean;
}

/** What is drawn for the image at a place of a step. */
export function drawn(padding: number, seed: number, step: number, place: number): Drawn {
  const draw = (k: number, n: number) => bounded(randomBits(seed, AUGMENT, 0, step, 4 * place + k), n);
  return { down: draw(0, 2 * padding + 1), across: draw(1, 2 * padding + 1), flipped: draw(2, 2) === 1 };
}

/** The window of an image [height][width][channels] padded with `fill`, mirrored left to right where it is to be. */
export function augmented(
  image: ArrayLike<number>,
  { height, width, channels }: Shape,
  padding: number,
  { down, across, flipped }: Drawn,
  fill: number,
): number[] {
  // The padded image, row by row, as lists of positions.
  const padded = Array.from({ length: height + 2 * padding }, (_, y) =>
    Array.from({ length: width + 2 * padding }, (_, x) => {
      const [row, column] = [y - padding, x - padding];
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      return Array.from({ length: channels }, (_, c) =>
        inside ? image[(row * width + column) * channels + c]! : fill,
      );
    }),
  );
  const window = padded.slice(down, down + height).map((row) => row.slice(across, across + width));
  return window.flatMap((row) => (flipped ? row.toReversed() : row)).flat();
}
