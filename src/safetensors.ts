import { FormatError } from "./errors.ts";
import { unexpected } from "./options.ts";

// A file is: the header's length N (u64, little-endian) | the header (N bytes of UTF-8 JSON) | the data.
// The header is an object from tensor names to { dtype, shape, data_offsets: [begin, end] }, the offsets counting from
// the first byte of the data, and from "__metadata__" to an object of strings.
// Source: the format's README, github.com/huggingface/safetensors.

/** A tensor as the file holds it, row-major and little-endian; `data` has as many bytes as dtype and shape say. */
export interface Tensor {
  dtype: string;
  shape: number[];
  data: Uint8Array;
}

/** The most bytes that a header may have; the limit of the format's reference reader. */
const MAX_HEADER = 100_000_000;

/** Bytes per element. A Map, so that "constructor" is no dtype. */
const BYTES = new Map(
  ["BOOL U8 I8 F8_E5M2 F8_E4M3", "U16 I16 F16 BF16", "U32 I32 F32", "U64 I64 F64"].flatMap((dtypes, i) =>
    dtypes.split(" ").map((dtype) => [dtype, 2 ** i] as const),
  ),
);

function refuse(reason: string): never {
  throw new FormatError(`Cannot read safetensors: ${reason}`);
}

interface Entry {
  dtype?: string;
  shape?: number[];
  data_offsets?: number[];
}

/**
 * Parses the part of JSON that a header can hold. Unlike JSON.parse it refuses duplicate keys, integers written as 1e0
 * or beyond 2^53 − 1, and whatever has no place in a header; so depth is bounded too.
 */
function parseHeader(text: string): { metadata: Map<string, string>; entries: Map<string, Entry> } {
  let at = 0;

  function fail(expected: string): never {
    const got = at < text.length ? JSON.stringify(text[at]) : "the end";
    return refuse(`header has ${got} at character ${at}, expected ${expected}`);
  }
  function skipSpace(): void {
    while (at < text.length && " \t\n\r".includes(text[at]!)) at++;
  }
  function skip(character: string): boolean {
    skipSpace();
    const found = text[at] === character;
    if (found) at++;
    return found;
  }
  function list(open: string, close: string, item: () => void): void {
    if (!skip(open)) fail(`"${open}"`);
    if (skip(close)) return;
    do item();
    while (skip(","));
    if (!skip(close)) fail(`"," or "${close}"`);
  }
  function string(): string {
    if (!skip('"')) fail("a string");
    const start = at - 1;
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at++;
    let value: string | undefined;
    try {
      value = JSON.parse(text.slice(start, at));
    } catch {}
    // Half of a surrogate pair is no character: it has no UTF-8 form.
    if (value === undefined || /\p{Surrogate}/u.test(value)) {
      at = start;
      fail("a JSON string");
    }
    return value;
  }
  function integers(): number[] {
    const values: number[] = [];
    list("[", "]", () => {
      skipSpace();
      const integer = /(?:0|[1-9]\d{0,15})(?![\d.eE])/y;
      integer.lastIndex = at;
      const value = Number(integer.exec(text)?.[0] ?? Number.NaN);
      if (!Number.isSafeInteger(value)) fail("an integer from 0 to 2^53 - 1 in plain digits");
      at = integer.lastIndex;
      values.push(value);
    });
    return values;
  }
  function object(member: (key: string) => void): void {
    const seen = new Set<string>();
    list("{", "}", () => {
      const key = string();
      if (seen.has(key)) refuse(`header has the key ${JSON.stringify(key)} twice`);
      seen.add(key);
      if (!skip(":")) fail('":"');
      member(key);
    });
  }

  const metadata = new Map<string, string>();
  const entries = new Map<string, Entry>();
  object((name) => {
    if (name === "__metadata__") return object((key) => metadata.set(key, string()));
    const entry: Entry = {};
    object((key) => {
      if (key === "dtype") entry.dtype = string();
      else if (key === "shape") entry.shape = integers();
      else if (key === "data_offsets") entry.data_offsets = integers();
      else
        refuse(
          `tensor ${JSON.stringify(name)} has the key ${JSON.stringify(key)}, expected dtype, shape, data_offsets`,
        );
    });
    entries.set(name, entry);
  });
  skipSpace();
  if (at < text.length) fail("the end");
  return { metadata, entries };
}

