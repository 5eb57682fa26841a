import { packTransposed, PANEL } from "../matmul/panel";
import { lanes } from "../simd";
import { Window } from "../window";
import { bordered, fullBytes, takeImage, up } from "./image";
import { Patches } from "./patches";
import { scatteredProduct } from "./scatter";

// D_X of a convolution: for each position in index order, the patch D_Z[p]·Wᵀ is added to what lies below the window.

/** Bytes of a panel of Wᵀ. */
@inline
function panelBytes<T>(filters: i32): usize {
  return PANEL * ((filters + lanes<T>() - 1) & -lanes<T>());
}

/** Bytes of the panels of Wᵀ for one place of the window. */
@inline
function tapBytes<T>(channels: i32, filters: i32): usize {
  const wide = 2 * lanes<T>();
  return panelBytes<T>(filters) * ((channels + wide - 1) / wide);
}

/** Wᵀ in panels of channels, for each place of the window. Returns the end. */
export function packTaps<T>(to: usize, window: Window, w: usize, wStride: usize, channels: i32, filters: i32): usize {
  const wide = 2 * lanes<T>();
  for (let tap = window.kernelHeight * window.kernelWidth; tap > 0; tap--) {
    for (let c = 0; c < channels; c += wide) {
      packTransposed<T>(to, w + wStride * c, wStride, min(wide, channels - c), filters);
      to += panelBytes<T>(filters);
    }
    w += wStride * channels;
  }
  return to;
}

/**
 * D_X of one sample, `dxBytes`, from D_Z and the `taps` of Wᵀ; if the window reaches beyond the image, `full` has room for it with its
 * border. A number of D_X is seen at different places of the window from different positions: the later the position, the earlier the
 * place. So all positions are taken for the last place, then for the one before.
 */
export function inputGradient<T>(
  dx: usize, dxBytes: usize, w: Window, patches: Patches, pixel: usize, channels: i32, dz: usize, dzStride: usize, filters: i32,
  taps: usize, full: usize,
): void {
  const border = bordered(w);
  const to = border ? full : dx;
  memory.fill(to, 0, border ? fullBytes(w, pixel) : dxBytes);
  for (let ky = w.kernelHeight - 1; ky >= 0; ky--) {
    // The rows of positions that see the image here, not what is above or below: 0 ≤ oy·strideY − above < height.
    const above = w.top - ky * w.dilationY;
    const first = ceilDivide(above, w.strideY);
    const last = min(w.outHeight, ceilDivide(above + w.height, w.strideY));
    const p = first * w.outWidth;
    const count = last * w.outWidth - p;
    if (count <= 0) continue;
    for (let kx = w.kernelWidth - 1; kx >= 0; kx--) {
      const tap = ky * w.kernelWidth + kx;
      scatteredProduct<T>(
        to + load<u32>(patches.offsets + (<usize>(tap * channels) << 2)), patches.places + (<usize>p << 2),
        up(<usize>channels * sizeof<T>()), dz + dzStride * p, dzStride, count, filters,
        taps + tapBytes<T>(channels, filters) * tap, panelBytes<T>(filters),
      );
    }
  }
  if (border) takeImage<T>(dx, full, w, pixel);
}

/** ⌈a/b⌉, 0 where a is negative. */
@inline
function ceilDivide(a: i32, b: i32): i32 {
  return a > 0 ? (a + b - 1) / b : 0;
}
