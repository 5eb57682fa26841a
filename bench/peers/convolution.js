// What the peers in JavaScript share for images: the parameters that all contestants start from.

/**
 * The weights and biases of each layer that has some: convolutions [height, width, channels, filters], then dense layers
 * [inputs, units]. `dense` says which.
 */
export function parametersOf({ image, widths, initial }) {
  let at = 0;
  const take = (count) => {
    at += count;
    return initial.subarray(at - count, at);
  };
  const layer = (shape, dense) => {
    const units = shape.at(-1);
    return { shape, dense, w: take(shape.reduce((a, b) => a * b)), b: take(units) };
  };
  const layers = [];
  let channels = image.shape[2];
  for (const { type, kernel, filters } of image.layers) {
    if (type !== "convolution") continue;
    layers.push(layer([kernel, kernel, channels, filters], false));
    channels = filters;
  }
  let inputs = image.features.reduce((a, b) => a * b);
  for (const units of widths.slice(1)) {
    layers.push(layer([inputs, units], true));
    inputs = units;
  }
  return layers;
}
