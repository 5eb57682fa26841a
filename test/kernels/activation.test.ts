import { describe, expect, test } from "vitest";
import { Activation, Op } from "../../assembly/opcodes.ts";
import { activations, type Activation as Reference } from "../reference/activation.ts";
import { softmax } from "../reference/loss.ts";
import { normal, PRECISIONS, type Precision, ulp, uniform } from "../reference/precision.ts";
import { Arena, expectClose } from "./harness.ts";

const CODES = { relu: Activation.Relu, tanh: Activation.Tanh, sigmoid: Activation.Sigmoid } as const;

const ROWS = 9;

/** Rows and columns: every count of vectors in a row up to 33, and each number of lanes in the last. */
function* sizesOf({ lanes }: Precision): Generator<readonly [rows: number, columns: number]> {
  for (let columns = 1; columns <= 33 * lanes; columns++) {
    for (let rows = 1; rows <= ROWS; rows++) yield [rows, columns];
  }
}

/** Infinities, zeros, the ends of the range, subnormal numbers, and where the approximations change their ways. */
const specials = ({ largest, smallest, smallestNormal, epsilon }: Precision) => {
  const ends = [Infinity, largest, largest / 2, 1e4, 746, 710, 709, 104, 89, 88, 87, 38, 20, 18, 17, 9.02, 9, 1];
  const small = [epsilon, smallestNormal, smallestNormal / 2, smallestNormal - smallest, smallest, 0];
  return [...ends, ...small].flatMap((x) => [x, -x]);
};

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const sizes = () => sizesOf(precision);
  const most = ROWS * 33 * precision.lanes;
  const z = normal(precision, most, 1, 3);
  const da = normal(precision, most, 2);
  const positive = uniform(precision, most, 3);

  /** Below the smallest normal number the error is absolute: one such number. */
  function expectActivation({ value, ulps }: Reference, a: number, z: number) {
    const expected = value(z);
    const tolerance = ulps[precision.name] * ulp(precision, expected);
    const subnormal = tolerance > 0 && Math.abs(expected) < precision.smallestNormal;
    expectClose(a, expected, subnormal ? precision.smallestNormal : tolerance, `of ${z}, the value`);
  }

  describe.each(Object.keys(CODES) as (keyof typeof CODES)[])("%s", (name) => {
    const activation = activations[name];
    const code = CODES[name];

    test.each([false, true])("forward is that of float64, whatever the padding (in place: %s)", (inPlace) => {
      for (const [rows, columns] of sizes()) {
        arena.clear();
        const Z = inPlace ? arena.inOut(z, rows, columns) : arena.input(z, rows, columns);
        const A = inPlace ? Z : arena.output(rows, columns);
        arena.run(rows, [Op.Activate, A, Z, Z.rowBytes, code]);
        for (const [i, a] of arena.values(A).entries()) expectActivation(activation, a, z[i]!);
      }
    });

    test.each([false, true])(
      "backward is the formula, bit for bit, and leaves zero padding (in place: %s)",
      (inPlace) => {
        // Outputs as they occur: (0, 1) of sigmoid, (−1, 1) of tanh, 0 and positive numbers of relu; σ(0) = ½ in the padding.
        const outputs = precision.array(
          positive.map((u) => ({ sigmoid: u, tanh: 2 * u - 1, relu: Math.max(0, 4 * u - 2) })[name]),
        );
        const expected = da.map((value, i) => activation.backward(value, outputs[i]!, precision));
        for (const [rows, columns] of sizes()) {
          arena.clear();
          const padding = { value: 0 };
          const D = inPlace ? arena.inOut(da, rows, columns, padding) : arena.input(da, rows, columns, padding);
          const A = arena.input(outputs, rows, columns, { value: 0.5 });
          const dz = inPlace ? D : arena.output(rows, columns);
          arena.run(rows, [Op.ActivateBackward, dz, D, A, A.rowBytes, code]);
          arena.expectExactly(dz, expected, 0, `${rows} × ${columns}`);
        }
      },
    );

    test("forward holds at infinities, zeros, subnormal numbers and the ends of the range, in every lane", () => {
      const numbers = specials(precision).map(precision.round);
      for (let shift = 0; shift < precision.lanes; shift++) {
        const row = [...numbers.slice(shift), ...numbers.slice(0, shift)];
        arena.clear();
        const Z = arena.input(row, 1, row.length);
        const A = arena.output(1, row.length);
        arena.run(1, [Op.Activate, A, Z, Z.rowBytes, code]);
        for (const [i, a] of arena.values(A).entries()) expectActivation(activation, a, row[i]!);
      }
    });

    test("NaN stays NaN in its own lane, and changes no other, forward and backward", () => {
      for (let at = 0; at < 2 * precision.lanes; at++) {
        const count = 2 * precision.lanes;
        const numbers = precision.array(positive.subarray(0, count));
        numbers[at] = Number.NaN;
        const nan = Array.from(numbers, Number.isNaN);
        for (const dWithNaN of [false, true]) {
          arena.clear();
          const Z = arena.input(numbers, 1, count);
          const other = arena.input(positive, 1, count);
          const A = arena.output(1, count);
          const dz = arena.output(1, count);
          const [D, outputs] = dWithNaN ? [Z, other] : [other, Z];
          arena.run(1, [Op.Activate, A, Z, Z.rowBytes, code], [Op.ActivateBackward, dz, D, outputs, Z.rowBytes, code]);
          expect(arena.values(A).map(Number.isNaN)).toEqual(nan);
          // relu's derivative at NaN is neither 0 nor 1 but lets the gradient through: the NaN shows in the activation.
          const through = name === "relu" && !dWithNaN;
          expect(arena.values(dz).map(Number.isNaN)).toEqual(through ? nan.map(() => false) : nan);
          if (through) expect(arena.values(dz)).toEqual(Array.from(positive.subarray(0, count)));
        }
      }
    });
  });

  test.each([
    ["relu", [-0, 0, Infinity, 0]],
    ["tanh", [-0, 0, 1, -1]],
    ["sigmoid", [0.5, 0.5, 1, 0]],
  ] as const)("%s of −0, 0, ∞ and −∞ is %j", (name, expected) => {
    arena.clear();
    const Z = arena.input([-0, 0, Infinity, -Infinity], 1, 4);
    const A = arena.output(1, 4);
    arena.run(1, [Op.Activate, A, Z, Z.rowBytes, CODES[name]]);
    const values = arena.values(A);
    // σ(−∞) is e^−88 (f32) or e^−709 (f64) or less: under the smallest normal number.
    if (name === "sigmoid" && Math.abs(values[3]!) <= precision.smallestNormal) values[3] = 0;
    expect(values).toEqual(expected);
  });

  test("the identity leaves what is there, NaN and infinities too", () => {
    const numbers = [...specials(precision).map(precision.round), Number.NaN];
    arena.clear();
    const Z = arena.input(numbers, 1, numbers.length);
    arena.run(
      1,
      [Op.Activate, Z, Z, Z.rowBytes, Activation.Identity],
      [Op.ActivateBackward, Z, Z, Z, Z.rowBytes, Activation.Identity],
    );
    arena.expectExactly(Z, numbers, Infinity, "the identity");
  });

  test("tanh and sigmoid never leave [−1, 1] and [0, 1]", () => {
    const numbers = precision.array(Array.from({ length: 4000 }, (_, i) => (i - 2000) / 50));
    arena.clear();
    const Z = arena.input(numbers, 1, 4000);
    const [T, S] = [arena.output(1, 4000), arena.output(1, 4000)];
    arena.run(1, [Op.Activate, T, Z, Z.rowBytes, CODES.tanh], [Op.Activate, S, Z, Z.rowBytes, CODES.sigmoid]);
    expect(Math.max(...arena.values(T).map(Math.abs))).toBe(1);
    expect(Math.min(...arena.values(S))).toBeGreaterThan(0);
    expect(Math.max(...arena.values(S))).toBe(1);
  });

  describe("softmax", () => {
    /** Runs softmax on rows of logits. The padding, ∞, must have no say. */
    function run(logits: ArrayLike<number>, rows: number, outputs: number, inPlace = false): number[] {
      arena.clear();
      const Z = inPlace ? arena.inOut(logits, rows, outputs) : arena.input(logits, rows, outputs);
      const A = inPlace ? Z : arena.output(rows, outputs);
      arena.run(rows, [Op.Softmax, A, Z, A.rowBytes, outputs]);
      return arena.values(A);
    }

    // e^(z_j − z_top) takes over half an ε·|z_j − z_top| from the difference and, with sum and quotient, at most 3ε more;
    // the sum's terms err by as much of their own size, at most ε·Σ p·|z − z_top| ≤ ε·log m ≤ 3.5ε.
    function expectSoftmax(values: number[], logits: readonly number[], what: string) {
      const top = Math.max(...logits);
      for (const [j, p] of softmax(logits).entries()) {
        const tolerance = (7 + Math.abs(logits[j]! - top)) * precision.epsilon * p;
        expectClose(values[j]!, p, Math.max(tolerance, precision.smallestNormal), `${what}: probability ${j}`);
      }
    }

    test.each([false, true])("is that of float64 for every count of outputs and rows (in place: %s)", (inPlace) => {
      for (let outputs = 1; outputs <= 33; outputs++) {
        for (let rows = 1; rows <= ROWS; rows++) {
          const values = run(z, rows, outputs, inPlace);
          for (let i = 0; i < rows; i++) {
            const logits = Array.from(z.subarray(i * outputs, (i + 1) * outputs));
            expectSoftmax(values.slice(i * outputs, (i + 1) * outputs), logits, `${rows} × ${outputs}: row ${i}`);
          }
        }
      }
    });

    test.each([
      [[1e4, -1e4]],
      [[-1e4, -1e4, -1e4]],
      [[0, -0, 0]],
      [[5, 5, 5, 5, 5]],
      [[30, 0, -30, -80]],
      [[0, -Infinity, 1]],
      [[1e30, -1e30, 3]],
    ])("of %j is finite and right", (logits) => {
      const values = run(logits, 1, logits.length);
      expectSoftmax(values, logits.map(precision.round), "this row");
      expect(values.every((p) => p >= 0 && p <= 1)).toBe(true);
    });

    test("NaN in any place makes NaN of its whole row and of no other; ∞ makes NaN of itself and 0 of its row", () => {
      for (let outputs = 1; outputs <= 9; outputs++) {
        for (let at = 0; at < outputs; at++) {
          const logits = precision.array(z.subarray(0, 3 * outputs));
          const kept = run(logits, 3, outputs);
          logits[outputs + at] = Number.NaN;
          expect(run(logits, 3, outputs)).toEqual(kept.map((p, i) => (Math.floor(i / outputs) === 1 ? Number.NaN : p)));
          logits[outputs + at] = Infinity;
          const infinite = kept.map((p, i) => (Math.floor(i / outputs) === 1 ? 0 : p));
          infinite[outputs + at] = Number.NaN;
          expect(run(logits, 3, outputs)).toEqual(infinite);
        }
      }
    });
  });
});
