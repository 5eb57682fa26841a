import { expect, test } from "vitest";
import { dense, Network, sgd, warmUp } from "../../src/index.ts";

test("warming up changes no bit of any network, and may be asked for again", async () => {
  const trained = async () => {
    const net = await Network.create({ inputs: 3, layers: [dense(5, "tanh"), dense(2)], loss: "softmaxCrossEntropy" });
    await net.fit(
      [
        [1, 2, 3],
        [3, 2, 1],
        [0, 1, 0],
      ],
      [0, 1, 1],
      { optimizer: sgd({ learningRate: 0.2 }), epochs: 20 },
    );
    return net.save();
  };
  const cold = await trained();
  await warmUp();
  expect(await trained()).toEqual(cold);
  await Promise.all([warmUp(), warmUp()]);
  expect(await trained()).toEqual(cold);
});
