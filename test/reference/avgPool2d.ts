// Means of windows, plainly: images [rows · height · width][channels] without padding.
import type { Numbers, Precision } from "./precision.ts";
import { type Batch, forEachSeen, inputs, outputs, seen, type Window } from "./window.ts";

/** Padding behind the image, where padding counts. */
export interface After {
  readonly bottom: number;
  readonly right: number;
}

/** What the sum of each window is divided by: its positions inside the image, or inside the padded image where that is given. */
export function counts(w: Window, padded?: After): number[] {
  const image = padded
    ? { ...w, height: w.top + w.height + padded.bottom, width: w.left + w.width + padded.right, top: 0, left: 0 }
    : w;
  const list = new Array<number>(w.outHeight * w.outWidth).fill(0);
  for (const { out } of seen(image)) list[out]! += 1;
  return list;
}

/** 1/count Σ x, from 0 in index order. */
export function forward({ array }: Precision, x: Numbers, w: Window, batch: Batch, padded?: After): Numbers {
  const a = array(outputs(w, batch));
  forEachSeen(w, batch, (out, at) => {
    a[out]! += x[at]!;
  });
  const divisors = counts(w, padded);
  return a.map((sum, i) => sum / divisors[Math.floor(i / batch.channels) % divisors.length]!) as Numbers;
}

/** Σ da / count over the windows in index order, from 0. */
export function backward({ array, round }: Precision, da: Numbers, w: Window, batch: Batch, padded?: After): Numbers {
  const dx = array(inputs(w, batch));
  const divisors = counts(w, padded);
  forEachSeen(w, batch, (out, at, one) => {
    dx[at]! += round(da[out]! / divisors[one.out]!);
  });
  return dx;
}
