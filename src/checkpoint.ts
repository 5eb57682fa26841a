import { FormatError } from "./errors.ts";
import type { Settings } from "./fit.ts";
import { hash } from "./hash.ts";
import { describe } from "./options.ts";
import type { Tensor } from "./safetensors.ts";
import type { Standing, States } from "./training.ts";
import type { Samples } from "./validation.ts";

// A checkpoint: the file of a network (`saved.ts`) with these metadata more.
//   training  what a training stands at, with which options and data, as JSON; absent where none has begun
//   checksum  of the metadata and tensors before it
// and the bytes of memory as tensors of U8: checkpoint.state (network, slots, clock), checkpoint.whole (the same at the end of the last
// whole epoch, in the middle of one), checkpoint.best (the same after the best epoch, where it is kept).

/** What a checkpoint has besides the network. */
export interface Checkpoint {
  /** Absent where no training has begun. */
  readonly training?:
    | { readonly standing: Standing; readonly options: Fingerprint; readonly data: Fingerprint }
    | undefined;
  readonly states: States;
}

/** What a training may not be changed in, by name. */
export type Fingerprint = Readonly<Record<string, unknown>>;

/** The options that decide what is computed, as JSON holds them. */
export function optionsPrint(settings: Settings): Fingerprint {
  const { optimizer, validationSplit, batchSize, stepSize, sampling, stepsPerEpoch } = settings;
  const { augment, metrics, earlyStopping } = settings;
  // What others follow from comes first: it is what a difference is told of.
  const batches = { validationSplit, batchSize, stepSize, sampling, stepsPerEpoch };
  const known = { optimizer, ...batches, augment, metrics, earlyStopping };
  return parse(stringify(known)!) as Fingerprint;
}

/** The data that decide what is computed. */
export function dataPrint(training: Samples, validation: Samples | undefined): Fingerprint {
  return {
    rows: training.x.rows,
    samples: samplesPrint(training),
    ...(training.weights ? { weights: hash(training.weights) } : {}),
    ...(validation ? { validation: samplesPrint(validation) } : {}),
  };
}

/** Of rows and targets. */
export const samplesPrint = ({ x, y }: Samples) => hash(x.data, y.data, y.kind);

/** Throws where a training would go on with other options. @throws RangeError */
export function checkPrint(where: string, given: Fingerprint, expected: Fingerprint): void {
  const other = difference(given, expected);
  if (!other) return;
  const text = (value: string) => (value.length > 60 ? `${value.slice(0, 60)}…` : value);
  throw new RangeError(
    `${where}: option ${other.name} is ${text(other.now)}, and the checkpoint that the network was resumed from has ` +
      `${text(other.then)}; expected the same`,
  );
}

/** Throws where a training would go on with other data. @throws RangeError */
export function checkDataPrint(where: string, given: Fingerprint, expected: Fingerprint): void {
  const other = difference(given, expected);
  if (!other) return;
  const counts = ["rows", "taken"].includes(other.name) ? ` (${other.now} rows, then ${other.then})` : "";
  const words: Record<string, string> = { weights: "the weights of rows", validation: "the validation data" };
  throw new RangeError(
    `${where}: ${words[other.name] ?? "x or y"} are not those${counts} of the checkpoint that the network was resumed from; expected the same`,
  );
}

/** The first name with another value, as JSON. */
function difference(
  given: Fingerprint,
  expected: Fingerprint,
): { name: string; now: string; then: string } | undefined {
  for (const name of new Set([...Object.keys(given), ...Object.keys(expected)])) {
    const [now, then] = [given[name], expected[name]].map((value) => stringify(value) ?? "absent") as [string, string];
    if (now !== then) return { name, now, then };
  }
  return undefined;
}

/** The tensors and metadata of a checkpoint, the checksum last. `metadata` and `tensors` are those of the network's file. */
export function addCheckpoint(
  { training, states }: Checkpoint,
  metadata: Map<string, string>,
  tensors: Map<string, Tensor>,
): void {
  if (training) metadata.set("training", stringify(training)!);
  for (const [name, data] of Object.entries(states)) {
    if (data) tensors.set(`checkpoint.${name}`, { dtype: "U8", shape: [data.length], data });
  }
  metadata.set("checksum", checksum(metadata, tensors));
}

/** The checkpoint in a file. @throws FormatError where there is none, or it was altered */
export function readCheckpoint(
  metadata: ReadonlyMap<string, string>,
  tensors: ReadonlyMap<string, Tensor>,
): Checkpoint {
  const found = metadata.get("checksum");
  if (found === undefined) {
    throw new FormatError(
      "Cannot resume: the file has no checkpoint, expected one that checkpoint() wrote; use Network.load",
    );
  }
  const expected = checksum(metadata, tensors);
  if (found !== expected) {
    throw new FormatError(`Cannot resume: the checksum is ${describe(found)}, the contents have ${describe(expected)}`);
  }
  const part = (name: string) => tensors.get(`checkpoint.${name}`)?.data;
  const training = metadata.get("training");
  return {
    training: training === undefined ? undefined : (parse(training) as NonNullable<Checkpoint["training"]>),
    states: { state: part("state")!, whole: part("whole"), best: part("best") },
  };
}

function checksum(metadata: ReadonlyMap<string, string>, tensors: ReadonlyMap<string, Tensor>): string {
  const texts = [...metadata].filter(([key]) => key !== "checksum").flat();
  const data = [...tensors].flatMap(([name, tensor]) => [name, tensor.data]);
  return hash(...texts.sort(), ...data);
}

/** JSON that keeps NaN, the infinities and −0, as the words that they print as, and says where a function stood. */
const stringify = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, item) => {
    if (typeof item === "function") return "function";
    if (Object.is(item, -0)) return "-0";
    return typeof item === "number" && !Number.isFinite(item) ? String(item) : item;
  });

const parse = (text: string): unknown =>
  JSON.parse(text, (_, item) => (typeof item === "string" && /^(NaN|-?Infinity|-0)$/.test(item) ? Number(item) : item));
