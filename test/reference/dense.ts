// The three products of a dense layer, plainly: row-major matrices without padding.
// a [rows][inputs], w [inputs][outputs], b [outputs], dz [rows][outputs].
import type { Numbers, Precision } from "./precision.ts";

/** The sizes of a batch and a layer. */
export interface Sizes {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * How start + Σ_p a_p·b_p is added up: a_p = a[aAt + p·aStep], p < count, b likewise; start = s[sAt], or 0 without s.
 * Whoever adds up writes the sum to c[cAt].
 */
type AddUp = (
  c: Numbers,
  cAt: number,
  s: Numbers | undefined,
  sAt: number,
  a: Numbers,
  aAt: number,
  aStep: number,
  b: Numbers,
  bAt: number,
  bStep: number,
  count: number,
) => void;

/** The order that the design fixes: from the start, in index order, each product and each sum rounded to the type of c. */
export const inOrder: AddUp = (c, cAt, s, sAt, a, aAt, aStep, b, bAt, bStep, count) => {
  let sum = s ? s[sAt]! : 0;
  if (c instanceof Float32Array) {
    for (let p = 0; p < count; p++) sum = Math.fround(sum + Math.fround(a[aAt + p * aStep]! * b[bAt + p * bStep]!));
  } else {
    for (let p = 0; p < count; p++) sum += a[aAt + p * aStep]! * b[bAt + p * bStep]!;
  }
  c[cAt] = sum;
};

/** In f64 with Neumaier's compensation: what is left is the rounding of the products, none where a and b are f32. */
export const compensated: AddUp = (c, cAt, s, sAt, a, aAt, aStep, b, bAt, bStep, count) => {
  let sum = s ? s[sAt]! : 0;
  let lost = 0;
  for (let p = 0; p < count; p++) {
    const term = a[aAt + p * aStep]! * b[bAt + p * bStep]!;
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  c[cAt] = sum + lost;
};

/** |start| + Σ |a_p·b_p|: what the rounding errors of the sum are measured by. */
export const magnitude: AddUp = (c, cAt, s, sAt, a, aAt, aStep, b, bAt, bStep, count) => {
  let sum = s ? Math.abs(s[sAt]!) : 0;
  for (let p = 0; p < count; p++) sum += Math.abs(a[aAt + p * aStep]! * b[bAt + p * bStep]!);
  c[cAt] = sum;
};

/** z_io = b_o + Σ_p a_ip·w_po */
export function forward(
  add: AddUp,
  z: Numbers,
  a: Numbers,
  w: Numbers,
  b: Numbers,
  { rows, inputs, outputs }: Sizes,
): void {
  for (let i = 0; i < rows; i++) {
    for (let o = 0; o < outputs; o++) add(z, i * outputs + o, b, o, a, i * inputs, 1, w, o, outputs, inputs);
  }
}

/** dw_po = start_po + Σ_i a_ip·dz_io */
export function weightGradient(
  add: AddUp,
  dw: Numbers,
  start: Numbers | undefined,
  a: Numbers,
  dz: Numbers,
  { rows, inputs, outputs }: Sizes,
): void {
  for (let p = 0; p < inputs; p++) {
    for (let o = 0; o < outputs; o++) {
      const at = p * outputs + o;
      add(dw, at, start, at, a, p, inputs, dz, o, outputs, rows);
    }
  }
}

const ONE = Float32Array.of(1);

/** db_o = start_o + Σ_i dz_io */
export function biasGradient(
  add: AddUp,
  db: Numbers,
  start: Numbers | undefined,
  dz: Numbers,
  { rows, outputs }: Sizes,
): void {
  for (let o = 0; o < outputs; o++) add(db, o, start, o, dz, o, outputs, ONE, 0, 0, rows);
}

/** da_ip = Σ_o dz_io·w_po */
export function inputGradient(
  add: AddUp,
  da: Numbers,
  dz: Numbers,
  w: Numbers,
  { rows, inputs, outputs }: Sizes,
): void {
  for (let i = 0; i < rows; i++) {
    for (let p = 0; p < inputs; p++) {
      add(da, i * inputs + p, undefined, 0, dz, i * outputs, 1, w, p * outputs, 1, outputs);
    }
  }
}

/** w_i − rate·g_i, the rate, the product and the difference each rounded to the precision. */
export function descended({ round }: Precision, w: Numbers, g: Numbers, rate: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => round(w[i]! - round(round(rate) * g[i]!)));
}
