import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../src/errors.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../src/safetensors.ts";

interface Vector {
  name: string;
  accept: boolean;
  b64: string;
}
const golden = new URL("./golden/safetensors_vectors.json", import.meta.url);
const vectors = (JSON.parse(readFileSync(golden, "utf8")).vectors as Vector[]).map(({ b64, ...vector }) => ({
  ...vector,
  bytes: new Uint8Array(Buffer.from(b64, "base64")),
}));

/** A file with this header and this many bytes of data, 0, 1, 2 … */
function file(header: string, data = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  for (let i = 0; i < data; i++) bytes[8 + text.length + i] = i;
  return bytes;
}
const refusal = (reason: string) => new FormatError(`Cannot read safetensors: ${reason}`);

describe("published vectors", () => {
  // What each accepted file holds: name, dtype, shape, data in hexadecimal.
  const contents: Record<string, [string, string, number[], string][]> = {
    f32_1x2x3: [["attn.0", "F32", [1, 2, 3], "000000000000803f0000004000004040000080400000a040"]],
    empty_padded: [],
    metadata_only: [],
    scalar_rank0: [["test", "I32", [], "00000000"]],
    i32_2x2: [["test", "I32", [2, 2], "0".repeat(32)]],
    zero_sized: [["test", "I32", [2, 0], ""]],
    trailing_ws: [],
    leading_ws: [],
    unsorted_header_ok: [
      ["b", "F32", [1], "00000000"],
      ["a", "F32", [1], "00000000"],
    ],
    zero_size_reuse_offset: [
      ["z", "F32", [0], ""],
      ["a", "F32", [1], "00000000"],
    ],
    proto_name: [["__proto__", "F32", [1], "00000000"]],
    constructor_name: [["constructor", "F32", [1], "00000000"]],
    nan_inf_values_ok: [["w", "F32", [3], "0000c07f0000807f000080ff"]],
    n_not_multiple_of_8: [["w", "F32", [1], "0000803f"]],
  };
  const reasons: Record<string, string> = {
    polyglot_trailing: "34 bytes follow the last tensor",
    missing_2_bytes: 'tensor "test" ends at byte 84, the file at byte 82',
    header_len_huge: "header has 18446742974197924000 bytes, expected at most 100000000",
    zero_bytes: "file has 0 bytes, expected at least 8",
    only_len: "header ends at byte 68, the file at byte 8",
    non_utf8: "header is not UTF-8",
    not_json: "header has the end at character 1, expected a string",
    shape_dtype_mismatch: 'tensor "test" has 4 bytes, expected 16 from its shape and dtype',
    overflow_u64_shape: 'header has "1" at character 34, expected an integer from 0 to 2^53 - 1 in plain digits',
    overflow_bytes: 'header has "9" at character 34, expected an integer from 0 to 2^53 - 1 in plain digits',
    ten_overlapping: 'tensor "weight_1" overlaps another tensor',
    abuse1_len1000: "header ends at byte 1008, the file at byte 86",
    hole: 'data has a hole of 4 bytes before tensor "b"',
    duplicate_key: 'header has the key "w" twice',
    overflow_to_16_bytes: 'tensor "w" has a shape of more than 2^53 - 1 bytes',
    wrap_u32_elements: 'tensor "w" has 0 bytes, expected 17179869184 from its shape and dtype',
    wrap_i32_bytes: 'tensor "w" has 0 bytes, expected 4294967296 from its shape and dtype',
    beyond_2p53: 'header has "9" at character 28, expected an integer from 0 to 2^53 - 1 in plain digits',
    negative_offset: 'header has "-" at character 48, expected an integer from 0 to 2^53 - 1 in plain digits',
    fractional: 'header has "1" at character 29, expected an integer from 0 to 2^53 - 1 in plain digits',
    exponent_int: 'header has "1" at character 29, expected an integer from 0 to 2^53 - 1 in plain digits',
    unknown_dtype: 'tensor "w" has the unknown dtype "F33"',
    metadata_not_string: 'header has "1" at character 21, expected a string',
    header_is_array: 'header has "[" at character 0, expected "{"',
    header_null: 'header has "n" at character 0, expected "{"',
    bom: 'header has "\ufeff" at character 0, expected "{"',
    utf8_overlong: "header is not UTF-8",
    deep_json: 'header has "[" at character 5, expected "{"',
  };

  test("are 14 accepted and 28 refused", () => {
    expect(vectors.filter(({ accept }) => accept).map(({ name }) => name)).toEqual(Object.keys(contents));
    expect(new Set(vectors.filter(({ accept }) => !accept).map(({ name }) => name))).toEqual(
      new Set(Object.keys(reasons)),
    );
    expect([Object.keys(contents).length, Object.keys(reasons).length]).toEqual([14, 28]);
  });

  test.each(vectors.filter(({ accept }) => accept))("$name is read", ({ name, bytes }) => {
    const { metadata, tensors } = parseSafetensors(bytes);
    expect([...metadata]).toEqual(name === "metadata_only" ? [["framework", "pt"]] : []);
    expect(
      [...tensors].map(([key, { dtype, shape, data }]) => [key, dtype, shape, Buffer.from(data).toString("hex")]),
    ).toEqual(contents[name]);
  });

  test.each(vectors.filter(({ accept }) => !accept))("$name is refused with the reason", ({ name, bytes }) => {
    expect(() => parseSafetensors(bytes)).toThrow(refusal(reasons[name]!));
  });

  test.each(
    vectors.filter(({ name }) => /f32_1x2x3|empty_padded|metadata_only|scalar_rank0|constructor_name/.test(name)),
  )("$name, written by the reference writer, is written again byte for byte", ({ bytes }) => {
    const { metadata, tensors } = parseSafetensors(bytes);
    expect(serializeSafetensors(tensors, metadata)).toEqual(bytes);
  });
});

