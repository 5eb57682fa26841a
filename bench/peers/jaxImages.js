// jax-js: images in its order, [batch, channels, height, width], and with them the filters and the first dense layer.
import { setFlagsFromString } from "node:v8";
import { lax, nn, numpy as np } from "@jax-js/jax";
import { parametersOf } from "./convolution.js";

/** The parameters, the network as a function of them and of images, and how rows become images. */
export function images(task, dense) {
  // One call of a kernel can take seconds, and V8 ends it in the code that it began in: in baseline code the first step takes
  // thrice the time of the others.
  setFlagsFromString("--no-liftoff");
  const { shape, layers, features } = task.image;
  const array = (values, shape) => np.array(Float32Array.from(values)).reshape(shape);
  const all = parametersOf(task);
  const convolutions = all.filter(({ dense }) => !dense).length;
  const params = all.map(({ shape, w, b }, l) => {
    const biases = array(b, l < convolutions ? [shape[3], 1, 1] : shape.slice(1));
    if (l < convolutions) return { w: array(w, shape).transpose([3, 2, 0, 1]), b: biases };
    if (l > convolutions) return { w: array(w, shape), b: biases };
    return {
      w: array(w, [...features, shape[1]])
        .transpose([2, 0, 1, 3])
        .reshape(shape),
      b: biases,
    };
  });

  const forward = (params, x) => {
    let l = 0;
    let a = x;
    let [height, width] = shape;
    for (const { type, kernel, padding, size, stride } of layers) {
      if (type === "relu") a = nn.relu(a);
      else if (type === "convolution") {
        const { w, b } = params[l++];
        const sides = [padding, padding];
        a = lax.convGeneralDilated(a, w, [1, 1], [sides, sides]).add(b);
        height += 2 * padding - kernel + 1;
        width += 2 * padding - kernel + 1;
      } else {
        const [top, bottom, left, right] = padding;
        const sides = [
          [0, 0],
          [0, 0],
          [top, bottom],
          [left, right],
        ];
        const max = type === "maxPool";
        const pads = padding.some((n) => n > 0);
        if (pads) a = np.pad(a, sides);
        // It pads with zeros alone.
        if (pads && max) a = a.add(array(outside(height, width, padding), a.shape.slice(2)));
        const rows = countsOf(height, size, stride, top, bottom);
        const columns = countsOf(width, size, stride, left, right);
        // Along rows and then along columns: a third of the time of both at once.
        const reduce = max ? np.max : np.sum;
        a = lax.reduceWindow(lax.reduceWindow(a, reduce, [1, size], [1, stride]), reduce, [size, 1], [stride, 1]);
        const shares = rows.flatMap((m) => columns.map((n) => 1 / (m * n)));
        if (!max) a = a.mul(array(shares, [rows.length, columns.length]));
        [height, width] = [rows.length, columns.length];
      }
    }
    return dense(params.slice(l), a.reshape([a.shape[0], features[0] * features[1] * features[2]]));
  };
  const rowsOf = (x, count) => array(x, [count, ...shape]).transpose([0, 3, 1, 2]);
  return { params, forward, rowsOf };
}

/** −∞ for the padding, 0 within. */
function outside(height, width, [top, bottom, left, right]) {
  const [rows, columns] = [top + height + bottom, left + width + right];
  return Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - top, (i % columns) - left];
    return y >= 0 && y < height && x >= 0 && x < width ? 0 : Number.NEGATIVE_INFINITY;
  });
}

/** How many of each window of a pool are not padding, along one axis. */
function countsOf(length, size, stride, before, after) {
  return Array.from({ length: Math.floor((length + before + after - size) / stride) + 1 }, (_, i) => {
    const first = i * stride - before;
    return Math.min(length, first + size) - Math.max(0, first);
  });
}
