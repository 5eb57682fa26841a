import { dense, Network } from "steepest";
import { zca } from "steepest/zca";

const FLOOR = 40; // of an image's deviation, MatConvNet's for pixels from 0 to 255

/**
 * Images [rows × width] for training and for the test, with the mean image off, of one contrast, and ZCA-whitened, all fitted to those
 * for training. `fit` with `images` does the first two; but whitening comes behind them, and `fit` has none.
 */
export async function whitened(train: Uint8Array, test: Uint8Array, width: number): Promise<Float32Array[]> {
  const normalise = normalisation(train, width);
  const rows = normalise(train);
  const { matrix, apply } = zca(rows, { width });
  // The same as `apply`, in WebAssembly.
  const whitening = await Network.create({ inputs: width, layers: [dense(width)], loss: "meanSquaredError" });
  whitening.setParameters([{ weights: matrix, biases: apply(new Float64Array(width)) }]);
  return [whitening.predict(rows), whitening.predict(normalise(test))];
}

/** (x − mean image − its own mean)·d/max(n, 40), n being the deviation of its numbers, d the mean of n over the training rows. */
function normalisation(train: Uint8Array, width: number): (pixels: Uint8Array) => Float32Array {
  const count = train.length / width;
  const image = new Float64Array(width);
  for (let i = 0; i < train.length; i++) image[i % width]! += train[i]! / count;

  /** The images' numbers about their own mean, and their deviations. */
  const centred = (pixels: Uint8Array) => {
    const rows = Float32Array.from(pixels, (value, i) => value - image[i % width]!);
    const deviations = Array.from({ length: rows.length / width }, (_, r) => {
      const row = rows.subarray(r * width, (r + 1) * width);
      const own = row.reduce((sum, value) => sum + value, 0) / width;
      for (let j = 0; j < width; j++) row[j]! -= own;
      return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / (width - 1));
    });
    return { rows, deviations };
  };
  const d = centred(train).deviations.reduce((sum, deviation) => sum + deviation, 0) / count;
  return (pixels) => {
    const { rows, deviations } = centred(pixels);
    for (let i = 0; i < rows.length; i++) rows[i]! *= d / Math.max(deviations[Math.floor(i / width)]!, FLOOR);
    return rows;
  };
}
