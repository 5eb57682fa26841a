// Reads the tests of ONNX's nodes: inputs and outputs stand in onnx.json and onnx_images.json, which name their source.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { expectClose } from "../kernels/harness.ts";

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

/** The places of a tensor's values when `axis` becomes the last: [rows][columns of the axis]. */
export function byAxis({ shape, values }: Tensor, axis: number): { order: number[]; columns: number } {
  const columns = shape.at(axis) ?? 1;
  const inner = shape.slice(((axis + shape.length) % shape.length) + 1).reduce((a, b) => a * b, 1);
  const order = values.map((_, i) => {
    const row = Math.floor(i / columns);
    return Math.floor(row / inner) * inner * columns + (i % columns) * inner + (row % inner);
  });
  return { order, columns };
}

/** Throws unless the values are the published ones, to 1e-5 of each and 1e-6: those are of f32, computed in another order. */
export function expectPublished(values: readonly number[], published: readonly number[], what: string): void {
  expect(values.length, what).toBe(published.length);
  for (const [i, expected] of published.entries()) {
    expectClose(values[i]!, expected, 1e-5 * Math.abs(expected) + 1e-6, `${what}: number ${i}`);
  }
}
