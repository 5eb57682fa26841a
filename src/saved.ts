import { type Architecture, type ArchitectureOptions, checkArchitecture, parameterShapes } from "./architecture.ts";
import { FormatError } from "./errors.ts";
import { checkKnown, nonNegativeInteger } from "./options.ts";
import type { LayerParameters } from "./results.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "./safetensors.ts";
import type { Counters } from "./training.ts";

// The file of a network: safetensors with these metadata.
//   format        "steepest 1"
//   architecture  the architecture as JSON
//   counters      {"step", "epoch"} as JSON
// and for layer l the tensors layers.l.weights [inputs, units] and layers.l.biases [units], in that order.

const FORMAT = "steepest 1";
const DTYPES = { f32: "F32", f64: "F64" } as const;

export function writeSaved(architecture: Architecture, counters: Counters, layers: LayerParameters[]): Uint8Array {
  const dtype = DTYPES[architecture.precision];
  const tensors = new Map<string, Tensor>();
  for (const [l, { weights, biases, shape }] of layers.entries()) {
    tensors.set(`layers.${l}.weights`, { dtype, shape, data: littleEndian(weights) });
    tensors.set(`layers.${l}.biases`, { dtype, shape: [shape[1]], data: littleEndian(biases) });
  }
  const { step, epoch } = counters;
  return serializeSafetensors(
    tensors,
    new Map([
      ["format", FORMAT],
      ["architecture", JSON.stringify(architecture)],
      ["counters", JSON.stringify({ step, epoch })],
    ]),
  );
}

/** @throws FormatError where the bytes are not what `writeSaved` writes */
export function readSaved(bytes: Uint8Array): {
  architecture: Architecture;
  counters: Counters;
  parameters: (Float32Array | Float64Array)[][];
} {
  const { metadata, tensors } = parseSafetensors(bytes);
  if (metadata.get("format") !== FORMAT) {
    const found = metadata.get("format");
    throw new FormatError(
      `Cannot load: the file's format is ${found === undefined ? "not named" : JSON.stringify(found)}, expected "${FORMAT}"`,
    );
  }
  const architecture = fromJSON(metadata, "architecture", (value) => {
    checkKnown("Cannot load: architecture", value, ["inputs", "layers", "loss", "precision", "seed"]);
    return checkArchitecture("Cannot load: architecture", value as ArchitectureOptions);
  });
  const counters = fromJSON(metadata, "counters", (value) => {
    checkKnown("Cannot load: counters", value, ["step", "epoch"]);
    const { step, epoch } = value as Counters;
    const where = "Cannot load: counters";
    return { step: nonNegativeInteger(where, "step", step), epoch: nonNegativeInteger(where, "epoch", epoch) };
  });
  const dtype = DTYPES[architecture.precision];
  let expected = 0;
  const parameters = parameterShapes(architecture).map((shapes, l) =>
    shapes.map(({ name, rows, columns }) => {
      const key = `layers.${l}.${name}`;
      const tensor = tensors.get(key);
      const shape = name === "weights" ? [rows, columns] : [columns];
      if (!tensor || tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) {
        const got = tensor ? `${tensor.dtype} [${tensor.shape}]` : "absent";
        throw new FormatError(`Cannot load: tensor ${key} is ${got}, expected ${dtype} [${shape}]`);
      }
      expected += 1;
      return numbersOf(key, tensor.data, architecture.precision);
    }),
  );
  if (tensors.size !== expected) {
    throw new FormatError(`Cannot load: the file has ${tensors.size} tensors, expected ${expected}`);
  }
  return { architecture, counters, parameters };
}

function fromJSON<T>(metadata: ReadonlyMap<string, string>, key: string, check: (value: unknown) => T): T {
  try {
    return check(JSON.parse(metadata.get(key) ?? ""));
  } catch (error) {
    throw new FormatError(`Cannot load: metadata ${key}: ${(error as Error).message}`, { cause: error });
  }
}

/** The bytes of the numbers; every engine's typed arrays are little-endian where WebAssembly runs. */
function littleEndian({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function numbersOf(key: string, data: Uint8Array, precision: Architecture["precision"]): Float32Array | Float64Array {
  const { buffer } = data.slice();
  const numbers = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
  const i = numbers.findIndex((value) => !Number.isFinite(value));
  if (i >= 0)
    throw new FormatError(`Cannot load: tensor ${key} holds ${numbers[i]} at element ${i}, expected finite numbers`);
  return numbers;
}
