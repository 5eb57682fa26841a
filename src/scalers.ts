import { firstNonFinite, floats, type NumbersOf, type Precision, type Rows } from "./data.ts";
import { checkKnown, finiteNumber, numbers, oneOf, positiveNumber } from "./options.ts";
import { columnOf, deviation, mean, median, quantile, range } from "./statistics.ts";

/**
 * How columns are scaled. "standard": (v − mean)/deviation, that of the population. "minMax": (v − min)/(max − min), 0 to 1 for the
 * rows that it was fitted to. "robust": (v − median)/(third − first quartile), which outliers hardly move.
 * A column whose divisor is 0 is divided by 1. scikit-learn, whose scalers these are, does so too for divisors that are only small.
 */
export type ScalerKind = "standard" | "minMax" | "robust";

/** A fitted scaler, plain data that JSON gives back as it was: v becomes (v − offset)/scale, both of its column. */
export interface Scaler {
  readonly kind: ScalerKind;
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

const KINDS: Record<ScalerKind, (column: Float64Array) => { offset: number; scale: number }> = {
  standard(column) {
    const offset = mean(column);
    return { offset, scale: deviation(column, offset) };
  },
  minMax(column) {
    const [least, greatest] = range(column);
    return { offset: least, scale: greatest - least };
  },
  robust(column) {
    const sorted = column.sort();
    return { offset: median(sorted), scale: quantile(sorted, 0.75) - quantile(sorted, 0.25) };
  },
};

/** @throws TypeError, RangeError */
export const scalerKind = (where: string, name: string, value: unknown): ScalerKind =>
  oneOf(where, name, value, Object.keys(KINDS) as ScalerKind[]);

/**
 * Fits a scaler to a matrix [rows × width] of finite numbers.
 * @param what names the matrix in messages: "fit: x"
 * @param rows the numbers of the rows to fit to, at least one; default all
 * @throws RangeError where a sum or difference overflows
 */
export function fitScaler(
  what: string,
  kind: ScalerKind,
  data: Rows["data"],
  width: number,
  rows?: ArrayLike<number>,
): Scaler {
  const columns = Array.from({ length: width }, (_, j) => {
    const { offset, scale } = KINDS[kind](columnOf(data, width, j, rows));
    if (Number.isFinite(offset) && Number.isFinite(scale)) return { offset: offset + 0, scale: scale || 1 };
    throw new RangeError(
      `${what} column ${j} is too large for the "${kind}" scaler: offset ${offset}, scale ${scale}, expected finite numbers`,
    );
  });
  return Object.freeze({
    kind,
    // −0 + 0 is 0: JSON has no −0.
    offset: Object.freeze(columns.map(({ offset }) => offset)),
    scale: Object.freeze(columns.map(({ scale }) => scale)),
  });
}

/** A scaler of `width` columns from what JSON gave back. @throws TypeError, RangeError for what `fitScaler` does not return */
export function checkScaler(where: string, value: unknown, width: number): Scaler {
  checkKnown(where, value, ["kind", "offset", "scale"]);
  const { kind, offset, scale } = value as Scaler;
  return Object.freeze({
    kind: scalerKind(where, "kind", kind),
    offset: numbers(where, "offset", offset, width, finiteNumber),
    scale: numbers(where, "scale", scale, width, positiveNumber),
  });
}

/**
 * (v − offset)/scale of a row-major matrix of finite numbers, computed in f64 and then rounded to the precision.
 * @throws RangeError where that is beyond the precision's range
 */
export function applyScaler<P extends Precision>(
  what: string,
  scaler: Scaler,
  data: Rows["data"],
  precision: P,
): NumbersOf<P> {
  const [offset, scale] = [Float64Array.from(scaler.offset), Float64Array.from(scaler.scale)];
  const width = offset.length;
  const scaled = new (floats(precision))(data.length);
  for (let start = 0; start < data.length; start += width) {
    for (let j = 0; j < width; j++) scaled[start + j] = (data[start + j]! - offset[j]!) / scale[j]!;
  }
  const i = firstNonFinite(scaled);
  if (i < scaled.length) throw beyond(what, data, width, i, scaled[i]!, precision);
  return scaled as NumbersOf<P>;
}

/**
 * v·scale + offset of predictions [rows × width], in their precision: what `applyScaler` took away. Predictions that are not finite stay so.
 * @throws RangeError where a finite one is taken beyond the precision's range
 */
export function invertScaler<D extends Float32Array | Float64Array>(
  what: string,
  { offset, scale }: Scaler,
  predictions: D,
): D {
  const width = offset.length;
  const inverted = predictions.slice() as D;
  for (let start = 0; start < inverted.length; start += width) {
    for (let j = 0; j < width; j++) {
      const i = start + j;
      inverted[i] = predictions[i]! * scale[j]! + offset[j]!;
      if (!Number.isFinite(inverted[i]) && Number.isFinite(predictions[i])) {
        const precision = predictions.BYTES_PER_ELEMENT === 8 ? "f64" : "f32";
        throw beyond(what, predictions, width, i, inverted[i]!, precision);
      }
    }
  }
  return inverted;
}

function beyond(what: string, data: Rows["data"], width: number, i: number, to: number, precision: Precision): Error {
  const place = `row ${Math.floor(i / width)}, column ${i % width}`;
  return new RangeError(
    `${what} ${place} is ${data[i]}, which the scaler takes to ${to}, expected a number in the range of ${precision}`,
  );
}
