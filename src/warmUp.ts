import { dense } from "./layers/dense.ts";
import type { Numerics } from "./module.ts";
import { Network } from "./network.ts";
import { sgd } from "./optimizers/sgd.ts";
import { pause } from "./pause.ts";

/** How long the kernels of one precision are run, in ms: past the point where V8 optimises them on Node 20 to 26. */
const LONG_ENOUGH = 5;

const warm = new Set<Numerics>();

/**
 * Runs the kernels for less than 20 ms, once per process and build, so that the engine has optimised them before the first
 * call that matters: a server's first request, a page's first frame. Training does without: its first slices warm it up.
 * @param options.numerics the build, as for `Network.create`; default "reproducible"
 * @example await warmUp();
 */
export async function warmUp({ numerics = "reproducible" }: { numerics?: Numerics } = {}): Promise<void> {
  if (warm.has(numerics)) return;
  warm.add(numerics);
  const x = new Float32Array(64 * 64);
  const y = new Int32Array(64);
  const optimizer = sgd({ learningRate: 0.1 });
  for (const precision of ["f32", "f64"] as const) {
    const layers = [dense(64, "relu"), dense(64, "tanh"), dense(8, "sigmoid"), dense(2)];
    const net = await Network.create({ inputs: 64, layers, loss: "softmaxCrossEntropy", precision, numerics });
    const end = performance.now() + LONG_ENOUGH;
    for await (const _ of net.train(x, y, { optimizer, batchSize: 32, epochs: 1e6 })) {
      net.predict(x.subarray(0, 64));
      if (performance.now() > end) break;
    }
    await pause();
  }
}
