import { dense, Network, type NetworkOptions, type Precision, sgd } from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";

// A small problem and networks for it; what is tested is how they are used, not what they learn.

const next = seeded(11);

/** 11 rows of 3 numbers that f32 holds exactly: multiples of 1/64 in [−1, 1). */
export const x = Array.from({ length: 11 }, () => [next(), next(), next()].map((u) => Math.floor(128 * u) / 64 - 1));

/** Classes 0 and 1. */
export const labels = x.map(([a, b, c]) => Number(a! * b! + c! > 0));

/** One number a row. */
export const scalars = x.map(([a, b, c]) => [a! - 2 * b! + c! * c!]);

/** 3-4-2, softmax. */
export function classifier<P extends Precision = "f32">(options: Partial<NetworkOptions<P>> = {}) {
  return Network.create<P>({
    inputs: 3,
    layers: [dense(4, "tanh"), dense(2)],
    loss: "softmaxCrossEntropy",
    seed: 5,
    ...options,
  });
}

/** 3-1, linear. */
export function regression<P extends Precision = "f32">(options: Partial<NetworkOptions<P>> = {}) {
  return Network.create<P>({ inputs: 3, layers: [dense(1)], loss: "meanSquaredError", seed: 6, ...options });
}

/** Options of a fit whose last batch is short: 11 rows are 3 steps of 4, 4 and 3 rows. */
export const options = { optimizer: sgd({ learningRate: 0.25 }), batchSize: 4 };
