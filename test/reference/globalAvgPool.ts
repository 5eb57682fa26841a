// The mean of an image, plainly: x [rows · positions][channels], a [rows][channels], without padding.
import type { Numbers, Precision } from "./precision.ts";

interface Sizes {
  readonly rows: number;
  readonly positions: number;
  readonly channels: number;
}

/** 1/positions Σ x, from 0 in index order. */
export function forward({ array }: Precision, x: Numbers, { rows, positions, channels }: Sizes): Numbers {
  const a = array(rows * channels);
  for (let n = 0; n < rows; n++) {
    for (let p = 0; p < positions; p++) {
      for (let c = 0; c < channels; c++) a[n * channels + c]! += x[(n * positions + p) * channels + c]!;
    }
  }
  return a.map((sum) => sum / positions) as Numbers;
}

/** da / positions everywhere. */
export function backward({ array }: Precision, da: Numbers, { rows, positions, channels }: Sizes): Numbers {
  const count = rows * positions * channels;
  const row = (i: number) => Math.floor(i / (positions * channels));
  return array(Array.from({ length: count }, (_, i) => da[row(i) * channels + (i % channels)]! / positions));
}
