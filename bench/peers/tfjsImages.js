// TensorFlow.js: the layers before the dense ones.
import * as tf from "@tensorflow/tfjs";

/** What they make of images [batch × inputs], flattened again, and the variables of the convolutions. */
export function imageLayers({ image }, parameters) {
  const convolutions = parameters.filter(({ dense }) => !dense).values();
  const variables = [];
  const layers = image.layers.map(({ type, size, stride, padding }) => {
    if (type === "relu") return tf.relu;
    if (type !== "convolution") {
      const [top, bottom, left, right] = padding;
      const pads = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      return (x) => (type === "maxPool" ? tf.maxPool : tf.avgPool)(x, size, stride, pads);
    }
    const { shape, w, b } = convolutions.next().value;
    const [filters, biases] = [tf.variable(tf.tensor4d(w, shape)), tf.variable(tf.tensor1d(b))];
    variables.push(filters, biases);
    return (x) => tf.add(tf.conv2d(x, filters, 1, padding), biases);
  });
  const flatten = (x) => tf.reshape(x, [x.shape[0], -1]);
  const forward = (x) => flatten(layers.reduce((a, layer) => layer(a), tf.reshape(x, [x.shape[0], ...image.shape])));
  return { forward, variables };
}
