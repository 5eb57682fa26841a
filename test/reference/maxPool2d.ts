// Largest numbers of windows, plainly: images [rows · height · width][channels] without padding.
import type { Numbers, Precision } from "./precision.ts";
import { type Batch, forEachSeen, inputs, outputs, type Window } from "./window.ts";

/** The largest numbers, the first of equals or the first NaN, and their places in their windows. */
export function forward({ array }: Precision, x: Numbers, w: Window, batch: Batch) {
  const a = array(outputs(w, batch));
  const index = new Int32Array(a.length).fill(-1);
  forEachSeen(w, batch, (out, at, { place }) => {
    const value = x[at]!;
    const better = Number.isNaN(value) ? !Number.isNaN(a[out]!) : value > a[out]!;
    if (index[out]! >= 0 && !better) return;
    a[out] = value;
    index[out] = place;
  });
  return { a, index };
}

/** Each da goes to where its winner stood, windows in index order. */
export function backward({ array }: Precision, da: Numbers, index: Int32Array, w: Window, batch: Batch): Numbers {
  const dx = array(inputs(w, batch));
  forEachSeen(w, batch, (out, at, { place }) => {
    if (index[out] === place) dx[at]! += da[out]!;
  });
  return dx;
}
