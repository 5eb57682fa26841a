import { describe, expect, it } from "vitest";
import { apply32, apply64, input32, input64, type Name, names, output32, output64, run32, run64 } from "./core.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** In f32. */
const subnormal = 2 ** -140;

/** Inputs and the only right results, in both precisions. */
const special: Record<Name, [x: number, y: number][]> = {
  exp: [
    [-inf, 0],
    [-1e30, 0],
    [-0, 1],
    [0, 1],
    [1e30, inf],
    [inf, inf],
  ],
  expm1: [
    [-inf, -1],
    [-1e30, -1],
    [-subnormal, -subnormal],
    [-0, -0],
    [0, 0],
    [subnormal, 0],
    [inf, 0],
  ],
  log: [
    [-inf, nan],
    [-1, nan],
    [-1e-30, nan],
    [-0, -inf],
    [0, -inf],
    [1, 0],
    [inf, inf],
  ],
  log1p: [
    [-inf, nan],
    [-1, nan],
    [-1e-30, nan],
    [0, 0],
    [subnormal, subnormal],
    [inf, inf],
  ],
  sigmoid: [
    [-inf, 0],
    [-1e30, 0],
    [-0, 0.5],
    [0, 0.5],
    [subnormal, 0.5],
    [1e30, 1],
    [inf, 1],
  ],
  tanh: [
    [-inf, -1],
    [-1e30, -1],
    [-0, -0],
    [0, 0],
    [subnormal, subnormal],
    [1e30, 1],
    [inf, 1],
  ],
  gaussian: [
    [-inf, 0],
    [-1e30, 0],
    [-0, 1],
    [0, 1],
    [subnormal, 1],
    [inf, 0],
  ],
  cumulative: [
    [-inf, 0],
    [-1e30, 0],
    [-0, 0.5],
    [0, 0.5],
    [subnormal, 0.5],
    [1e30, 1],
    [inf, 1],
  ],
};

/** Every kind of input: signs, zeros, subnormals, ordinary and huge numbers, infinities, NaN. */
const kinds = [
  -inf,
  -1e30,
  -50,
  -1.5,
  -1e-3,
  -subnormal,
  -0,
  0,
  subnormal,
  1e-3,
  0.7,
  1,
  1.5,
  8,
  50,
  100,
  1e30,
  inf,
  nan,
];

const double = new DataView(new ArrayBuffer(8));
function bits(x: number): bigint {
  // One NaN for all: the bits of a NaN that arithmetic makes are not fixed by WebAssembly.
  double.setFloat64(0, Number.isNaN(x) ? nan : x);
  return double.getBigUint64(0);
}

describe.each([
  { precision: "f32", apply: apply32, lanes: 4 },
  { precision: "f64", apply: apply64, lanes: 2 },
])("in $precision", ({ apply, lanes }) => {
  for (const name of names) {
    it(`${name} is right at special values`, () => {
      for (const [x, y] of special[name]) expect(apply(name, [x])[0], `${name}(${x})`).toBe(y);
    });

    it(`${name} gives the same bits in every lane, whatever stands in the others`, () => {
      for (const x of kinds) {
        const alone = bits(apply(name, [x])[0]!);
        for (const other of kinds) {
          for (let lane = 0; lane < lanes; lane++) {
            const vector = new Array(lanes).fill(other);
            vector[lane] = x;
            expect(bits(apply(name, vector)[lane]!)).toBe(alone);
          }
        }
      }
    });
  }
});

describe("NaN", () => {
  // Quiet ones, of both signs, with few bits of payload and with all.
  const singles = [0x7fc00000, 0xffc00000, 0x7fffffff, 0xffffffff, 0x7fc12345, 0xffd54321];
  const doubles = singles.map((bits) => (BigInt(bits) << 32n) | 0x7ff8000000000000n | BigInt(bits & 1));

  for (const name of names) {
    it(`goes through ${name}, whatever its sign and payload`, () => {
      new Uint32Array(input32.buffer, input32.byteOffset).set(singles);
      run32(name);
      expect([...output32.subarray(0, singles.length)].every(Number.isNaN)).toBe(true);
      new BigUint64Array(input64.buffer, input64.byteOffset).set(doubles);
      run64(name);
      expect([...output64.subarray(0, doubles.length)].every(Number.isNaN)).toBe(true);
    });
  }
});