describe("parseSafetensors", () => {
  const entry = (shape: string, offsets: string) => `{"dtype":"U8","shape":${shape},"data_offsets":${offsets}}`;

  test.each([
    ["a key twice in one tensor", '{"a":{"dtype":"U8","dtype":"U8"}}', 'header has the key "dtype" twice'],
    ["a key twice, once escaped", '{"__metadata__":{"a":"","\\u0061":""}}', 'header has the key "a" twice'],
    ["metadata twice", '{"__metadata__":{},"__metadata__":{}}', 'header has the key "__metadata__" twice'],
    ["metadata that is null", '{"__metadata__":null}', 'header has "n" at character 16, expected "{"'],
    ["an unknown key", '{"a":{"type":1}}', 'tensor "a" has the key "type", expected dtype, shape, data_offsets'],
    ["a tensor without a shape", '{"a":{"dtype":"U8","data_offsets":[0,0]}}', 'tensor "a" is incomplete'],
    ["one offset", `{"a":${entry("[0]", "[0]")}}`, 'tensor "a" is incomplete'],
    ["three offsets", `{"a":${entry("[0]", "[0,0,0]")}}`, 'tensor "a" is incomplete'],
    ["offsets that run backwards", `{"a":${entry("[0]", "[1,0]")}}`, 'tensor "a" has -1 bytes, expected 0'],
    ["a dtype that is a method", '{"a":{"dtype":"constructor","shape":[],"data_offsets":[0,1]}}', "unknown dtype"],
    ["an empty tensor inside another", `{"a":${entry("[2]", "[0,2]")},"z":${entry("[0]", "[1,1]")}}`, "overlaps"],
    ["an empty tensor past the data", `{"a":${entry("[1]", "[0,1]")},"z":${entry("[0]", "[2,2]")}}`, "hole of 1 bytes"],
    ["a leading zero", `{"a":${entry("[01]", "[0,1]")}}`, "plain digits"],
    ["minus zero", `{"a":${entry("[-0]", "[0,0]")}}`, "plain digits"],
    ["a string with a line break", '{"a\n":{}}', "expected a JSON string"],
    ["a string with a wrong escape", '{"\\x":{}}', "expected a JSON string"],
    ["a string that does not end", '{"a', "expected a JSON string"],
    ["a string that ends in a backslash", '{"a\\', "expected a JSON string"],
    ["half a surrogate pair", '{"\\ud83d":{}}', "expected a JSON string"],
    ["a trailing comma", '{"__metadata__":{},}', "expected a string"],
    ["a missing comma", '{"__metadata__":{}"a":{}}', 'expected "," or "}"'],
    ["a missing colon", '{"a"{}}', 'expected ":"'],
    ["a second value", "{}{}", "expected the end"],
    ["a comment", "{}//", "expected the end"],
    ["a no-break space", "{}\u00a0", "expected the end"],
    ["nothing", "", 'header has the end at character 0, expected "{"'],
  ])("refuses %s", (_, header, reason) => {
    const bytes = file(header, header.includes("U8") ? 2 : 0);
    expect(() => parseSafetensors(bytes)).toThrow(FormatError);
    expect(() => parseSafetensors(bytes)).toThrow(reason);
  });

  test("refuses as TypeError what is not a Uint8Array", () => {
    for (const [value, printed] of [
      [undefined, "undefined"],
      [new ArrayBuffer(8), "an object"],
      [new Float64Array(1), "a Float64Array"],
      ["{}", '"{}"'],
    ] as const) {
      expect(() => parseSafetensors(value as unknown as Uint8Array)).toThrow(
        new TypeError(`Cannot read safetensors: file is ${printed}, expected a Uint8Array`),
      );
    }
  });

  test("knows the bytes of every dtype", () => {
    const bits = { BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, U16: 16, I16: 16, F16: 16, BF16: 16 };
    for (const [dtype, width] of Object.entries({ ...bits, U32: 32, I32: 32, F32: 32, U64: 64, I64: 64, F64: 64 })) {
      const header = `{"a":{"dtype":"${dtype}","shape":[3,2],"data_offsets":[0,${(6 * width) / 8}]}}`;
      expect(parseSafetensors(file(header, (6 * width) / 8)).tensors.get("a")?.data.length).toBe((6 * width) / 8);
    }
  });

  test("reads escapes, white space anywhere and keys in any order", () => {
    const header = ' {"\\u00e9\\"\\\\\\n" :\t{ "data_offsets" : [ 0 , 2 ],\r\n"shape":[ 2 ],"dtype":"U8"} } ';
    expect([...parseSafetensors(file(header, 2)).tensors]).toEqual([
      ['é"\\\n', { dtype: "U8", shape: [2], data: new Uint8Array([0, 1]) }],
    ]);
  });

  test("hands out plain views of the file, also of a Buffer inside a larger one and of shared memory", () => {
    const bytes = file(`{"a":${entry("[2]", "[1,3]")},"b":${entry("[]", "[0,1]")}}`, 3);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 5), 5);
    shared.set(bytes);
    for (const input of [Buffer.concat([Buffer.alloc(5), bytes]).subarray(5), shared]) {
      const { tensors } = parseSafetensors(input);
      const { data } = tensors.get("a")!;
      expect(data).toEqual(new Uint8Array([1, 2]));
      expect([data.buffer, data.byteOffset]).toEqual([input.buffer, input.byteOffset + bytes.length - 2]);
      expect(tensors.get("b")!.data).toEqual(new Uint8Array([0]));
    }
  });

  test("reads a header of a hundred thousand brackets, or one string of 9 MB, without overflowing the stack", () => {
    const brackets = "[".repeat(100_000);
    expect(() => parseSafetensors(file(`{"a":{"dtype":"U8","shape":${brackets}`))).toThrow(FormatError);
    const long = '\\"x'.repeat(3_000_000);
    const { metadata } = parseSafetensors(file(`{"__metadata__":{"a":"${long}"}}`));
    expect(metadata.get("a")?.length).toBe(6_000_000);
  });
});