/**
 * Reads a safetensors file; both maps have the order of its header. Each `data` is a view of `bytes`, not a copy, and
 * may be unaligned to its element: copy it before viewing it as anything but bytes. Values are not checked. White space
 * before the header's "{" is accepted, as the reference reader does; dtypes narrower than a byte are not.
 * @throws TypeError unless `bytes` is a Uint8Array; FormatError for anything that breaks the format: lengths, UTF-8,
 * JSON, duplicate keys, unknown dtypes, sizes that do not agree, and data that is not covered exactly once.
 */
export function parseSafetensors(bytes: Uint8Array): { metadata: Map<string, string>; tensors: Map<string, Tensor> } {
  if (!ArrayBuffer.isView(bytes) || bytes[Symbol.toStringTag] !== "Uint8Array") {
    throw unexpected("Cannot read safetensors: file", bytes, "a Uint8Array");
  }
  if (bytes.length < 8) refuse(`file has ${bytes.length} bytes, expected at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (headerLength > MAX_HEADER) refuse(`header has ${headerLength} bytes, expected at most ${MAX_HEADER}`);
  const start = 8 + headerLength;
  if (start > bytes.length) refuse(`header ends at byte ${start}, the file at byte ${bytes.length}`);

  const part = (begin: number, end: number) => new Uint8Array(bytes.buffer, bytes.byteOffset + begin, end - begin);
  let text = "";
  try {
    // Without ignoreBOM a byte-order mark would vanish. The copy is for browsers, which do not decode shared memory.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part(8, start).slice());
  } catch {
    refuse("header is not UTF-8");
  }

  const { metadata, entries } = parseHeader(text);
  const tensors = new Map<string, Tensor>();
  const ranges: { tensor: string; begin: number; end: number }[] = [];
  for (const [name, { dtype, shape, data_offsets }] of entries) {
    const tensor = `tensor ${JSON.stringify(name)}`;
    if (dtype === undefined || !shape || data_offsets?.length !== 2) {
      refuse(`${tensor} is incomplete, expected dtype, shape and two data_offsets`);
    }
    let size = BYTES.get(dtype) ?? refuse(`${tensor} has the unknown dtype ${JSON.stringify(dtype)}`);
    for (const dimension of shape) {
      size *= dimension;
      if (!Number.isSafeInteger(size)) refuse(`${tensor} has a shape of more than 2^53 - 1 bytes`);
    }
    const [begin, end] = data_offsets as [number, number];
    if (end - begin !== size) refuse(`${tensor} has ${end - begin} bytes, expected ${size} from its shape and dtype`);
    if (start + end > bytes.length) refuse(`${tensor} ends at byte ${start + end}, the file at byte ${bytes.length}`);
    ranges.push({ tensor, begin, end });
    tensors.set(name, { dtype, shape, data: part(start + begin, start + end) });
  }

  let covered = 0;
  for (const { tensor, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) refuse(`${tensor} overlaps another tensor`);
    if (begin > covered) refuse(`data has a hole of ${begin - covered} bytes before ${tensor}`);
    covered = end;
  }
  if (start + covered < bytes.length) refuse(`${bytes.length - start - covered} bytes follow the last tensor`);
  return { metadata, tensors };
}

/**
 * Writes a safetensors file: the header lists metadata first, then the tensors in the order given, padded with spaces
 * to a multiple of 8 bytes; the data of wider elements comes first, so that each tensor is aligned to its element. The
 * same input gives the same bytes.
 * @throws FormatError for what `parseSafetensors` would refuse, such as data that does not fit its shape.
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const width = ({ dtype }: Tensor) => BYTES.get(dtype) ?? 0;
  const offsets = new Map<string, number>();
  let size = 0;
  for (const [name, tensor] of [...tensors].sort(([, a], [, b]) => width(b) - width(a))) {
    offsets.set(name, size);
    size += tensor.data.length;
  }

  // Text, not an object: objects reorder names such as "1".
  const members = [...tensors].map(([name, { dtype, shape, data }]) => {
    const begin = offsets.get(name)!;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, begin + data.length] })}`;
  });
  if (metadata.size > 0) {
    const strings = [...metadata].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    members.unshift(`"__metadata__":{${strings}}`);
  }
  const header = new TextEncoder().encode(`{${members}}`);

  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + size);
  new DataView(bytes.buffer).setUint32(0, start - 8, true);
  bytes.fill(0x20, 8, start);
  bytes.set(header, 8);
  for (const [name, { data }] of tensors) bytes.set(data, start + offsets.get(name)!);
  parseSafetensors(bytes);
  return bytes;
}
