import type { NetworkTask } from "./contestant.ts";
import { normals } from "./random.ts";

/** What the contestants of a network for images start from, as `Data` says: He's normal weights, biases 0. Empty for others. */
export function initial({ image, widths }: NetworkTask): Float32Array {
  if (!image) return new Float32Array();
  const draw = normals(3);
  const numbers: number[] = [];
  const add = (inputs: number, units: number) => {
    for (let i = 0; i < inputs * units; i++) numbers.push(Math.sqrt(2 / inputs) * draw());
    for (let j = 0; j < units; j++) numbers.push(0);
  };
  let [, , channels] = image.shape;
  for (const layer of image.layers) {
    if (layer.type !== "convolution") continue;
    add(layer.kernel ** 2 * channels, layer.filters);
    channels = layer.filters;
  }
  let inputs = image.features.reduce((a, b) => a * b);
  for (const units of widths.slice(1)) {
    add(inputs, units);
    inputs = units;
  }
  return Float32Array.from(numbers);
}
