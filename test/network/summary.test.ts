import { expect, test } from "vitest";
import { adam, batchNorm, conv2d, dense, dropout, flatten, maxPool2d, Network, sgd } from "../../src/index.ts";
import { allocated } from "./allocated.ts";

const lenet = () =>
  Network.create({
    inputs: [28, 28, 1],
    layers: [
      conv2d(6, 5, { padding: 2, activation: "relu" }),
      maxPool2d(2),
      conv2d(16, 5, { activation: "relu", trainable: false }),
      maxPool2d(2),
      flatten(),
      dense(120, "relu"),
      dense(10),
    ],
    loss: "softmaxCrossEntropy",
  });

test("a summary has the layers with their shapes, parameters and work, and the parts of the memory", async () => {
  const lines = (await lenet()).summary({ batchSize: 64, optimizer: adam() }).split("\n");
  // 25·6 + 6 and 784·25·6; 150·16 + 16 and 100·150·16; 400·120 + 120; 120·10 + 10
  expect(lines.slice(0, 11)).toEqual([
    "   layer      output        parameters  multiply-adds",
    "   inputs     [28, 28, 1]",
    "0  conv2d     [28, 28, 6]          156        117,600",
    "1  maxPool2d  [14, 14, 6]            0              0",
    "2  conv2d     [10, 10, 16]       2,416        240,000",
    "3  maxPool2d  [5, 5, 16]             0              0",
    "4  flatten    [400]                  0              0",
    "5  dense      [120]             48,120         48,000",
    "6  dense      [10]               1,210          1,200",
    "   all                          51,902        406,800",
    "2,416 parameters are not trained",
  ]);
  const bytes = new Map(
    lines.slice(11).map((line) => {
      const [, name, size, unit] = /^ *(.+?) +([\d.]+) ([KM])iB$/.exec(line)!;
      return [name, Number(size) * (unit === "K" ? 2 ** 10 : 2 ** 20)];
    }),
  );
  // Numbers of f32 with the channels and units of whole vectors: 25·8 + 8, 150·16 + 16, 400·120 + 120 and 120·12 + 12
  const parameters = 4 * (208 + 2416 + 48120 + 1452);
  const rounding = 0.06 * 2 ** 10;
  expect(Math.abs(bytes.get("parameters")! - parameters)).toBeLessThan(rounding);
  expect(Math.abs(bytes.get("gradients")! - parameters)).toBeLessThan(rounding);
  // Two moments, and the clock
  expect(Math.abs(bytes.get("the optimizer")! - 2 * parameters)).toBeLessThan(rounding + 100);
  const [all, ...parts] = [...bytes.values()];
  expect(Math.abs(all! - parts.reduce((a, b) => a + b))).toBeLessThan(0.06 * 2 ** 20);
});

test("its memory is what training takes, but for the rows", async () => {
  const layers = [conv2d(9, 3), batchNorm(), dropout(0.5), maxPool2d(2), flatten(), dense(2)];
  const net = await Network.create({ inputs: [12, 11, 3], layers, loss: "softmaxCrossEntropy" });
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
  const [, size] = /memory +([\d.]+) MiB/.exec(net.summary({ batchSize: 200, optimizer }))!;
  const options = { optimizer, batchSize: 200 };
  const sizes = await allocated(() => net.fit(new Uint8Array(200 * 396), new Uint8Array(200), options));
  // Rows of bytes with their labels and order, whole pages, and a tenth of a MiB
  const rows = 200 * (396 + 4 + 4);
  expect(Math.abs(Math.max(...sizes) - rows - Number(size) * 2 ** 20)).toBeLessThan(65536 + 0.06 * 2 ** 20);
});
