import { describe, expect, test } from "vitest";
import { Activation, Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { Arena } from "../kernels/harness.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { crossEntropy } from "./crossEntropy.ts";
import { byAxis, type Case, cases, expectPublished } from "./onnx.ts";

/** Runs a node on a matrix. What the node does not give is in `attributes` by its default. */
type Node = (arena: Arena, x: number[], rows: number, columns: number, attributes: Record<string, unknown>) => number[];

const elementwise =
  (code: (attributes: Record<string, unknown>) => Activation, p?: string, q?: string): Node =>
  (arena, x, rows, columns, attributes) => {
    const [Z, A] = [arena.input(x, rows, columns), arena.output(rows, columns)];
    const parameters = [p, q].map((name) => new Double(name ? (attributes[name] as number) : 0));
    arena.run(rows, [Op.Activate, A, Z, Z.rowBytes, code(attributes), ...parameters]);
    return arena.values(A);
  };

const softmax: Node = (arena, x, rows, columns) => {
  const [Z, A] = [arena.input(x, rows, columns), arena.output(rows, columns)];
  arena.run(rows, [Op.Softmax, A, Z, Z.rowBytes, columns, 1]);
  return arena.values(A);
};

/** The logarithm of the probabilities would be −∞ where those are 0: it is the loss on each class instead. */
const logSoftmax: Node = (arena, x, rows, columns) =>
  Array.from({ length: rows }, (_, i) => x.slice(i * columns, (i + 1) * columns)).flatMap((logits) =>
    logits.map((_, label) => -crossEntropy(arena, logits, label)),
  );

/** The nodes with the attributes that they know, by their defaults. */
const NODES: Record<string, { run: Node; known: Record<string, unknown> }> = {
  Relu: { run: elementwise(() => Activation.Relu), known: {} },
  LeakyRelu: { run: elementwise(() => Activation.LeakyRelu, "alpha"), known: { alpha: 0.01 } },
  // Elu's factor of the whole is 1, which no attribute gives.
  Elu: { run: elementwise(() => Activation.Elu, "alpha", "gamma"), known: { alpha: 1, gamma: 1 } },
  Selu: {
    run: elementwise(() => Activation.Elu, "alpha", "gamma"),
    known: { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 },
  },
  Gelu: {
    run: elementwise(({ approximate }) => (approximate === "tanh" ? Activation.GeluTanh : Activation.Gelu)),
    known: { approximate: "none" },
  },
  HardSigmoid: {
    run: elementwise(() => Activation.HardSigmoid, "alpha", "beta"),
    known: { alpha: 0.2, beta: 0.5 },
  },
  Softplus: { run: elementwise(() => Activation.Softplus), known: {} },
  Sigmoid: { run: elementwise(() => Activation.Sigmoid), known: {} },
  Tanh: { run: elementwise(() => Activation.Tanh), known: {} },
  Softmax: { run: softmax, known: { axis: -1 } },
  LogSoftmax: { run: logSoftmax, known: { axis: -1 } },
};

/** Cases that cannot run, with the attribute that is missing. */
const MISSING: Record<string, string> = {};

/** The attribute of a case that its node does not know. */
const missing = ({ op, attributes }: Case) => Object.keys(attributes).find((name) => !(name in NODES[op]!.known));

const all = cases(Object.keys(NODES));

test("every case of ONNX's activations runs but those that are listed", () => {
  expect(all.length).toBe(37);
  const cannot = all.filter((each) => missing(each) !== undefined);
  expect(Object.fromEntries(cannot.map((each) => [each.name, missing(each)]))).toEqual(MISSING);
});

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);

  test.each(all.filter(({ name }) => !(name in MISSING)))("$name", ({ op, attributes, sets }) => {
    const { run, known } = NODES[op]!;
    for (const { inputs, outputs } of sets) {
      const [x, y] = [inputs[0]!, outputs[0]!];
      const { order, columns } = byAxis(x, (attributes.axis ?? known.axis ?? -1) as number);
      arena.clear();
      const given = order.map((from) => x.values[from]!);
      const values = run(arena, given, order.length / columns, columns, { ...known, ...attributes });
      expectPublished(
        values,
        order.map((from) => y.values[from]!),
        "y",
      );
    }
  });
});
