// ONNX's node tests of LayerNormalization, BatchNormalization and Dropout, through the kernels.
import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { Arena } from "../kernels/harness.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { type Case, cases, expectPublished, type Tensor } from "./onnx.ts";

const all = cases(["LayerNormalization", "BatchNormalization", "Dropout"]);

/** What the kernels cannot do: the mask is drawn by the generator that the attribute `seed` starts, ours by the place of each number. */
const DRAWN = "input t (training_mode) with a ratio above 0: the attribute seed starts another generator";
const REST: { readonly [name: string]: string } = {
  test_training_dropout: DRAWN,
  test_training_dropout_default: DRAWN,
  test_training_dropout_default_mask: DRAWN,
  test_training_dropout_mask: DRAWN,
};

/** Attributes, those that are not given missing. */
type Given = Readonly<Partial<Record<string, number>>>;

const product = (sizes: readonly number[]) => sizes.reduce((size, n) => size * n, 1);

/** [n][c][…] ↔ [n][…][c]: from `inner` numbers of each of c channels to c channels of each of `inner` numbers. */
function swapped(values: readonly number[], c: number, inner: number): number[] {
  return values.map((_, to) => {
    const [n, rest] = [Math.floor(to / (c * inner)), to % (c * inner)];
    return values[n * c * inner + (rest % c) * inner + Math.floor(rest / c)]!;
  });
}

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);

  /** The axes from `axis` on are one row. */
  function layerNormalization({ attributes }: Case, [x, scale, bias]: readonly Tensor[]): number[][] {
    const { axis = -1, epsilon = 1e-5 } = attributes as Given;
    const shape = x!.shape;
    const columns = product(shape.slice(axis));
    const rows = product(shape) / columns;
    const X = arena.input(x!.values, rows, columns);
    const [gamma, beta] = [scale!, bias!].map((t) => arena.input(t.values, 1, columns, { value: 0 }));
    const a = arena.output(rows, columns);
    const statistics = arena.output(1, 2 * rows);
    const record = [a, X, gamma!, beta!, statistics, columns, 1, X.rowBytes, new Double(epsilon)];
    arena.run(rows, [Op.LayerNormForward, ...record]);
    const pairs = arena.values(statistics);
    return [arena.values(a), pairs.filter((_, i) => i % 2 === 0), pairs.filter((_, i) => i % 2 === 1)];
  }

  /** [n][c][h][w]: the h·w positions of an image are as many rows of c channels. */
  function batchNormalization({ attributes }: Case, [x, ...channels]: readonly Tensor[]): number[][] {
    // ONNX's momentum is the part that stays.
    const { training_mode, momentum: stays = 0.9, ...given } = attributes as Given;
    const epsilon = new Double(given.epsilon ?? 1e-5);
    const [n, c, h, w] = x!.shape as [number, number, number, number];
    const repeat = h * w;
    const X = arena.input(swapped(x!.values, c, repeat), n * repeat, c);
    const values = channels.map((t) => t.values);
    const [gamma, beta] = values.slice(0, 2).map((v) => arena.input(v, 1, c, { value: 0 }));
    const [runningMean, runningVariance] = values.slice(2).map((v) => arena.inOut(v, 1, c, { value: 0 }));
    const a = arena.output(n * repeat, c);
    const result = () => swapped(arena.values(a), repeat, c);
    if (!training_mode) {
      const workspace = arena.workspace(X.rowBytes);
      const statistics = [runningMean!, runningVariance!, repeat, X.rowBytes, workspace, epsilon];
      arena.run(n, [Op.BatchNormApply, a, X, gamma!, beta!, ...statistics]);
      return [result()];
    }
    // ONNX's running variance takes in the biased one: ours, N / (N − 1) larger.
    const [mean, variance, inverse] = [arena.output(1, c), arena.output(1, c), arena.output(1, c)];
    const cursor = arena.cursor();
    arena.run(
      n,
      [Op.BatchNormForward, a, X, gamma!, beta!, mean, variance, inverse, c, repeat, X.rowBytes, epsilon],
      [
        Op.BatchNormCommit,
        ...[runningMean!, runningVariance!, mean, variance, mean.rowBytes, repeat, cursor, new Double(1 - stays)],
      ],
    );
    const biased = arena.values(runningVariance!).map((v, j) => {
      const kept = stays * values[3]![j]!;
      return kept + (v - kept) * (1 - 1 / (n * repeat));
    });
    return [result(), arena.values(runningMean!), biased];
  }

  /** Outside of training, which `t` switches on, nothing is dropped, whatever the ratio. */
  function dropout({ sets }: Case, [x, ratio, training]: readonly Tensor[]): number[][] | undefined {
    const rate = training?.values[0] ? ratio!.values[0]! : 0;
    if (rate > 0) return undefined;
    const { values } = x!;
    const X = arena.input(values, 1, values.length);
    const [a, mask] = [arena.output(1, values.length), arena.output(1, values.length)];
    const seed = [0, 0, 0];
    arena.run(1, [
      Op.DropoutForward,
      ...[a, X, mask, values.length, 1, 1, X.rowBytes, arena.cursor(), ...seed, arena.workspace(96), new Double(rate)],
    ]);
    return [arena.values(a), arena.values(mask)].slice(0, sets[0]!.outputs.length);
  }

  const run = (node: Case): number[][] | undefined => {
    arena.clear();
    const kernels = {
      LayerNormalization: layerNormalization,
      BatchNormalization: batchNormalization,
      Dropout: dropout,
    };
    return kernels[node.op as keyof typeof kernels](node, node.sets[0]!.inputs);
  };

  test.each(all.filter(({ name }) => !(name in REST)))("$name comes out as published", (node) => {
    const values = run(node)!;
    const { outputs } = node.sets[0]!;
    expect(values.length).toBe(outputs.length);
    for (const [o, published] of outputs.entries()) expectPublished(values[o]!, published.values, `output ${o}`);
  });

  test("what does not run is exactly the rest", () => {
    const counted = (op: string) => all.filter((node) => node.op === op).length;
    expect([counted("LayerNormalization"), counted("BatchNormalization"), counted("Dropout")]).toEqual([19, 4, 12]);
    expect(all.filter((node) => !run(node)).map(({ name }) => name)).toEqual(Object.keys(REST));
  });
});
