import { FormatError } from "./errors.ts";
import type { ParameterShape } from "./layers/layer.ts";
import { checkKnown, describe, isPlainObject, oneOf, unexpected } from "./options.ts";
import type { GivenParameters } from "./results.ts";
import { parseSafetensors, type Tensor } from "./safetensors.ts";
import type { Shape } from "./shape.ts";

// Parameters from a safetensors file that another library wrote.

/** How the tensors of another library's file become parameters. */
export interface ForeignOptions {
  /**
   * By each tensor's name in the file what it is here: "layers.0.weights", "layers.0.biases" and, for `batchNorm`, "layers.0.mean" and
   * "layers.0.variance"; null for a tensor that has no place here, such as PyTorch's num_batches_tracked.
   */
  readonly names: { readonly [tensor: string]: string | null };
  /**
   * Which weights are [units, inputs], and [filters, channels, height, width] for those of a convolution, [channels, 1, height, width] of
   * a depthwise one, in the file, as PyTorch's: all, or those of these names there. Default none. What is behind a flattening is then
   * taken to count the channels of the images first, as PyTorch's flattening does.
   */
  readonly transpose?: boolean | readonly string[] | undefined;
}

/** What each dtype's numbers become. */
const READ: { readonly [dtype: string]: (buffer: ArrayBuffer) => Float32Array | Float64Array } = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => new Float64Array(buffer),
  F16: (buffer) => Float32Array.from(new Uint16Array(buffer), half),
  // The upper half of an f32.
  BF16: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer),
};

/** IEEE 754's binary16: sign 1, exponent 5, fraction 10 bits. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
}

/**
 * The sizes of weights that can be transposed: [inputs, units]; of a convolution [height, width, channels, filters], where a depthwise one,
 * whose shape is [height, width, channels], has filters of one channel each.
 */
const sizesOf = (shape: Shape): Shape => (shape.length === 3 ? shape.toSpliced(2, 0, 1) : shape);

/** What they are when transposed: [units, inputs], or [filters, channels, height, width]. */
function foreignShape(shape: Shape): Shape {
  const [columns, inputs, ...window] = sizesOf(shape).toReversed();
  return [columns!, inputs!, ...window.reverse()];
}

/** Numbers of such a shape in the order that they have here. */
function turnedAround<N extends Float32Array | Float64Array>(numbers: N, shape: Shape): N {
  const [columns, inputs] = sizesOf(shape).toReversed() as [number, number];
  const places = numbers.length / (columns * inputs);
  return numbers.map((_, i) => {
    const row = Math.floor(i / columns);
    return numbers[((i % columns) * inputs + (row % inputs)) * places + Math.floor(row / inputs)]!;
  }) as N;
}

/** Rows that count the channels of an image first, in the order in which they are flattened here. */
function channelsLast<N extends Float32Array | Float64Array>(numbers: N, image: Shape, shape: Shape): N {
  const channels = image.at(-1)!;
  const columns = shape.length > 1 ? shape.at(-1)! : 1;
  const positions = numbers.length / columns / channels;
  return numbers.map((_, i) => {
    const row = Math.floor(i / columns);
    return numbers[((row % channels) * positions + Math.floor(row / channels)) * columns + (i % columns)]!;
  }) as N;
}

/**
 * The parameters of layers of these shapes, whose inputs may be flattened images, that a file holds.
 * @throws FormatError for a tensor that is missing, not named, or of another shape or dtype; TypeError, RangeError for wrong options
 */
export function readForeign(
  where: string,
  bytes: Uint8Array,
  options: ForeignOptions,
  shapes: readonly (readonly ParameterShape[])[],
  images: readonly (Shape | undefined)[],
): GivenParameters[] {
  checkKnown(where, options, ["names", "transpose"]);
  const { names, transpose = false } = options;
  if (!isPlainObject(names))
    throw unexpected(`${where}: names`, names, "an object from names in the file to names here");
  if (typeof transpose !== "boolean" && !Array.isArray(transpose)) {
    throw unexpected(`${where}: transpose`, transpose, "true, false or an array of names");
  }
  const turned: readonly unknown[] = transpose === true ? Object.keys(names) : transpose || [];
  for (const name of turned) oneOf(where, "transpose", name, Object.keys(names));
  const { tensors } = parseSafetensors(bytes);
  const refuse = (name: string, tensor: Tensor | undefined, expected: string): never => {
    const got = tensor ? `${tensor.dtype} [${tensor.shape}]` : "absent";
    throw new FormatError(`${where}: tensor ${describe(name)} is ${got}, expected ${expected}`);
  };
  for (const [name, tensor] of tensors) {
    if (!Object.hasOwn(names, name)) refuse(name, tensor, "none, or null for it in names");
  }
  const sources = new Map<string | null, string>();
  const known = shapes.flatMap((list, l) => list.map(({ name }) => `layers.${l}.${name}`));
  for (const [name, key] of Object.entries(names)) {
    if (key !== null && !known.includes(key)) {
      const expected = 'a parameter here, such as "layers.0.weights", or null';
      throw unexpected(`${where}: names ${describe(name)}`, key, expected, "string");
    }
    const other = key === null ? undefined : sources.get(key);
    if (other !== undefined) {
      throw new RangeError(`${where}: names has ${key} for ${describe(other)} and ${describe(name)}, expected it once`);
    }
    sources.set(key, name);
  }
  sources.delete(null);
  const layers = shapes.map((list, l) => {
    const layer: Record<string, Float32Array | Float64Array> = {};
    for (const { name, shape: own } of list) {
      const key = `layers.${l}.${name}`;
      const source = sources.get(key);
      if (source === undefined) {
        if (name === "mean" || name === "variance") continue;
        throw new RangeError(`${where}: names has no tensor for ${key}, expected one`);
      }
      const turn = own.length > 1 && turned.includes(source);
      const shape = turn ? foreignShape(own) : own;
      const tensor = tensors.get(source);
      if (!tensor || !Object.hasOwn(READ, tensor.dtype) || String(tensor.shape) !== String(shape)) {
        return refuse(
          source,
          tensor,
          `${Object.keys(READ).join(", ")} [${shape}] for ${key}${turn ? " transposed" : ""}`,
        );
      }
      const numbers = READ[tensor.dtype]!(tensor.data.slice().buffer as ArrayBuffer);
      const around = turn ? turnedAround(numbers, own) : numbers;
      // Biases of a dense layer have nothing to do with its inputs, vectors of a normalisation have.
      const byInputs = turned.includes(source) && (own.length > 1 || list[0]!.shape.length === 1);
      layer[name] = images[l] && byInputs ? channelsLast(around, images[l], own) : around;
    }
    return layer;
  });
  return layers;
}
