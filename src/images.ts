import { firstNonFinite, floats, type NumbersOf, type Precision, type Rows } from "./data.ts";
import { boolean, checkKnown, finiteNumber, numbers, positiveNumber, unexpected } from "./options.ts";
import { mean } from "./statistics.ts";

// Normalisation of images as in MatConvNet's examples/cifar/cnn_cifar.m, after Coates, Ng & Lee (An analysis of single-layer networks in
// unsupervised feature learning, 2011). Departures: the mean of the deviations is taken over the training rows (there over the test rows
// too), and everything is computed in f64 and then rounded to the network's precision (there in single).

/** How images are normalised; each row of x is one, whatever its shape. */
export interface ImageOptions {
  /**
   * Takes each image's own mean off and multiplies it by d / max(n, floor): n is the deviation of its numbers (that of a sample: divided by
   * their count − 1), d the mean of n over the training rows. `floor`, positive and in the units of x, keeps images that are nearly
   * flat from becoming noise; `true` means 40, MatConvNet's for pixels from 0 to 255. Default false.
   */
  readonly contrast?: boolean | { readonly floor: number } | undefined;
  /** Takes the mean image of the training rows off first. Default false. */
  readonly mean?: boolean | undefined;
}

/** What is asked for, and nothing else. */
export interface ImagesKind {
  readonly contrast?: { readonly floor: number };
  readonly mean?: true;
}

/** What is fitted, plain data that JSON gives back as it was. */
export interface Images {
  /** The mean image. */
  readonly mean?: readonly number[];
  /** d is `deviation`. */
  readonly contrast?: { readonly floor: number; readonly deviation: number };
}

/** The floor for pixels from 0 to 255, of the source. */
const FLOOR = 40;

/** Undefined where nothing is to be done. @throws TypeError, RangeError */
export function imagesKind(where: string, value: unknown): ImagesKind | undefined {
  checkKnown(`${where}: images`, value, ["contrast", "mean"]);
  const { contrast: given = false, mean = false } = value as ImageOptions;
  boolean(`${where}: images`, "mean", mean);
  const contrast = contrastKind(`${where}: images: contrast`, given);
  return contrast || mean ? { ...(contrast && { contrast }), ...(mean && { mean }) } : undefined;
}

function contrastKind(what: string, value: unknown): ImagesKind["contrast"] {
  if (typeof value === "boolean") return value ? { floor: FLOOR } : undefined;
  if (typeof value !== "object") throw unexpected(what, value, "true, false or { floor }");
  checkKnown(what, value, ["floor"]);
  return { floor: positiveNumber(what, "floor", (value as { floor: unknown }).floor) };
}

/** What was asked for when this was fitted. */
export function kindOfImages({ mean, contrast }: Images): ImagesKind {
  return { ...(contrast && { contrast: { floor: contrast.floor } }), ...(mean && { mean: true as const }) };
}

/**
 * Fits to images [rows × width] of finite numbers.
 * @param rows the numbers of the rows to fit to, at least one; default all
 * @throws RangeError where a sum overflows, and where the contrast of no image comes up to the floor
 */
export function fitImages(
  where: string,
  kind: ImagesKind,
  data: Rows["data"],
  width: number,
  rows: ArrayLike<number> = Array.from({ length: data.length / width }, (_, i) => i),
): Images {
  const image = kind.mean && meanImage(where, data, width, rows);
  const { floor } = kind.contrast ?? {};
  return Object.freeze({
    ...(image && { mean: Object.freeze(Array.from(image)) }),
    ...(floor && {
      contrast: Object.freeze({ floor, deviation: meanDeviation(where, floor, data, width, rows, image) }),
    }),
  });
}

/** The mean of each column: summed in the order of the rows. */
function meanImage(where: string, data: Rows["data"], width: number, rows: ArrayLike<number>): Float64Array {
  const image = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    for (let j = 0; j < width; j++) image[j]! += data[start + j]!;
  }
  // −0 + 0 is 0: JSON has no −0.
  for (let j = 0; j < width; j++) image[j] = image[j]! / rows.length + 0;
  const j = firstNonFinite(image);
  if (j === width) return image;
  throw new RangeError(`${where}: x column ${j} is too large: its mean is ${image[j]}, expected a finite number`);
}

