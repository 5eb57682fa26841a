// What windows see of an image, plainly: every number of every window is asked whether it lies inside.

/** The fields of `assembly/window.ts`, in their order. */
export interface Window {
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly top: number;
  readonly left: number;
}

/** A window's number that lies inside the image. */
export interface Seen {
  /** The output position, oy·outWidth + ox. */
  readonly out: number;
  /** The place in the window, ky·kernelWidth + kx. */
  readonly place: number;
  /** The position in the image, y·width + x. */
  readonly at: number;
}

/** All that is seen, by output position and then by place in the window. */
export function seen(w: Window): Seen[] {
  const list: Seen[] = [];
  for (let oy = 0; oy < w.outHeight; oy++) {
    for (let ox = 0; ox < w.outWidth; ox++) {
      for (let ky = 0; ky < w.kernelHeight; ky++) {
        for (let kx = 0; kx < w.kernelWidth; kx++) {
          const y = oy * w.strideY - w.top + ky * w.dilationY;
          const x = ox * w.strideX - w.left + kx * w.dilationX;
          if (y < 0 || y >= w.height || x < 0 || x >= w.width) continue;
          list.push({ out: oy * w.outWidth + ox, place: ky * w.kernelWidth + kx, at: y * w.width + x });
        }
      }
    }
  }
  return list;
}

/** How many samples of how many channels. */
export interface Batch {
  readonly rows: number;
  readonly channels: number;
}

/** Calls `each` with where output and input stand in [rows · positions][channels], for all that is seen in all samples and channels. */
export function forEachSeen(
  w: Window,
  { rows, channels }: Batch,
  each: (out: number, at: number, seen: Seen, channel: number) => void,
): void {
  const list = seen(w);
  for (let n = 0; n < rows; n++) {
    for (const one of list) {
      const out = (n * w.outHeight * w.outWidth + one.out) * channels;
      const at = (n * w.height * w.width + one.at) * channels;
      for (let c = 0; c < channels; c++) each(out + c, at + c, one, c);
    }
  }
}

/** Numbers of a batch of images. */
export const inputs = ({ height, width }: Window, { rows, channels }: Batch): number =>
  rows * height * width * channels;

/** Numbers of a batch of outputs. */
export const outputs = ({ outHeight, outWidth }: Window, { rows, channels }: Batch): number =>
  rows * outHeight * outWidth * channels;
