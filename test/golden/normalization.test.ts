// ONNX's node tests of LayerNormalization, BatchNormalization and Dropout, through the kernels.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { Arena, expectClose } from "../kernels/harness.ts";
import { PRECISIONS } from "../reference/precision.ts";

interface Tensor {
  readonly shape: number[];
  readonly dtype: "f32" | "bool";
  readonly b64: string;
}

interface Case {
  readonly name: string;
  readonly op: "LayerNormalization" | "BatchNormalization" | "Dropout";
  readonly attr: { [name: string]: number };
  readonly out: string[];
  readonly sets: { inputs: Tensor[]; outputs: Tensor[] }[];
}

const file = new URL("./onnx_normalization.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")).cases as Case[];

/** What the kernels cannot do: the mask is drawn by the generator that the attribute `seed` starts, ours by the place of each number. */
const DRAWN = "input t (training_mode) with a ratio above 0: the attribute seed starts another generator";
const REST: { readonly [name: string]: string } = {
  test_training_dropout: DRAWN,
  test_training_dropout_default: DRAWN,
  test_training_dropout_default_mask: DRAWN,
  test_training_dropout_mask: DRAWN,
};

function numbers({ dtype, b64 }: Tensor): number[] {
  const bytes = new Uint8Array(Buffer.from(b64, "base64"));
  return Array.from(dtype === "bool" ? bytes : new Float32Array(bytes.buffer));
}

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
  function layerNormalization({ attr }: Case, [x, scale, bias]: Tensor[]): number[][] {
    const axis = attr.axis ?? -1;
    const shape = x!.shape;
    const columns = product(shape.slice(axis));
    const rows = product(shape) / columns;
    const X = arena.input(numbers(x!), rows, columns);
    const [gamma, beta] = [scale!, bias!].map((t) => arena.input(numbers(t), 1, columns, { value: 0 }));
    const a = arena.output(rows, columns);
    const statistics = arena.output(1, 2 * rows);
    const epsilon = new Double(attr.epsilon ?? 1e-5);
    arena.run(rows, [Op.LayerNormForward, a, X, gamma!, beta!, statistics, columns, X.rowBytes, epsilon]);
    const pairs = arena.values(statistics);
    return [arena.values(a), pairs.filter((_, i) => i % 2 === 0), pairs.filter((_, i) => i % 2 === 1)];
  }

  /** [n][c][h][w]: the h·w positions of an image are as many rows of c channels. */
  function batchNormalization({ attr }: Case, [x, ...channels]: Tensor[]): number[][] {
    const [n, c, h, w] = x!.shape as [number, number, number, number];
    const repeat = h * w;
    const X = arena.input(swapped(numbers(x!), c, repeat), n * repeat, c);
    const values = channels.map(numbers);
    const [gamma, beta] = values.slice(0, 2).map((v) => arena.input(v, 1, c, { value: 0 }));
    const [runningMean, runningVariance] = values.slice(2).map((v) => arena.inOut(v, 1, c, { value: 0 }));
    const a = arena.output(n * repeat, c);
    const epsilon = new Double(attr.epsilon ?? 1e-5);
    const result = () => swapped(arena.values(a), repeat, c);
    if (!attr.training_mode) {
      const workspace = arena.workspace(X.rowBytes);
      const statistics = [runningMean!, runningVariance!, repeat, X.rowBytes, workspace, epsilon];
      arena.run(n, [Op.BatchNormApply, a, X, gamma!, beta!, ...statistics]);
      return [result()];
    }
    // ONNX's momentum is the part that stays, and its running variance takes in the biased one: ours, N / (N − 1) larger.
    const stays = attr.momentum ?? 0.9;
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
  function dropout({ out }: Case, [x, ratio, training]: Tensor[]): number[][] | undefined {
    const rate = training && numbers(training)[0] ? numbers(ratio!)[0]! : 0;
    if (rate > 0) return undefined;
    const values = numbers(x!);
    const X = arena.input(values, 1, values.length);
    const [a, mask] = [arena.output(1, values.length), arena.output(1, values.length)];
    const seed = [0, 0, 0];
    arena.run(1, [
      Op.DropoutForward,
      ...[a, X, mask, values.length, X.rowBytes, arena.cursor(), ...seed, arena.workspace(96), new Double(rate)],
    ]);
    return [arena.values(a), arena.values(mask)].slice(0, out.length);
  }

  const run = (node: Case): number[][] | undefined => {
    arena.clear();
    const kernels = {
      LayerNormalization: layerNormalization,
      BatchNormalization: batchNormalization,
      Dropout: dropout,
    };
    return kernels[node.op](node, node.sets[0]!.inputs);
  };

  test.each(cases.filter(({ name }) => !(name in REST)))("$name comes out as published", (node) => {
    const outputs = run(node)!;
    const published = node.sets[0]!.outputs.map(numbers);
    expect(outputs.map(({ length }) => length)).toEqual(published.map(({ length }) => length));
    for (const [o, values] of outputs.entries()) {
      for (const [i, value] of values.entries()) {
        const expected = published[o]![i]!;
        // The published numbers are of f32, computed in another order.
        expectClose(value, expected, 1e-6 + 1e-5 * Math.abs(expected), `${node.out[o]} ${i}`);
      }
    }
  });

  test("what does not run is exactly the rest", () => {
    const counted = (op: Case["op"]) => cases.filter((node) => node.op === op).length;
    expect([counted("LayerNormalization"), counted("BatchNormalization"), counted("Dropout")]).toEqual([19, 4, 12]);
    expect(cases.filter((node) => !run(node)).map(({ name }) => name)).toEqual(Object.keys(REST));
  });
});
