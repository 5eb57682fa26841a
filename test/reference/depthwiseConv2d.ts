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

/** Σ dz·w from 0, windows in index order. */
export function inputGradient(
  { array, round }: Precision,
  dz: Numbers,
  weights: Numbers,
  w: Window,
  batch: Batch,
): Numbers {
  const dx = array(inputs(w, batch));
  forEachSeen(w, batch, (out, at, { place }, c) => {
    dx[at]! += round(dz[out]! * weights[place * batch.channels + c]!);
  });
  return dx;
}
