/** What one sample holds at some place in a network: [units], or [height, width, channels] of an image. */
export type Shape = readonly number[];

/** Numbers of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Whether it is [height, width, channels]. */
export const isImage = (shape: Shape): shape is readonly [height: number, width: number, channels: number] =>
  shape.length === 3;

/** As messages have it. */
export const printed = (shape: Shape): string => `[${shape.join(", ")}]`;
