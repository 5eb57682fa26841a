import { describe, expect, test } from "vitest";
import { Activation, Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { Arena, expectClose } from "../kernels/harness.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { type Case, cases, type Tensor } from "./onnx.ts";

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
  arena.run(rows, [Op.Softmax, A, Z, Z.rowBytes, columns]);
  return arena.values(A);
};

/** log softmax(z)_j is what softmaxCrossEntropy loses on the target j: the logarithm of the probabilities would be −∞ where those are 0. */
const logSoftmax: Node = (arena, x, rows, columns) =>
  Array.from({ length: rows * columns }, (_, at) => {
    arena.clear();
    const from = at - (at % columns);
    const Z = arena.input(x.slice(from, from + columns), 1, columns);
    const Y = arena.input(
      Array.from({ length: columns }, (_, j) => Number(from + j === at)),
      1,
      columns,
    );
    const [delta, cursor] = [arena.output(1, columns), arena.cursor()];
    arena.run(1, [Op.SoftmaxCrossEntropy, delta, Z, Y, cursor, columns, Z.rowBytes, new Double(0)]);
    return -arena.cursorFields(cursor).loss;
  });

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

/** The places of a tensor's values when `axis` becomes the last: [rows][columns of the axis]. */
function byAxis({ shape, values }: Tensor, axis: number): { order: number[]; columns: number } {
  const columns = shape.at(axis) ?? 1;
  const inner = shape.slice(((axis + shape.length) % shape.length) + 1).reduce((a, b) => a * b, 1);
  const order = values.map((_, i) => {
    const row = Math.floor(i / columns);
    return Math.floor(row / inner) * inner * columns + (i % columns) * inner + (row % inner);
  });
  return { order, columns };
}

const all = cases(Object.keys(NODES));

test("every case of ONNX's activations runs but those that are listed", () => {
  expect(all.length).toBe(37);
  const cannot = all.filter((each) => missing(each) !== undefined);
  expect(Object.fromEntries(cannot.map((each) => [each.name, missing(each)]))).toEqual(MISSING);
});

// ONNX compares at 1e-3 and 1e-7; its values are those of f32 arithmetic.
describe.each(PRECISIONS)("in $name, to 1e-5 of the value and 1e-6", async (precision) => {
  const arena = await Arena.create(precision);

  test.each(all.filter(({ name }) => !(name in MISSING)))("$name", ({ op, attributes, sets }) => {
    const { run, known } = NODES[op]!;
    const given = { ...known, ...attributes };
    for (const { inputs, outputs } of sets) {
      const [x, y] = [inputs[0]!, outputs[0]!];
      const { order, columns } = byAxis(x, (given.axis as number | undefined) ?? -1);
      arena.clear();
      const values = run(
        arena,
        order.map((from) => x.values[from]!),
        order.length / columns,
        columns,
        given,
      );
      for (const [i, from] of order.entries()) {
        const expected = y.values[from]!;
        expectClose(values[i]!, expected, 1e-5 * Math.abs(expected) + 1e-6, `place ${from}`);
      }
    }
  });
});