describe("serializeSafetensors", () => {
  test("writes metadata first, tensors in their order, wider elements' data first, padded to 8 bytes", () => {
    const tensors = new Map<string, Tensor>([
      ["2", { dtype: "U8", shape: [3], data: new Uint8Array([1, 2, 3]) }],
      ["1", { dtype: "F64", shape: [1], data: new Uint8Array(8).fill(8) }],
      ["w", { dtype: "F32", shape: [1, 1], data: new Uint8Array(4).fill(4) }],
    ]);
    const header =
      '{"__metadata__":{"9":"z","1":"a"},"2":{"dtype":"U8","shape":[3],"data_offsets":[12,15]},' +
      '"1":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}';
    // The header has 197 characters, all ASCII; 200 is the next multiple of 8.
    const bytes = serializeSafetensors(
      tensors,
      new Map([
        ["9", "z"],
        ["1", "a"],
      ]),
    );
    expect([...bytes.subarray(0, 8)]).toEqual([200, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(bytes.subarray(8, 208))).toBe(`${header}   `);
    expect([...bytes.subarray(208)]).toEqual([8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 4, 1, 2, 3]);
  });

  test.each<[string, Tensor]>([
    ["w", { dtype: "F32", shape: [2], data: new Uint8Array(4) }],
    ["w", { dtype: "f32", shape: [1], data: new Uint8Array(4) }],
    ["w", { dtype: "F32", shape: [-1], data: new Uint8Array(4) }],
    ["\ud83d", { dtype: "F32", shape: [1], data: new Uint8Array(4) }],
    ["__metadata__", { dtype: "F32", shape: [1], data: new Uint8Array(4) }],
  ])("refuses what could not be read again: %j, %o", (name, tensor) => {
    expect(() => serializeSafetensors(new Map([[name, tensor]]))).toThrow(FormatError);
  });

  test("takes one tensor under two names", () => {
    const tensor = { dtype: "U8", shape: [1], data: new Uint8Array([7]) };
    const tensors = new Map([
      ["a", tensor],
      ["b", tensor],
    ]);
    expect(parseSafetensors(serializeSafetensors(tensors)).tensors).toEqual(tensors);
  });
});

const tensor = fc
  .record({ type: fc.constantFrom(["U8", 1], ["F16", 2], ["I32", 4], ["F64", 8]), shape: fc.array(fc.nat(4)) })
  .chain(({ type: [dtype, width], shape }) => {
    // At most three dimensions: 64 elements.
    const length = shape.slice(0, 3).reduce((product, d) => product * d, width as number);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data): Tensor => ({ dtype: dtype as string, shape: shape.slice(0, 3), data: Uint8Array.from(data) }));
  });
