import { describe, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import * as reference from "../reference/dense.ts";
import { normal, PRECISIONS } from "../reference/precision.ts";
import { Arena, expectClose, type Rows } from "./harness.ts";

// Sizes: every rows × inputs × outputs in 1…33 (eight tiles of four rows and one row more; in f32 four tiles of two vectors and
// a lane more), and, since blocks would be of powers of two, each dimension around 64, 128 and 256 with the others short.
const SMALL = Array.from({ length: 33 }, (_, i) => i + 1);
const LONG = [63, 64, 65, 127, 128, 129, 255, 256, 257];
const SHORT = [1, 3, 6, 17];
/** For what does not need every size: each residue by the tiles' 4 rows and by 1, 2 and 4 vectors, after no, one and several whole tiles. */
const SOME = [1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33];

function* all(list: number[]): Generator<reference.Sizes> {
  for (const rows of list) for (const inputs of list) for (const outputs of list) yield { rows, inputs, outputs };
}

function* long(): Generator<reference.Sizes> {
  for (const size of LONG) {
    for (const a of SHORT) {
      for (const b of SHORT) {
        yield { rows: size, inputs: a, outputs: b };
        yield { rows: a, inputs: size, outputs: b };
        yield { rows: a, inputs: b, outputs: size };
      }
    }
  }
}

const largest = 257 * 17;

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const a = normal(precision, largest, 1);
  const w = normal(precision, largest, 2);
  const b = normal(precision, 257, 3);
  const dz = normal(precision, largest, 4);
  const start = normal(precision, largest, 5);
  const expected = precision.array(largest);
  const biases = precision.array(257);

  const label = ({ rows, inputs, outputs }: reference.Sizes) => `${rows} rows, ${inputs} inputs, ${outputs} outputs`;

  /** `vectors`: how much wider than needed the rows are that a product does not write. */
  function runForward({ rows, inputs, outputs }: reference.Sizes, vectors = 0) {
    arena.clear();
    const A = arena.input(a, rows, inputs, { vectors });
    const W = arena.input(w, inputs, outputs, { value: 0 });
    const B = arena.input(b, 1, outputs, { value: 0 });
    const z = arena.output(rows, outputs);
    arena.run(rows, [Op.DenseForward, z, A, W, B, inputs, z.rowBytes, A.rowBytes]);
    return z;
  }

  function runWeightGradient({ rows, inputs, outputs }: reference.Sizes, accumulate: 0 | 1, vectors = 0) {
    arena.clear();
    const A = arena.input(a, rows, inputs, { vectors });
    const D = arena.input(dz, rows, outputs, { value: 0 });
    const dw = accumulate ? arena.inOut(start, inputs, outputs, { value: 0 }) : arena.output(inputs, outputs);
    const db = accumulate ? arena.inOut(start, 1, outputs, { value: 0 }) : arena.output(1, outputs);
    arena.run(rows, [Op.DenseWeightGradient, dw, db, A, D, inputs, A.rowBytes, D.rowBytes, accumulate]);
    return { dw, db };
  }

  function runInputGradient({ rows, inputs, outputs }: reference.Sizes, vectors = 0) {
    arena.clear();
    const D = arena.input(dz, rows, outputs, { vectors });
    const W = arena.input(w, inputs, outputs, { vectors });
    const wt = arena.output(outputs, inputs);
    const da = arena.output(rows, inputs);
    arena.run(
      rows,
      [Op.Transpose, wt, W, inputs, outputs, wt.rowBytes, W.rowBytes],
      [Op.DenseInputGradient, da, D, wt, outputs, da.rowBytes, D.rowBytes],
    );
    return da;
  }

  describe.each([
    ["1…33 in each dimension", () => all(SMALL), 0],
    ["sizes around 64, 128 and 256", long, 0],
    ["rows a vector wider than needed", () => all(SOME), 1],
  ] as const)("%s", (_, sizes, vectors) => {
    test("denseForward adds to the bias in index order, bit for bit, and writes zero padding", () => {
      for (const size of sizes()) {
        const z = runForward(size, vectors);
        reference.forward(reference.inOrder, expected, a, w, b, size);
        arena.expectExactly(z, expected, 0, label(size));
      }
    });

    test.each([0, 1] as const)(
      "denseWeightGradient with accumulate %i adds in the order of the rows, bit for bit, and writes zero padding",
      (accumulate) => {
        const from = accumulate ? start : undefined;
        for (const size of sizes()) {
          const { dw, db } = runWeightGradient(size, accumulate, vectors);
          reference.weightGradient(reference.inOrder, expected, from, a, dz, size);
          arena.expectExactly(dw, expected, 0, `weights, ${label(size)}`);
          reference.biasGradient(reference.inOrder, biases, from, dz, size);
          arena.expectExactly(db, biases, 0, `biases, ${label(size)}`);
        }
      },
    );

    test("transpose and denseInputGradient add from 0 in index order, bit for bit, and write zero padding", () => {
      for (const size of sizes()) {
        const da = runInputGradient(size, vectors);
        reference.inputGradient(reference.inOrder, expected, dz, w, size);
        arena.expectExactly(da, expected, 0, label(size));
      }
    });
  });

  test("transpose moves every element of every shape up to 33 × 33, and writes zero padding", () => {
    for (const rows of SMALL) {
      for (const columns of SMALL) {
        arena.clear();
        const W = arena.input(w, rows, columns, { vectors: rows % 3 });
        const T = arena.output(columns, rows, { vectors: columns % 2 });
        arena.run(1, [Op.Transpose, T, W, rows, columns, T.rowBytes, W.rowBytes]);
        const transposed = Array.from(
          { length: rows * columns },
          (_, i) => w[(i % rows) * columns + Math.floor(i / rows)]!,
        );
        arena.expectExactly(T, transposed, 0, `${rows} × ${columns}`);
      }
    }
  });

  /** Throws unless each element is within count·ε·Σ|a·b| of its value. */
  function expectWithin(matrix: Rows, value: Float64Array, sum: Float64Array, count: number, what: string) {
    for (const [i, element] of arena.values(matrix).entries()) {
      expectClose(element, value[i]!, count * precision.epsilon * sum[i]!, `${what}: element ${i}`);
    }
  }

  // k products and sums round each by at most ε/2 of a partial sum, which Σ|a·b| bounds: k·ε/2·Σ from 0, where the first sum is
  // exact, (k + 1)·ε/2·Σ from a bias; the other half is left to the terms of second order and, in f64, to the reference's products.
  describe("to within k·ε·Σ|a·b| of float64", () => {
    const value = new Float64Array(largest);
    const sum = new Float64Array(largest);
    const sizes = () => [...all(SOME), ...long()];

    test("denseForward", () => {
      for (const size of sizes()) {
        reference.forward(reference.compensated, value, a, w, b, size);
        reference.forward(reference.magnitude, sum, a, w, b, size);
        expectWithin(runForward(size), value, sum, size.inputs + 1, label(size));
      }
    });

    test("denseWeightGradient", () => {
      for (const size of sizes()) {
        const { dw, db } = runWeightGradient(size, 0);
        reference.weightGradient(reference.compensated, value, undefined, a, dz, size);
        reference.weightGradient(reference.magnitude, sum, undefined, a, dz, size);
        expectWithin(dw, value, sum, size.rows, `weights, ${label(size)}`);
        reference.biasGradient(reference.compensated, value, undefined, dz, size);
        reference.biasGradient(reference.magnitude, sum, undefined, dz, size);
        expectWithin(db, value, sum, size.rows, `biases, ${label(size)}`);
      }
    });

    test("denseInputGradient", () => {
      for (const size of sizes()) {
        reference.inputGradient(reference.compensated, value, dz, w, size);
        reference.inputGradient(reference.magnitude, sum, dz, w, size);
        expectWithin(runInputGradient(size), value, sum, size.outputs, label(size));
      }
    });
  });

  // 0·NaN and 0·∞ are NaN: no product may be left out because a factor is 0.
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "a weight of %d makes NaN of its output in every row whose input is 0, and of no other",
    (special) => {
      for (const [rows, inputs, outputs] of [
        [1, 1, 1],
        [5, 7, 9],
        [4, 4, 8],
        [3, 17, 17],
      ] as const) {
        for (let at = 0; at < inputs * outputs; at++) {
          arena.clear();
          const weights = precision.array(w.subarray(0, inputs * outputs));
          weights[at] = special;
          const A = arena.input(precision.array(rows * inputs), rows, inputs);
          const W = arena.input(weights, inputs, outputs, { value: 0 });
          const B = arena.input(b, 1, outputs, { value: 0 });
          const z = arena.output(rows, outputs);
          arena.run(rows, [Op.DenseForward, z, A, W, B, inputs, z.rowBytes, A.rowBytes]);
          const biasOrNaN = Array.from({ length: rows * outputs }, (_, i) =>
            i % outputs === at % outputs ? Number.NaN : b[i % outputs]!,
          );
          arena.expectExactly(z, biasOrNaN, 0, `weight ${at} of ${inputs} × ${outputs}`);
        }
      }
    },
  );
});
