import { type Architecture, type ArchitectureOptions, checkArchitecture, namedShapes } from "./architecture.ts";
import { addCheckpoint, type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { FormatError } from "./errors.ts";
import { checkKnown, nonNegativeInteger } from "./options.ts";
import { checkPreparation, type Preparation } from "./preparation.ts";
import type { LayerParameters } from "./results.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "./safetensors.ts";
import type { Counters } from "./training.ts";

// The file of a network: safetensors with these metadata.
//   format        "steepest 1"
//   architecture  the architecture as JSON
//   counters      {"step", "epoch"} as JSON
//   preparation   what is done to x and y before, as JSON; absent where nothing is
// and for layer l the tensors that it has, layers.l.weights [inputs, units], layers.l.biases [units] …, in the order of its kind.

const FORMAT = "steepest 1";
const DTYPES = { f32: "F32", f64: "F64" } as const;

/** The file of a network, with a checkpoint where there is one. */
export function writeSaved(
  architecture: Architecture,
  counters: Counters,
  layers: LayerParameters[],
  preparation: Preparation,
  checkpoint?: Checkpoint,
): Uint8Array {
  const dtype = DTYPES[architecture.precision];
  const tensors = new Map<string, Tensor>();
  for (const [l, shapes] of namedShapes(architecture).entries()) {
    for (const { name, shape } of shapes) {
      tensors.set(`layers.${l}.${name}`, { dtype, shape: [...shape], data: littleEndian(layers[l]![name]!) });
    }
  }
  const { step, epoch } = counters;
  const metadata = new Map([
    ["format", FORMAT],
    ["architecture", JSON.stringify(architecture)],
    ["counters", JSON.stringify({ step, epoch })],
  ]);
  if (Object.keys(preparation).length > 0) metadata.set("preparation", JSON.stringify(preparation));
  if (checkpoint) addCheckpoint(checkpoint, metadata, tensors);
  return serializeSafetensors(tensors, metadata);
}

/** @throws FormatError where the bytes are not what `writeSaved` writes; with `resume` where they have no checkpoint */
export function readSaved(
  bytes: Uint8Array,
  resume = false,
): {
  architecture: Architecture;
  counters: Counters;
  parameters: (Float32Array | Float64Array)[][];
  preparation: Preparation;
  checkpoint: Checkpoint | undefined;
} {
  const { metadata, tensors } = parseSafetensors(bytes);
  if (metadata.get("format") !== FORMAT) {
    const found = metadata.get("format");
    throw new FormatError(
      `Cannot load: the file's format is ${found === undefined ? "not named" : JSON.stringify(found)}, expected "${FORMAT}"`,
    );
  }
  const checkpoint = resume ? readCheckpoint(metadata, tensors) : undefined;
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
  const check = (value: unknown) => checkPreparation("Cannot load: preparation", value, architecture);
  const preparation = metadata.has("preparation") ? fromJSON(metadata, "preparation", check) : {};
  const dtype = DTYPES[architecture.precision];
  let expected = 0;
  const parameters = namedShapes(architecture).map((shapes, l) =>
    shapes.map(({ name, shape }) => {
      const key = `layers.${l}.${name}`;
      const tensor = tensors.get(key);
      if (!tensor || tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) {
        const got = tensor ? `${tensor.dtype} [${tensor.shape}]` : "absent";
        throw new FormatError(`Cannot load: tensor ${key} is ${got}, expected ${dtype} [${shape}]`);
      }
      expected += 1;
      return numbersOf(key, tensor.data, architecture.precision, name === "variance");
    }),
  );
  const size = [...tensors.keys()].filter((key) => !key.startsWith("checkpoint.")).length;
  if (size !== expected) {
    throw new FormatError(`Cannot load: the file has ${size} tensors, expected ${expected}`);
  }
  return { architecture, counters, parameters, preparation, checkpoint };
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

function numbersOf(
  key: string,
  data: Uint8Array,
  precision: Architecture["precision"],
  nonNegative: boolean,
): Float32Array | Float64Array {
  const { buffer } = data.slice();
  const numbers = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
  const i = numbers.findIndex((value) => !Number.isFinite(value) || (nonNegative && value < 0));
  if (i >= 0) {
    const expected = nonNegative ? "finite numbers from 0" : "finite numbers";
    throw new FormatError(`Cannot load: tensor ${key} holds ${numbers[i]} at element ${i}, expected ${expected}`);
  }
  return numbers;
}
