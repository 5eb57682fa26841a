import { describe, expect, test } from "vitest";
import {
  avgPool2d,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  globalAvgPool,
  type Layer,
  maxPool2d,
  Network,
  sgd,
} from "../../../src/index.ts";
import { any, refuses, values } from "./refuses.ts";

const create = (layers: readonly Layer[], inputs: readonly number[] = [6, 5, 3]) =>
  Network.create({ inputs, layers, loss: "softmaxCrossEntropy" });

describe("Network.create", () => {
  refuses<() => unknown>(
    "Network.create: ",
    {
      RangeError: {
        "layer 0, conv2d, has a window of 7 × 3, which is larger than its inputs, 6 × 5": () =>
          create([conv2d(2, [7, 3])]),
        "layer 0, conv2d, has a window of 7 × 7, which is larger than its inputs, 6 × 5": () =>
          create([conv2d(2, 4, { dilation: 2 })]),
        "layer 0, conv2d, has a window of 8 × 8, which is larger than its inputs, 8 × 7 with padding [1, 1, 1, 1]":
          () => create([conv2d(2, 8, { padding: 1 })]),
        "layer 1, maxPool2d, has a window of 3 × 3, which is larger than its inputs, 2 × 1": () =>
          create([conv2d(2, 5), maxPool2d(3)]),
        "layer 0, depthwiseConv2d, has a window of 9 × 9, which is larger": () => create([depthwiseConv2d(9)]),
        "layer 0, avgPool2d, has padding [0, 2, 0, 0], expected less than its window, 2 × 2": () =>
          create([avgPool2d(2, { padding: [0, 2, 0, 0] })]),
        "layer 0, avgPool2d, has inputs that are padded to 50001 × 50001, expected at most 2^30 positions": () =>
          create([avgPool2d(50001, { padding: "same", stride: 6, countPadding: true })]),
        "layer 0, depthwiseConv2d, has inputs that are padded to 4294967302 × 5, expected at most 2^30 positions": () =>
          create([depthwiseConv2d(1, { padding: [2 ** 32, 0, 0, 0], stride: [2 ** 31, 1] })]),
        "layer 0, dense, takes [units], and its inputs are [6, 5, 3]; put flatten() before it": () =>
          create([dense(2)]),
        "layer 1, conv2d, takes images [height, width, channels], and its inputs are [90]": () =>
          create([flatten(), conv2d(2, 3)]),
        "layer 0, globalAvgPool, takes images [height, width, channels], and its inputs are [90]": () =>
          create([globalAvgPool()], [90]),
        "layer 1, dropout, drops channels of images [height, width, channels], and its inputs are [90]": () =>
          create([flatten(), dropout(0.5, { over: "channels" })]),
        "the output is [4, 3, 2], expected [units]; put flatten() behind the last layer": () => create([conv2d(2, 3)]),
        "the output is [6, 5, 3], expected [units]; put flatten() behind the last layer": () => create([]),
        'the last layer has activation "softmax", which the loss softmaxCrossEntropy adds itself; leave it out': () =>
          create([conv2d(2, [6, 5], { activation: "softmax" }), flatten()]),
        ...values("inputs is $, expected a positive integer", [0, -1, 2.5], (size) => () => create([], [6, size, 3])),
      },
    },
    (_, make) => make(),
  );
});

describe("layers of images", () => {
  refuses<() => unknown>(
    "",
    {
      TypeError: {
        'conv2d: filters is "3", expected a positive integer': () => conv2d(any("3"), 3),
        "conv2d: kernel is an array, expected a positive integer or [vertical, horizontal]": () =>
          conv2d(2, any([3, 3, 3])),
        "conv2d: kernel is undefined, expected a positive integer": () => conv2d(2, any(undefined)),
        'conv2d: padding is "full", expected "valid", "same", an integer from 0 or four of them': () =>
          conv2d(2, 3, { padding: any("full") }),
        'conv2d: unknown option "strides", expected one of stride': () => conv2d(2, 3, any({ strides: 2 })),
        "conv2d: bias is 1, expected true or false": () => conv2d(2, 3, { bias: any(1) }),
        'maxPool2d: unknown option "countPadding", expected one of stride, padding': () =>
          maxPool2d(2, any({ countPadding: true })),
        'avgPool2d: countPadding is "yes", expected true or false': () => avgPool2d(2, { countPadding: any("yes") }),
      },
      RangeError: {
        ...values(
          "conv2d: stride is $, expected a positive integer",
          [0, -1, 1.5],
          (stride) => () => conv2d(2, 3, { stride }),
        ),
        'dropout: over is "rows", expected one of "numbers", "channels"': () => dropout(0.5, { over: any("rows") }),
        "conv2d: dilation is 0, expected a positive integer": () => conv2d(2, 3, { dilation: [1, 0] }),
        "conv2d: padding is -1, expected": () => conv2d(2, 3, { padding: -1 }),
        "maxPool2d: size is 0, expected a positive integer": () => maxPool2d([2, 0]),
      },
    },
    (_, make) => make(),
  );
});

test.each<[string, (step: number) => Layer]>([
  ["conv2d, stride", (stride) => conv2d(2, [5, 4], { stride })],
  ["conv2d, dilation", (dilation) => conv2d(2, 1, { dilation })],
  ["depthwiseConv2d, stride", (stride) => depthwiseConv2d([5, 4], { stride })],
  ["depthwiseConv2d, dilation", (dilation) => depthwiseConv2d(1, { dilation })],
  ["maxPool2d, stride", (stride) => maxPool2d([5, 4], { stride })],
  ["avgPool2d, stride", (stride) => avgPool2d([5, 4], { stride })],
])("steps that are never taken may have any size: %s", async (_, layer) => {
  const x = [Array.from({ length: 90 }, (_, i) => (i * 37) % 91)];
  const of = async (step: number) => {
    const net = await create([layer(step), flatten(), dense(2)]);
    return { logits: net.logits(x), gradients: net.gradients(x, [1]) };
  };
  const expected = await of(9);
  for (const step of [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) expect(await of(step)).toEqual(expected);
});

test("a filter or channels of another number are refused by the shape of the weights", async () => {
  const net = await create([conv2d(4, 3), flatten(), dense(2)]);
  const given = (weights: number[], shape?: number[]) => () =>
    net.setParameters([{ weights, biases: [0, 0, 0, 0], shape }, {}, net.parameters()[2]!]);
  expect(net.parameters()[0]!.shape).toEqual([3, 3, 3, 4]);
  expect(given(new Array(144).fill(0))).toThrow("layer 0 weights has 36 rows of 4, expected 27");
  expect(given(new Array(108).fill(0), [3, 3, 4, 3])).toThrow("layer 0 shape is [3,3,4,3], expected [3,3,3,4]");
});

test("a batch that needs more than 4 GiB is refused with what needs it, before any of it is asked for", async () => {
  const net = await create([conv2d(64, 3, { padding: "same" }), maxPool2d(2), flatten(), dense(2)], [512, 512, 3]);
  expect(net.summary({ batchSize: 64 })).toContain("GiB");
  const x = new Uint8Array(64 * 512 * 512 * 3);
  const y = new Uint8Array(64);
  await expect(net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 64 })).rejects.toThrow(
    /^Cannot plan the memory: \d+\.\d GiB are needed \(.*rows 0\.\d+, a batch of 64 \d+\.\d\), 4 GiB are the most; smaller batches take less$/,
  );
  expect(net.step).toBe(0);
});
