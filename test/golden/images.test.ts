import { describe, expect, test } from "vitest";
import {
  avgPool2d,
  conv2d,
  flatten,
  globalAvgPool,
  type Layer,
  maxPool2d,
  Network,
  type Precision,
} from "../../src/index.ts";
import { expectClose } from "../kernels/harness.ts";
import { type Case, cases, type Tensor } from "./onnx.ts";

// ONNX's nodes for images through networks of one layer. Its tensors are [samples, channels, height, width], and its weights [filters,
// channels, height, width].

interface Attributes {
  readonly kernel_shape?: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly pads?: readonly [top: number, left: number, bottom: number, right: number];
  readonly auto_pad?: "SAME_UPPER" | "SAME_LOWER" | "VALID" | "NOTSET";
  readonly ceil_mode?: number;
  readonly count_include_pad?: number;
  readonly storage_order?: number;
}

/** [top, bottom, left, right]: SAME_LOWER and ceil_mode said in positions, the latter as more of them below and on the right. */
function paddingOf(given: Attributes, [height, width]: readonly [number, number]) {
  const { kernel_shape: kernel, strides = [1, 1], dilations = [1, 1], auto_pad: auto, ceil_mode = 0 } = given;
  if (auto === "SAME_UPPER") return "same" as const;
  const [top, left, bottom, right] = given.pads ?? [0, 0, 0, 0];
  const along = (size: number, axis: 0 | 1, before: number, after: number) => {
    const [stride, extent] = [strides[axis], (kernel![axis] - 1) * dilations[axis] + 1];
    if (auto === "SAME_LOWER") {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
      return [Math.ceil(total / 2), Math.floor(total / 2)] as const;
    }
    if (ceil_mode === 0) return [before, after] as const;
    // A window that would begin behind the image and its padding in front is left out.
    let count = Math.ceil((size + before + after - extent) / stride) + 1;
    if ((count - 1) * stride >= size + before) count -= 1;
    return [before, Math.max(0, (count - 1) * stride + extent - size - before)] as const;
  };
  const [y, x] = [along(height, 0, top, bottom), along(width, 1, left, right)];
  return [...y, ...x] as const;
}

/** Rows of [height, width, channels]. */
function rowsOf({ shape, values }: Tensor): number[][] {
  const [samples, channels, ...sizes] = shape as [number, number, ...number[]];
  const positions = sizes.reduce((product, size) => product * size, 1);
  return Array.from({ length: samples }, (_, n) =>
    Array.from({ length: positions * channels }, (_, i) => {
      const [position, channel] = [Math.floor(i / channels), i % channels];
      return values[(n * channels + channel) * positions + position]!;
    }),
  );
}

function layerOf({ op, attributes }: Case, [x, w]: readonly Tensor[]): Layer {
  const given = attributes as Attributes;
  const [height, width] = x!.shape.slice(2) as [number, number];
  if (op === "GlobalAveragePool") return globalAvgPool();
  const padding = paddingOf(given, [height, width]);
  const { kernel_shape: kernel, strides: stride = [1, 1], dilations: dilation = [1, 1] } = given;
  if (op === "Conv") return conv2d(w!.shape[0]!, kernel!, { stride, padding, dilation, bias: false });
  if (op === "MaxPool") return maxPool2d(kernel!, { stride, padding });
  return avgPool2d(kernel!, { stride, padding, countPadding: given.count_include_pad === 1 });
}

async function run(node: Case, tensors: readonly Tensor[], precision: Precision): Promise<ArrayLike<number>> {
  const [x, w] = tensors as [Tensor, Tensor?];
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const net = await Network.create({
    inputs: [height, width, channels],
    layers: [layerOf(node, tensors), flatten()],
    loss: "meanSquaredError",
    precision,
  });
  if (w) {
    const [filters] = w.shape as [number];
    const weights = rowsOf(w);
    const turned = weights[0]!.flatMap((_, i) => Array.from({ length: filters }, (_, f) => weights[f]![i]!));
    net.setParameters([{ weights: turned }, {}]);
  }
  return net.logits(rowsOf(x));
}

const NODES = cases(["Conv", "MaxPool", "AveragePool", "GlobalAveragePool"], "onnx_images").filter(
  ({ sets }) => sets[0]!.inputs[0]!.shape.length === 4,
);

/** What layers here do not offer, by the attribute that asks for it. */
const REFUSED: Record<string, string> = {
  test_averagepool_2d_dilations: "dilations of a pool",
  test_maxpool_2d_dilations: "dilations of a pool",
  // A window of the padding alone: it is 0 there, and refused here.
  test_averagepool_2d_ceil_last_window_starts_on_pad: "ceil_mode with a window outside the image",
};

describe.each(["f32", "f64"] as const)("in %s", (precision) => {
  test.each(NODES.filter(({ name }) => !(name in REFUSED)).map((node) => [node.name, node] as const))(
    "%s is ONNX's",
    async (_, node) => {
      for (const { inputs, outputs } of node.sets) {
        const got = await run(node, inputs, precision);
        const expected = rowsOf(outputs[0]!).flat();
        expect(got.length).toBe(expected.length);
        // ONNX's own tolerance for what it computed in f32
        for (const [i, value] of expected.entries()) {
          expectClose(got[i]!, value, 1e-5 * Math.max(1, Math.abs(value)), `${node.name}: number ${i}`);
        }
      }
    },
  );

  test.each(cases(["Flatten"]).map((node) => [node.name, node] as const))("%s is ONNX's", async (_, node) => {
    const { axis = 1 } = node.attributes as { axis?: number };
    const [{ inputs, outputs }] = node.sets as [Case["sets"][number]];
    const [x, y] = [inputs[0]!, outputs[0]!];
    // The axes behind the first become three: what is more stands in the first, what is less is 1.
    const sizes = [1, 1, 1, ...x.shape.slice(axis)];
    const image = [sizes.slice(0, -2).reduce((product, size) => product * size, 1), ...sizes.slice(-2)];
    const net = await Network.create({ inputs: image, layers: [flatten()], loss: "meanSquaredError", precision });
    const logits = net.logits(x.values);
    expect([logits.length / y.shape[1]!, y.shape[1]]).toEqual(y.shape);
    expect([...logits]).toEqual(y.values);
  });
});

test("what is left out asks for what no layer offers", () => {
  expect(NODES.filter(({ name }) => name in REFUSED)).toHaveLength(Object.keys(REFUSED).length);
});