function meanDeviation(
  where: string,
  floor: number,
  data: Rows["data"],
  width: number,
  rows: ArrayLike<number>,
  image: Float64Array | undefined,
): number {
  const row = new Float64Array(width);
  const all = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    less(row, data, rows[i]! * width, image);
    all[i] = deviation(row, mean(row));
  }
  const result = mean(all);
  if (!Number.isFinite(result)) {
    throw new RangeError(
      `${where}: x is too large: the mean deviation of its images is ${result}, expected a finite number`,
    );
  }
  const most = all.reduce((most, n) => Math.max(most, n));
  if (most >= floor) return result;
  throw new RangeError(
    `${where}: images: contrast: floor is ${floor}, and no image of x deviates by as much (the most is ${most}), ` +
      "expected a smaller floor, in the units of x",
  );
}

/** row ← the image at `start`, less the mean image. */
function less(row: Float64Array, data: Rows["data"], start: number, image: ArrayLike<number> | undefined): void {
  for (let j = 0; j < row.length; j++) row[j] = data[start + j]! - (image ? image[j]! : 0);
}

/** √(Σ(v − mean)²/(N − 1)), summed in the order of the numbers; 0 of a single one. */
function deviation(row: Float64Array, mean: number): number {
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += (row[j]! - mean) * (row[j]! - mean);
  return Math.sqrt(sum / Math.max(1, row.length - 1));
}

/** Normalised images, computed in f64 and then rounded to the precision. @throws RangeError where that is beyond the precision's range */
export function applyImages<P extends Precision>(
  where: string,
  images: Images,
  data: Rows["data"],
  width: number,
  precision: P,
): NumbersOf<P> {
  const { contrast } = images;
  const image = images.mean && Float64Array.from(images.mean);
  const result = new (floats(precision))(data.length);
  const row = new Float64Array(width);
  for (let start = 0; start < data.length; start += width) {
    less(row, data, start, image);
    if (contrast) normalise(row, contrast);
    result.set(row, start);
  }
  const i = firstNonFinite(result);
  if (i === result.length) return result as NumbersOf<P>;
  throw new RangeError(
    `${where}: x row ${Math.floor(i / width)}, column ${i % width} is ${data[i]}, which images takes to ${result[i]}, ` +
      `expected a number in the range of ${precision}`,
  );
}

/** z ← (z − its mean)·d/max(n, floor). */
function normalise(z: Float64Array, { floor, deviation: d }: NonNullable<Images["contrast"]>): void {
  const own = mean(z);
  const n = deviation(z, own);
  // An infinite n would make zeros of the image.
  const factor = n === Number.POSITIVE_INFINITY ? Number.NaN : d / Math.max(n, floor);
  for (let j = 0; j < z.length; j++) z[j] = (z[j]! - own) * factor;
}

/** From what JSON gave back, for images of `width` numbers. @throws TypeError, RangeError for what `fitImages` does not return */
export function checkImages(where: string, value: unknown, width: number): Images {
  checkKnown(where, value, ["mean", "contrast"]);
  const { mean, contrast } = value as Images;
  if (mean === undefined && contrast === undefined)
    throw new RangeError(`${where} is empty, expected mean or contrast`);
  if (contrast !== undefined) checkKnown(`${where}: contrast`, contrast, ["floor", "deviation"]);
  return Object.freeze({
    ...(mean !== undefined && { mean: numbers(where, "mean", mean, width, finiteNumber) }),
    ...(contrast !== undefined && {
      contrast: Object.freeze({
        floor: positiveNumber(`${where}: contrast`, "floor", contrast.floor),
        deviation: positiveNumber(`${where}: contrast`, "deviation", contrast.deviation),
      }),
    }),
  });
}
