// A convolution of images, plainly: x [rows][height][width][channels], w [kernelHeight][kernelWidth][channels][filters],
// b [filters], z and dz [rows][outHeight][outWidth][filters]. Each product and each sum is rounded to the precision, in the order
// that the design fixes.
import type { Numbers, Precision } from "./precision.ts";
import type { Window } from "./window.ts";

/** The fields of `assembly/window.ts`, in their order. */
export const WINDOW = [
  ...["height", "width", "outHeight", "outWidth", "kernelHeight", "kernelWidth"],
  ...["strideY", "strideX", "dilationY", "dilationX", "top", "left"],
] as const;

export interface Convolution extends Window {
  readonly rows: number;
  readonly channels: number;
  readonly filters: number;
}

/** Numbers of a patch. */
export const terms = (c: Convolution) => c.kernelHeight * c.kernelWidth * c.channels;

/** Positions of the window, in all samples. */
export const positions = (c: Convolution) => c.rows * c.outHeight * c.outWidth;

/** Where number k of the patch at position p lies in x; −1 outside the image. */
function place(s: Convolution, p: number, k: number): number {
  const c = k % s.channels;
  const tap = Math.floor(k / s.channels);
  const y = (Math.floor(p / s.outWidth) % s.outHeight) * s.strideY - s.top;
  const x = (p % s.outWidth) * s.strideX - s.left;
  const iy = y + Math.floor(tap / s.kernelWidth) * s.dilationY;
  const ix = x + (tap % s.kernelWidth) * s.dilationX;
  if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) return -1;
  const sample = Math.floor(p / (s.outHeight * s.outWidth));
  return ((sample * s.height + iy) * s.width + ix) * s.channels + c;
}

const patchNumber = (s: Convolution, x: Numbers, p: number, k: number) => {
  const at = place(s, p, k);
  return at < 0 ? 0 : x[at]!;
};

/** z_pf = b_f + Σ_k patch_pk·w_kf */
export function forward({ round, array }: Precision, x: Numbers, w: Numbers, b: Numbers | undefined, s: Convolution) {
  const z = array(positions(s) * s.filters);
  for (let p = 0; p < positions(s); p++) {
    for (let f = 0; f < s.filters; f++) {
      let sum = b ? b[f]! : 0;
      for (let k = 0; k < terms(s); k++) {
        sum = round(sum + round(patchNumber(s, x, p, k) * w[k * s.filters + f]!));
      }
      z[p * s.filters + f] = sum;
    }
  }
  return z;
}

/** dw_kf = start_kf + Σ_p patch_pk·dz_pf */
export function weightGradient(
  { round, array }: Precision,
  x: Numbers,
  dz: Numbers,
  start: Numbers | undefined,
  s: Convolution,
) {
  const dw = array(terms(s) * s.filters);
  for (let k = 0; k < terms(s); k++) {
    for (let f = 0; f < s.filters; f++) {
      let sum = start ? start[k * s.filters + f]! : 0;
      for (let p = 0; p < positions(s); p++) {
        sum = round(sum + round(patchNumber(s, x, p, k) * dz[p * s.filters + f]!));
      }
      dw[k * s.filters + f] = sum;
    }
  }
  return dw;
}

/** db_f = start_f + Σ_p dz_pf */
export function biasGradient({ round, array }: Precision, dz: Numbers, start: Numbers | undefined, s: Convolution) {
  const db = array(s.filters);
  for (let f = 0; f < s.filters; f++) {
    let sum = start ? start[f]! : 0;
    for (let p = 0; p < positions(s); p++) sum = round(sum + dz[p * s.filters + f]!);
    db[f] = sum;
  }
  return db;
}

/** From 0, position by position: dx at the place of patch_pk += Σ_f dz_pf·w_kf. */
export function inputGradient({ round, array }: Precision, dz: Numbers, w: Numbers, s: Convolution) {
  const dx = array(s.rows * s.height * s.width * s.channels);
  for (let p = 0; p < positions(s); p++) {
    for (let k = 0; k < terms(s); k++) {
      const at = place(s, p, k);
      if (at < 0) continue;
      let sum = 0;
      for (let f = 0; f < s.filters; f++) sum = round(sum + round(dz[p * s.filters + f]! * w[k * s.filters + f]!));
      dx[at] = round(dx[at]! + sum);
    }
  }
  return dx;
}
