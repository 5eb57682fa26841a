// Reads the tests of ONNX's nodes: inputs and outputs stand in onnx.json and onnx_images.json, which name their source.
import { readFileSync } from "node:fs";

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** One node: its operator, the attributes that it gives, and inputs with the outputs that belong to them. */
export interface Case {
  readonly name: string;
  readonly op: string;
  readonly attributes: { readonly [name: string]: unknown };
  readonly sets: readonly { readonly inputs: readonly Tensor[]; readonly outputs: readonly Tensor[] }[];
}

const SIZES = { f32: 4, i64: 8, bool: 1 } as const;

interface Encoded {
  readonly shape: number[];
  readonly dtype: keyof typeof SIZES;
  readonly b64: string;
}

function decode({ shape, dtype, b64 }: Encoded): Tensor {
  const bytes = Buffer.from(b64, "base64");
  const read = {
    f32: (at: number) => bytes.readFloatLE(at),
    i64: (at: number) => Number(bytes.readBigInt64LE(at)),
    bool: (at: number) => bytes.readUInt8(at),
  }[dtype];
  const size = SIZES[dtype];
  return { shape, values: Array.from({ length: bytes.length / size }, (_, i) => read(i * size)) };
}

/** The cases of the operators, from one of the two files. */
export function cases(ops: readonly string[], file: "onnx" | "onnx_images" = "onnx"): Case[] {
  const text = readFileSync(new URL(`./${file}.json`, import.meta.url), "utf8");
  type Set = { inputs: Encoded[]; outputs: Encoded[] };
  const all: { name: string; op: string; attr: Case["attributes"]; sets: Set[] }[] = JSON.parse(text).cases;
  return all
    .filter(({ op }) => ops.includes(op))
    .map(({ name, op, attr, sets }) => ({
      name,
      op,
      attributes: attr,
      sets: sets.map(({ inputs, outputs }) => ({ inputs: inputs.map(decode), outputs: outputs.map(decode) })),
    }));
}
