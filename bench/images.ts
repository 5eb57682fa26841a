// Networks for images, through the public API.

import type { Layer } from "steepest";
import * as steepest from "steepest";
import type { Data, NetworkTask } from "./contestant.ts";

/** The layers before the dense ones; a ReLU that follows a convolution is its activation. @throws Error where there are none */
export function imageLayers({ layers }: NonNullable<NetworkTask["image"]>): Layer[] {
  // Older commits have no such layers.
  const { conv2d, maxPool2d, avgPool2d, flatten }: Partial<typeof steepest> = steepest;
  if (!conv2d || !maxPool2d || !avgPool2d || !flatten) throw new Error("it has no convolutions");
  const list: Layer[] = [];
  for (const [i, layer] of layers.entries()) {
    if (layer.type === "relu") {
      if (layers[i - 1]?.type !== "convolution") list.push(steepest.activation("relu"));
    } else if (layer.type === "convolution") {
      const activation = layers[i + 1]?.type === "relu" ? "relu" : "identity";
      list.push(conv2d(layer.filters, layer.kernel, { padding: layer.padding, activation }));
    } else {
      const { size, stride, padding } = layer;
      if (layer.type === "maxPool") list.push(maxPool2d(size, { stride, padding }));
      else list.push(avgPool2d(size, { stride, padding, countPadding: false }));
    }
  }
  return [...list, flatten()];
}

/** The initial parameters of every layer, those without any included. */
export function parametersOf({ image, widths, initial }: NetworkTask & Data, layers: readonly Layer[]) {
  let at = 0;
  const take = (count: number) => {
    at += count;
    return initial.subarray(at - count, at);
  };
  const convolutions = image!.layers.flatMap((layer) => (layer.type === "convolution" ? [layer] : [])).values();
  let [, , channels] = image!.shape;
  let inputs = image!.features.reduce((a, b) => a * b);
  const units = widths.slice(1).values();
  return layers.map(({ type }: { type: string }) => {
    if (type === "conv2d") {
      const { kernel, filters } = convolutions.next().value!;
      const weights = take(kernel ** 2 * channels * filters);
      channels = filters;
      return { weights, biases: take(filters) };
    }
    if (type !== "dense") return {};
    const count = units.next().value!;
    const weights = take(inputs * count);
    inputs = count;
    return { weights, biases: take(count) };
  });
}
