// ONNX's node tests of SoftmaxCrossEntropyLoss, through the loss's kernel.
import { describe, expect, test } from "vitest";
import { Arena } from "../kernels/harness.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { crossEntropy } from "./crossEntropy.ts";
import { byAxis, type Case, cases, expectPublished, type Tensor } from "./onnx.ts";

/** Cases whose loss cannot run, with what is missing: the attribute for rows without a loss, the input for weights of the classes. */
const MISSING: Readonly<Record<string, readonly string[]>> = {
  test_sce_NCd1_mean_weight_negative_ii: ["ignore_index", "weights"],
  test_sce_NCd1_mean_weight_negative_ii_log_prob: ["ignore_index", "weights"],
  test_sce_NCd1d2d3_none_no_weight_negative_ii: ["ignore_index"],
  test_sce_NCd1d2d3_none_no_weight_negative_ii_log_prob: ["ignore_index"],
  test_sce_NCd1d2d3_sum_weight_high_ii: ["ignore_index", "weights"],
  test_sce_NCd1d2d3_sum_weight_high_ii_log_prob: ["ignore_index", "weights"],
  test_sce_NCd1d2d3d4d5_mean_weight: ["weights"],
  test_sce_NCd1d2d3d4d5_mean_weight_log_prob: ["weights"],
  test_sce_mean_no_weight_ii: ["ignore_index"],
  test_sce_mean_no_weight_ii_3d: ["ignore_index"],
  test_sce_mean_no_weight_ii_3d_log_prob: ["ignore_index"],
  test_sce_mean_no_weight_ii_4d: ["ignore_index"],
  test_sce_mean_no_weight_ii_4d_log_prob: ["ignore_index"],
  test_sce_mean_no_weight_ii_log_prob: ["ignore_index"],
  test_sce_mean_weight: ["weights"],
  test_sce_mean_weight_ii: ["ignore_index", "weights"],
  test_sce_mean_weight_ii_3d: ["ignore_index", "weights"],
  test_sce_mean_weight_ii_3d_log_prob: ["ignore_index", "weights"],
  test_sce_mean_weight_ii_4d: ["ignore_index", "weights"],
  test_sce_mean_weight_ii_4d_log_prob: ["ignore_index", "weights"],
  test_sce_mean_weight_ii_log_prob: ["ignore_index", "weights"],
  test_sce_mean_weight_log_prob: ["weights"],
  test_sce_none_weights: ["weights"],
  test_sce_none_weights_log_prob: ["weights"],
};

/** What a case has that the loss does not offer. */
function missing({ attributes, sets }: Case): string[] {
  const unknown = Object.keys(attributes).filter((name) => name !== "reduction");
  return sets.some(({ inputs }) => inputs.length > 2) ? [...unknown, "weights"] : unknown;
}

const REDUCTIONS: Readonly<Record<string, (losses: number[]) => number[]>> = {
  none: (losses) => losses,
  sum: (losses) => [losses.reduce((sum, loss) => sum + loss, 0)],
  mean: (losses) => [losses.reduce((sum, loss) => sum + loss, 0) / losses.length],
};

const all = cases(["SoftmaxCrossEntropyLoss"]);

test("every loss of ONNX's softmax cross-entropy runs but those that are listed", () => {
  expect(all.length).toBe(34);
  const cannot = all.map((each) => [each.name, missing(each)] as const).filter(([, what]) => what.length > 0);
  expect(Object.fromEntries(cannot)).toEqual(MISSING);
});

/** The logits row by row, [N, C, d…] to [N·d…][C], and the place of each in the tensor. */
function rowsOf(x: Tensor): { logits: number[]; places: number[] }[] {
  const { order, columns } = byAxis(x, 1);
  return Array.from({ length: order.length / columns }, (_, i) => {
    const places = order.slice(i * columns, (i + 1) * columns);
    return { logits: places.map((from) => x.values[from]!), places };
  });
}

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);

  test.each(all.filter(({ name }) => !(name in MISSING)))("the loss of $name", ({ attributes, sets }) => {
    for (const { inputs, outputs } of sets) {
      const [x, labels] = [inputs[0]!, inputs[1]!];
      const losses = rowsOf(x).map(({ logits }, i) => crossEntropy(arena, logits, labels.values[i]!));
      expectPublished(REDUCTIONS[attributes.reduction as string]!(losses), outputs[0]!.values, "the loss");
    }
  });

  // It depends on the logits alone, so what the losses miss is not missed here.
  test.each(all.filter(({ sets }) => sets[0]!.outputs.length > 1))("the logarithms of $name", ({ sets }) => {
    for (const { inputs, outputs } of sets) {
      const logProb: number[] = [];
      for (const { logits, places } of rowsOf(inputs[0]!)) {
        for (const [label, place] of places.entries()) logProb[place] = -crossEntropy(arena, logits, label);
      }
      expectPublished(logProb, outputs[1]!.values, "log_prob");
    }
  });
});
