// jax-js on its wasm device: the whole step, update included, is one jitted function.
import { defaultDevice, grad, init, jit, nn, numpy as np, tree } from "@jax-js/jax";
import { images } from "./jaxImages.js";
import { batchesOf, cycle, layersOf } from "./perceptron.js";

const ACTIVATIONS = { relu: nn.relu, tanh: np.tanh, sigmoid: nn.sigmoid, identity: (z) => z };
const B1 = 0.9;
const B2 = 0.999;
const EPSILON = 1e-8;

export async function setup(task) {
  await init("wasm");
  defaultDevice("wasm");
  const { kind, image, widths, loss, optimizer, learningRate, batchSize, rows, query } = task;
  const [inputs, outputs] = [widths[0], widths.at(-1)];
  const layers = layersOf(task);
  const matrix = (values, shape) => np.array(Float32Array.from(values)).reshape(shape);
  let params = layers.map(({ inputs, units }, l) => {
    let state = l + 1;
    const scale = Math.sqrt(6 / (inputs + units));
    // Lehmer's generator, MINSTD
    const draw = () => {
      state = (state * 48271) % 2147483647;
      return scale * ((2 * state) / 2147483647 - 1);
    };
    return { w: matrix(Array.from({ length: inputs * units }, draw), [inputs, units]), b: np.zeros([units]) };
  });

  const dense = (params, x) =>
    params.reduce((a, { w, b }, l) => ACTIVATIONS[layers[l].activation](np.matmul(a, w).add(b)), x);
  let forward = dense;
  let rowsOf = (x, count) => matrix(x, [count, inputs]);
  if (image) {
    tree.dispose(params);
    ({ params, forward, rowsOf } = images(task, dense));
  }
  const lossOf = (params, x, y) => {
    const logits = forward(params, x);
    if (loss === "meanSquaredError") return np.mean(np.square(logits.sub(y)));
    return nn
      .logSoftmax(logits)
      .mul(y)
      .sum()
      .mul(-1 / y.shape[0]);
  };

  if (kind === "predict") {
    const x = matrix(task.x.subarray(0, query * inputs), [query, inputs]);
    const predict = jit(loss === "softmaxCrossEntropy" ? (p, x) => nn.softmax(forward(p, x)) : forward);
    return {
      run(count) {
        for (let i = 0; i < count; i++) predict(tree.ref(params), x.ref).dataSync();
        return count;
      },
    };
  }

  const gradient = grad(lossOf);
  const sgd = jit((params, x, y) => {
    const g = gradient(tree.ref(params), x, y);
    return tree.map((p, g) => p.sub(g.mul(learningRate)), params, g);
  });
  const adam = jit(({ params, m, v, c1, c2 }, x, y) => {
    const g = gradient(tree.ref(params), x, y);
    const m1 = tree.map((m, g) => m.mul(B1).add(g.mul(1 - B1)), m, tree.ref(g));
    const v1 = tree.map((v, g) => v.mul(B2).add(np.square(g).mul(1 - B2)), v, g);
    const d1 = c1.mul(B1);
    const d2 = c2.mul(B2);
    const rate = np.sqrt(np.array(1).sub(d2.ref)).div(np.array(1).sub(d1.ref)).mul(learningRate);
    const next = tree.map(
      (p, m, v) => p.sub(m.mul(rate.ref).div(np.sqrt(v).add(EPSILON))),
      params,
      tree.ref(m1),
      tree.ref(v1),
    );
    rate.dispose();
    return { params: next, m: m1, v: v1, c1: d1, c2: d2 };
  });

  let state;
  if (optimizer === "adam") {
    const zeros = () => layers.map(({ inputs, units }) => ({ w: np.zeros([inputs, units]), b: np.zeros([units]) }));
    state = { params, m: zeros(), v: zeros(), c1: np.array(1), c2: np.array(1) };
  }
  const batches = batchesOf(task).map(({ x, y }) => ({
    x: rowsOf(x, batchSize),
    y: matrix(y, [batchSize, outputs]),
  }));
  const next = cycle(batches.length);
  const all = { x: rowsOf(task.x, rows), y: matrix(task.y, [rows, outputs]) };
  const evaluate = jit(lossOf);
  return {
    run(count) {
      for (let i = 0; i < count; i++) {
        const { x, y } = batches[next()];
        if (state) state = adam(state, x.ref, y.ref);
        else params = sgd(params, x.ref, y.ref);
        // Work is queued until something is read, and a long queue is slow: 4 ms a step after 300 small ones, 0.3 when each is
        // read. One small array is enough, and faster than blockUntilReady on all.
        (state?.params ?? params).at(-1).b.ref.dataSync();
      }
      return count;
    },
    loss: () => evaluate(tree.ref(state?.params ?? params), all.x.ref, all.y.ref).dataSync()[0],
  };
}