const text = fc.string({ unit: "grapheme" });
const name = fc
  .oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "", "7", "0"))
  .filter((s) => s !== "__metadata__");
const files = fc.record({
  tensors: fc.array(fc.tuple(name, tensor), { maxLength: 6 }).map((entries) => new Map(entries)),
  metadata: fc
    .array(fc.tuple(fc.oneof(name, fc.constant("__metadata__")), text), { maxLength: 4 })
    .map((entries) => new Map(entries)),
});

test("what is written is read again in the same order, and written again byte for byte", () => {
  fc.assert(
    fc.property(files, ({ tensors, metadata }) => {
      const bytes = serializeSafetensors(tensors, metadata);
      const read = parseSafetensors(bytes);
      expect([...read.tensors]).toEqual([...tensors]);
      expect([...read.metadata]).toEqual([...metadata]);
      for (const { data, dtype } of read.tensors.values()) {
        if (dtype === "F64") expect(data.byteOffset % 8).toBe(0);
      }
      expect(serializeSafetensors(read.tensors, read.metadata)).toEqual(bytes);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("a mutated file is read whole or refused with FormatError, in less than 100 ms", () => {
  const mutation = fc.record({
    kind: fc.constantFrom("overwrite", "overwrite", "truncate", "insert", "delete"),
    // From the start mostly the header is hit, from the end (negative) the data.
    at: fc.oneof(fc.nat(100), fc.nat(1000), fc.integer({ min: -50, max: -1 })),
    change: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom(...'{}[]",:\\019-eE').map((character) => Uint8Array.of(character.charCodeAt(0))),
    ),
  });
  let refused = 0;
  let accepted = 0;
  let slowest = 0;
  fc.assert(
    fc.property(files, fc.array(mutation, { minLength: 1, maxLength: 2 }), ({ tensors, metadata }, mutations) => {
      const bytes = [...serializeSafetensors(tensors, metadata)];
      for (const { kind, at, change } of mutations) {
        const place = at % (bytes.length + 1);
        if (kind === "truncate") bytes.splice(place);
        else bytes.splice(place, kind === "insert" ? 0 : change.length, ...(kind === "delete" ? [] : change));
      }
      const input = Uint8Array.from(bytes);
      const start = performance.now();
      let read: ReturnType<typeof parseSafetensors> | undefined;
      try {
        read = parseSafetensors(input);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        refused++;
      }
      slowest = Math.max(slowest, performance.now() - start);
      if (!read) return;
      accepted++;
      // Header and tensors cover every byte of the file once.
      let size = 8 + new DataView(input.buffer).getUint32(0, true);
      for (const { data } of read.tensors.values()) size += data.length;
      expect(size).toBe(input.length);
    }),
    { seed: 1, numRuns: 3000 },
  );
  // The bound is what a caller notices; a file of this size takes microseconds.
  expect(slowest).toBeLessThan(100);
  // Neither outcome is rare, so both are tested.
  expect(Math.min(refused, accepted)).toBeGreaterThan(100);
});
