// Depthwise convolution, plainly: images [rows · height · width][channels], w [kernelHeight · kernelWidth][channels], without padding.
import type { Numbers, Precision } from "./precision.ts";
import { type Batch, forEachSeen, inputs, outputs, type Window } from "./window.ts";

/** z = b + Σ_k x·w, from b or 0, k in index order. */
export function forward(
  { array, round }: Precision,
  x: Numbers,
  weights: Numbers,
  b: Numbers | undefined,
  w: Window,
  batch: Batch,
): Numbers {
  const { channels } = batch;
  const z = array(outputs(w, batch)).map((_, i) => b?.[i % channels] ?? 0) as Numbers;
  forEachSeen(w, batch, (out, at, { place }, c) => {
    z[out]! += round(x[at]! * weights[place * channels + c]!);
  });
  return z;
}

/** start + Σ x·dz over the positions in index order. */
export function weightGradient(
  { round }: Precision,
  x: Numbers,
  dz: Numbers,
  start: Numbers,
  w: Window,
  batch: Batch,
): Numbers {
  const dw = start.slice() as Numbers;
  forEachSeen(w, batch, (out, at, { place }, c) => {
    dw[place * batch.channels + c]! += round(x[at]! * dz[out]!);
  });
  return dw;
}

/** start + Σ dz over the positions in index order. */
export function biasGradient(dz: Numbers, start: Numbers): Numbers {
  const db = start.slice() as Numbers;
  for (const [i, d] of dz.entries()) db[i % db.length]! += d;
  return db;
}

/** Σ dz·w from 0, output rows in index order and of each of them k in index order. */
export function inputGradient(
  { array, round }: Precision,
  dz: Numbers,
  weights: Numbers,
  w: Window,
  batch: Batch,
): Numbers {
  const terms: { at: number; key: number; term: number }[] = [];
  forEachSeen(w, batch, (out, at, one, c) => {
    const oy = Math.floor(one.out / w.outWidth);
    const key = oy * w.kernelHeight * w.kernelWidth + one.place;
    terms.push({ at, key, term: round(dz[out]! * weights[one.place * batch.channels + c]!) });
  });
  const dx = array(inputs(w, batch));
  for (const { at, term } of terms.sort((one, other) => one.key - other.key)) dx[at]! += term;
  return dx;
}
