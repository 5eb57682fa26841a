import { type Architecture, flattenedImages, namedShapes } from "./architecture.ts";
import { type Rows, toRows } from "./data.ts";
import { type ForeignOptions, readForeign } from "./foreign.ts";
import type { ParameterShape } from "./layers/layer.ts";
import { checkKnown, unexpected } from "./options.ts";
import type { GivenParameters } from "./results.ts";
import { type Shape, sizeOf } from "./shape.ts";

// Parameters that a caller brings, for all layers.

/** The shape of a layer's weights; [] of one without parameters. */
export const shapeOf = ([first]: readonly ParameterShape[]): Shape => first?.shape ?? [];

/**
 * The numbers of each layer in the order of its shapes, from entries or another library's file; undefined for statistics that are left out.
 * @throws TypeError, RangeError, FormatError
 */
export function givenNumbers(
  where: string,
  given: readonly GivenParameters[] | Uint8Array | ArrayBuffer,
  options: ForeignOptions | undefined,
  architecture: Architecture,
): (Rows["data"] | undefined)[][] {
  const shapes = namedShapes(architecture);
  const file = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
  const layers = ArrayBuffer.isView(file)
    ? readForeign(where, file, options!, shapes, flattenedImages(architecture))
    : file;
  if (!Array.isArray(layers)) throw unexpected(`${where}: layers`, layers, "an array of one entry for each layer");
  if (layers.length !== shapes.length) {
    throw new RangeError(`${where}: layers has ${layers.length} entries, expected ${shapes.length}`);
  }
  return Array.from(layers, (layer, l) => {
    const names = shapes[l]!.map(({ name }) => name);
    checkKnown(`${where}: layer ${l}`, layer, [...new Set([...names, "weights", "biases", "shape"])]);
    for (const name of ["weights", "biases"] as const) {
      const list = layer[name] as ArrayLike<unknown> | undefined;
      if (!names.includes(name) && list?.length) {
        throw new RangeError(`${where}: layer ${l} has no ${name}, and ${list.length} are given`);
      }
    }
    const shape = shapeOf(shapes[l]!);
    if (layer.shape && String(layer.shape) !== String(shape)) {
      throw new RangeError(`${where}: layer ${l} shape is [${layer.shape}], expected [${shape}]`);
    }
    return shapes[l]!.map((one) => {
      const { name } = one;
      if (layer[name] === undefined && (name === "mean" || name === "variance")) return undefined;
      return numbersOf(where, `layer ${l} ${name}`, layer[name], one, architecture);
    });
  });
}

function numbersOf(
  where: string,
  what: string,
  given: unknown,
  { name, shape, columns }: ParameterShape,
  { precision }: Architecture,
): Rows["data"] {
  const rows = sizeOf(shape) / columns;
  const values = toRows(where, given, columns, precision, what);
  if (values.rows !== rows) {
    throw new RangeError(`${where}: ${what} has ${values.rows} rows of ${columns}, expected ${rows}`);
  }
  const negative = name === "variance" ? values.data.findIndex((value) => value < 0) : -1;
  if (negative < 0) return values.data;
  throw new RangeError(`${where}: ${what} holds ${values.data[negative]} at ${negative}, expected numbers from 0`);
}
