// ONNX's node tests of Gemm, Y = alpha·A·B + beta·C, through the dense layer's kernel: X = A, its weights alpha·B, its biases beta·C.
import { describe, expect, test } from "vitest";
import { Arena } from "../kernels/harness.ts";
import { forward } from "../kernels/layer.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { byAxis, cases, expectPublished, type Tensor } from "./onnx.ts";

/** The attributes by their defaults. */
const KNOWN = { alpha: 1, beta: 1, transA: 0, transB: 0 };

const all = cases(["Gemm"]);

test("no case of Gemm has an attribute beyond those that run", () => {
  expect(all.length).toBe(11);
  expect(all.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => !(name in KNOWN))).toEqual([]);
});

/** The matrix, or its transpose where `transpose` is not 0. */
function oriented(matrix: Tensor, transpose: number): Tensor {
  if (!transpose) return matrix;
  return {
    shape: matrix.shape.toReversed(),
    values: byAxis(matrix, 0).order.map((from) => matrix.values[from]!),
  };
}

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);

  test.each(all)("$name", ({ attributes, sets }) => {
    const { alpha, beta, transA, transB } = { ...KNOWN, ...attributes };
    for (const { inputs, outputs } of sets) {
      const [x, weights] = [oriented(inputs[0]!, transA), oriented(inputs[1]!, transB)];
      const [rows, columns] = outputs[0]!.shape as [number, number];
      const k = x.shape[1]!;
      // alpha·B is exact, the alphas being powers of 2, and beta·C rounded once, as by ONNX.
      const w = precision.array(weights.values.map((value) => alpha * value));
      // C is repeated along the axes that it does not have or that are 1. The layer's biases are one row, so with a matrix C the rows
      // run one by one.
      const c = inputs[2] ?? { shape: [], values: [0] };
      const [height, width] = [1, 1, ...c.shape].slice(-2) as [number, number];
      const together = height === 1 ? rows : 1;
      const values: number[] = [];
      for (let i = 0; i < rows; i += together) {
        const b = precision.array(Array.from({ length: columns }, (_, j) => beta * c.values[i * width + (j % width)]!));
        const layer = { x: precision.array(x.values.slice(i * k, (i + together) * k)), w, b };
        values.push(...arena.values(forward(arena, layer, { rows: together, inputs: k, outputs: columns })));
      }
      expectPublished(values, outputs[0]!.values, "Y");
    }
  });
});
