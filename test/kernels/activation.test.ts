import { describe, expect, test } from "vitest";
import { Activation, Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { activations, type Activation as Reference } from "../reference/activation.ts";
import { softmax } from "../reference/loss.ts";
import { f64, normal, PRECISIONS, type Precision, ulp, uniform } from "../reference/precision.ts";
import { Arena, expectClose } from "./harness.ts";

const CODES: Record<keyof typeof activations, Activation> = {
  relu: Activation.Relu,
  tanh: Activation.Tanh,
  sigmoid: Activation.Sigmoid,
  leakyRelu: Activation.LeakyRelu,
  elu: Activation.Elu,
  selu: Activation.Elu,
  gelu: Activation.Gelu,
  geluTanh: Activation.GeluTanh,
  silu: Activation.Silu,
  softplus: Activation.Softplus,
  hardSigmoid: Activation.HardSigmoid,
};
const NAMES = Object.keys(CODES) as (keyof typeof activations)[];

/** The arguments of an activation's records from its code on. */
const settings = (name: keyof typeof activations) => {
  const { p, q } = activations[name];
  return [CODES[name], new Double(p), new Double(q)] as const;
};

/** Activations as they occur, from numbers in [0, 1): (0, 1) of sigmoid, (−1, 1) of tanh, 0 and positive numbers of relu, both signs of the rest. */
const outputOf: { [name in keyof typeof activations]?: (u: number) => number } = {
  sigmoid: (u) => u,
  tanh: (u) => 2 * u - 1,
  relu: (u) => Math.max(0, 4 * u - 2),
  leakyRelu: (u) => (u < 0.1 ? 0 : 4 * u - 2),
  elu: (u) => (u < 0.1 ? 0 : 4 * u - 1),
  selu: (u) => (u < 0.1 ? 0 : 4 * u - 1.7),
};

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

  function expectActivation(activation: Reference, a: number, z: number, expected = activation.value(z, precision)) {
    const smallest = activation.smallest(z) * precision.smallestNormal;
    const tolerance = activation.ulps(precision, z) * ulp(precision, expected);
    expectClose(
      a,
      expected,
      tolerance > 0 && Math.abs(expected) < smallest ? smallest : tolerance,
      `of ${z}, the value`,
    );
  }

  describe.each(NAMES)("%s", (name) => {
    const activation: Reference = activations[name];
    const args = settings(name);
    const ends = specials(precision).map(precision.round);

    test.each([false, true])("forward is that of float64, whatever the padding (in place: %s)", (inPlace) => {
      const expected = Array.from(z, (value) => activation.value(value, precision));
      for (const [rows, columns] of sizes()) {
        arena.clear();
        const Z = inPlace ? arena.inOut(z, rows, columns) : arena.input(z, rows, columns);
        const A = inPlace ? Z : arena.output(rows, columns);
        arena.run(rows, [Op.Activate, A, Z, Z.rowBytes, ...args]);
        for (const [i, a] of arena.values(A).entries()) expectActivation(activation, a, z[i]!, expected[i]);
      }
    });

    test.each([false, true])("backward is the formula and leaves zero padding (in place: %s)", (inPlace) => {
      const from = activation.from === "z" ? z : precision.array(positive.map(outputOf[name]!));
      const expected = da.map((value, i) => activation.backward(value, from[i]!, precision));
      const tolerances = da.map(
        (value, i) => Math.abs(value) * activation.slopeError(precision, from[i]!) * precision.epsilon,
      );
      for (const [rows, columns] of sizes()) {
        arena.clear();
        const padding = { value: 0 };
        const D = inPlace ? arena.inOut(da, rows, columns, padding) : arena.input(da, rows, columns, padding);
        const From = arena.input(from, rows, columns, { value: 0.5 });
        const dz = inPlace ? D : arena.output(rows, columns);
        arena.run(rows, [Op.ActivateBackward, dz, D, From, From.rowBytes, ...args]);
        const values = tolerances[0] === 0 ? expected : arena.values(dz);
        arena.expectExactly(dz, values, 0, `${rows} × ${columns}`);
        for (let i = 0; values !== expected && i < values.length; i++) {
          expectClose(values[i]!, expected[i]!, tolerances[i]!, `${rows} × ${columns}: ${i}, of ${from[i]}`);
        }
      }
    });

    test("forward holds at infinities, zeros, subnormal numbers and the ends of the range, in every lane", () => {
      for (let shift = 0; shift < precision.lanes; shift++) {
        const row = [...ends.slice(shift), ...ends.slice(0, shift)];
        arena.clear();
        const Z = arena.input(row, 1, row.length);
        const A = arena.output(1, row.length);
        arena.run(1, [Op.Activate, A, Z, Z.rowBytes, ...args]);
        for (const [i, a] of arena.values(A).entries()) expectActivation(activation, a, row[i]!);
      }
    });

    test("backward holds there too", () => {
      const from =
        activation.from === "z" ? ends : ends.map((end) => precision.round(activation.value(end, precision)));
      arena.clear();
      const D = arena.input(new Array(ends.length).fill(1), 1, ends.length);
      const From = arena.input(from, 1, ends.length);
      const dz = arena.output(1, ends.length);
      arena.run(1, [Op.ActivateBackward, dz, D, From, From.rowBytes, ...args]);
      for (const [i, slope] of arena.values(dz).entries()) {
        const expected = activation.backward(1, from[i]!, precision);
        const error = activation.slopeError(precision, from[i]!) * precision.epsilon;
        const tolerance = error === 0 ? 0 : Math.max(error, precision.smallestNormal);
        expectClose(slope, expected, tolerance, `at ${ends[i]}, the slope`);
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
          const [D, from] = dWithNaN ? [Z, other] : [other, Z];
          arena.run(
            1,
            [Op.Activate, A, Z, Z.rowBytes, ...args],
            [Op.ActivateBackward, dz, D, from, Z.rowBytes, ...args],
          );
          expect(arena.values(A).map(Number.isNaN)).toEqual(nan);
          // Where the slope is one of two numbers, NaN takes neither away from the gradient: it shows in the activation.
          const slope = { relu: 1, leakyRelu: 1, hardSigmoid: precision.round(1 / 6) }[name as string];
          const through = slope !== undefined && !dWithNaN;
          expect(arena.values(dz).map(Number.isNaN)).toEqual(through ? nan.map(() => false) : nan);
          if (through)
            expect(arena.values(dz)).toEqual(
              Array.from(positive.subarray(0, count), (d) => precision.round(slope * d)),
            );
        }
      }
    });
  });

  test.each([
    ["relu", [-0, 0, Infinity, 0]],
    ["tanh", [-0, 0, 1, -1]],
    ["sigmoid", [0.5, 0.5, 1, 0]],
    ["leakyRelu", [-0, 0, Infinity, -Infinity]],
    ["elu", [-0, 0, Infinity, -1]],
    ["gelu", [-0, 0, Infinity, -0]],
    ["geluTanh", [-0, 0, Infinity, -0]],
    ["silu", [-0, 0, Infinity, -0]],
    ["softplus", [Math.LN2, Math.LN2, Infinity, 0]],
    ["hardSigmoid", [0.5, 0.5, 1, 0]],
  ] as const)("%s of −0, 0, ∞ and −∞ is %j", (name, expected) => {
    arena.clear();
    const Z = arena.input([-0, 0, Infinity, -Infinity], 1, 4);
    const A = arena.output(1, 4);
    arena.run(1, [Op.Activate, A, Z, Z.rowBytes, ...settings(name)]);
    const values = arena.values(A);
    // σ(−∞) is e^−88 (f32) or e^−709 (f64) or less: under the smallest normal number.
    if (name === "sigmoid" && Math.abs(values[3]!) <= precision.smallestNormal) values[3] = 0;
    expect(values).toEqual(expected.map(precision.round));
  });

  test("the identity leaves what is there, NaN and infinities too", () => {
    const zero = new Double(0);
    const numbers = [...specials(precision).map(precision.round), Number.NaN];
    arena.clear();
    const Z = arena.input(numbers, 1, numbers.length);
    arena.run(
      1,
      [Op.Activate, Z, Z, Z.rowBytes, Activation.Identity, zero, zero],
      [Op.ActivateBackward, Z, Z, Z, Z.rowBytes, Activation.Identity, zero, zero],
    );
    arena.expectExactly(Z, numbers, Infinity, "the identity");
  });

  test("tanh and sigmoid never leave [−1, 1] and [0, 1]", () => {
    const numbers = precision.array(Array.from({ length: 4000 }, (_, i) => (i - 2000) / 50));
    arena.clear();
    const Z = arena.input(numbers, 1, 4000);
    const [T, S] = [arena.output(1, 4000), arena.output(1, 4000)];
    arena.run(
      1,
      [Op.Activate, T, Z, Z.rowBytes, ...settings("tanh")],
      [Op.Activate, S, Z, Z.rowBytes, ...settings("sigmoid")],
    );
    expect(Math.max(...arena.values(T).map(Math.abs))).toBe(1);
    expect(Math.min(...arena.values(S))).toBeGreaterThan(0);
    expect(Math.max(...arena.values(S))).toBe(1);
  });

  test("at a kink, and a hair to its sides, the slope is that of a side", () => {
    const { smallest, epsilon, round } = precision;
    const slopes = (name: keyof typeof activations, z: number[]) => {
      arena.clear();
      const Z = arena.input(z, 1, z.length);
      const A = arena.output(1, z.length);
      const D = arena.input(new Array(z.length).fill(1), 1, z.length);
      const dz = arena.output(1, z.length);
      const from = activations[name].from === "z" ? Z : A;
      arena.run(
        1,
        [Op.Activate, A, Z, Z.rowBytes, ...settings(name)],
        [Op.ActivateBackward, dz, D, from, Z.rowBytes, ...settings(name)],
      );
      return arena.values(dz);
    };
    const around = [-smallest, -0, 0, smallest];
    expect(slopes("relu", around)).toEqual([0, 0, 0, 1]);
    const p = round(0.3);
    expect(slopes("leakyRelu", around)).toEqual([p, p, p, 1]);
    expect(slopes("elu", around)).toEqual([1, 1, 1, 1]);
    const [left, right] = [round(1.6732632423543772 * 1.0507009873554805), round(1.0507009873554805)];
    expect(slopes("selu", around)).toEqual([left, left, left, right]);
    // z/6 + ½ is 0 at −3 and 1 at 3, where it rounds to 1 from a few ε within.
    const inside = 3 * (1 - 8 * epsilon);
    const sixth = round(1 / 6);
    expect(slopes("hardSigmoid", [-4, -3, -inside, inside, 3, 4])).toEqual([0, 0, sixth, sixth, 0, 0]);
  });

  test("the exponential is that of float64, in place too, and NaN and infinities come through", () => {
    const specials = [Infinity, -Infinity, 0, -0, 1, 88, -88, 709, -745, 1e30, -1e30, Number.NaN];
    const numbers = precision.array([...specials, ...z]);
    for (const inPlace of [false, true]) {
      arena.clear();
      const Z = inPlace ? arena.inOut(numbers, 2, 303) : arena.input(numbers, 2, 303);
      const A = inPlace ? Z : arena.output(2, 303);
      arena.run(2, [Op.Exponential, A, Z, Z.rowBytes]);
      for (const [i, a] of arena.values(A).entries()) {
        const exact = Math.exp(numbers[i]!);
        const expected = exact > precision.largest ? Infinity : exact;
        // One unit, two in f64, where the reference errs by another; a subnormal result by one number.
        expectClose(a, expected, (precision.size === 8 ? 3 : 1) * ulp(precision, expected), `e^${numbers[i]}`);
      }
    }
  });

  describe("softmax backward", () => {
    /** a_j·(da_j − Σ_k da_k·a_k): products and sum in f64 in index order, sum, difference and product rounded. */
    function backward(da: ArrayLike<number>, a: ArrayLike<number>, rows: number, outputs: number): number[] {
      const { round } = precision;
      return Array.from({ length: rows }, (_, i) => {
        let sum = 0;
        for (let j = i * outputs; j < (i + 1) * outputs; j++) sum += da[j]! * a[j]!;
        const mean = round(sum);
        return Array.from({ length: outputs }, (_, j) => {
          const at = i * outputs + j;
          return round(a[at]! * round(da[at]! - mean));
        });
      }).flat();
    }

    function run(
      da: ArrayLike<number>,
      a: ArrayLike<number>,
      rows: number,
      outputs: number,
      { inPlace = false, vectors = 0 } = {},
    ) {
      arena.clear();
      const D = inPlace ? arena.inOut(da, rows, outputs, { vectors }) : arena.input(da, rows, outputs, { vectors });
      const A = arena.input(a, rows, outputs, { vectors });
      const dz = inPlace ? D : arena.output(rows, outputs, { vectors });
      arena.run(rows, [Op.SoftmaxBackward, dz, D, A, A.rowBytes, outputs, 1]);
      return dz;
    }

    test.each([
      [false, 0],
      [true, 0],
      [false, 2],
    ])("is the formula bit for bit, with zeros in the padding (in place: %s, %d vectors more)", (inPlace, vectors) => {
      for (let outputs = 1; outputs <= 33; outputs++) {
        for (let rows = 1; rows <= ROWS; rows++) {
          const dz = run(da, positive, rows, outputs, { inPlace, vectors });
          arena.expectExactly(dz, backward(da, positive, rows, outputs), 0, `${rows} × ${outputs}`);
        }
      }
    });

    test("NaN in any place makes NaN of its whole row and of no other; ∞ shows in its place", () => {
      for (let outputs = 1; outputs <= 9; outputs++) {
        for (let at = 0; at < outputs; at++) {
          for (const value of [Number.NaN, Infinity]) {
            for (const which of [0, 1]) {
              const numbers = [da, positive].map((array) => precision.array(array.subarray(0, 3 * outputs)));
              numbers[which]![outputs + at] = value;
              const dz = arena.values(run(numbers[0]!, numbers[1]!, 3, outputs));
              const row = dz.map((_, i) => Math.floor(i / outputs) === 1);
              expect(Number.isFinite(dz[outputs + at])).toBe(false);
              expect(dz.map((d, i) => Number.isFinite(d) || row[i])).toEqual(dz.map(() => true));
              if (Number.isNaN(value)) expect(dz.map(Number.isNaN)).toEqual(row);
            }
          }
        }
      }
    });
  });

  describe("softmax", () => {
    /** Runs softmax on rows of logits. The padding, ∞, must have no say. */
    function run(logits: ArrayLike<number>, rows: number, outputs: number, inPlace = false): number[] {
      arena.clear();
      const Z = inPlace ? arena.inOut(logits, rows, outputs) : arena.input(logits, rows, outputs);
      const A = inPlace ? Z : arena.output(rows, outputs);
      arena.run(rows, [Op.Softmax, A, Z, A.rowBytes, outputs, 1]);
      return arena.values(A);
    }

    test("the positions of an image are as many rows", () => {
      const z = normal(precision, 12 * 5, 3);
      const images = () => {
        arena.clear();
        const [Z, A] = [arena.input(z, 12, 5), arena.output(12, 5)];
        arena.run(2, [Op.Softmax, A, Z, A.rowBytes, 5, 6]);
        return arena.values(A);
      };
      expect(images()).toEqual(run(z, 12, 5));
    });

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

// The value errs by at most 12 ulp: of 12·2^−53·|a| / h, h = 2^−17, that makes 2e-10·|a|; what the difference leaves out is
// h²/6·|a′′′|, 3e-11 for a third derivative of 3, which none of these exceeds.
describe("in f64 the derivatives are central differences of the values", async () => {
  const arena = await Arena.create(f64);
  const h = 2 ** -17;
  const tolerance = (value: number) => 2e-10 * Math.abs(value) + 3e-11;

  function rowOf(op: Op, first: ArrayLike<number>, ...more: (Double | number)[]) {
    arena.clear();
    const Z = arena.input(first, 1, first.length);
    const A = arena.output(1, first.length);
    arena.run(1, [op, A, Z, Z.rowBytes, ...more]);
    return arena.values(A);
  }

  test.each(NAMES)("%s, from −9 to 9", (name) => {
    // The kinks are at 0 and, of hardSigmoid, at ±3: the points are further from them than h.
    const z = Array.from({ length: 2000 }, (_, i) => (i - 1000) * 0.009).map((x) => (x === 0 ? 0.001 : x));
    const [code, p, q] = settings(name);
    const forward = (shift: number) =>
      rowOf(
        Op.Activate,
        z.map((x) => x + shift),
        code,
        p,
        q,
      );
    const [below, values, above] = [forward(-h), forward(0), forward(h)];
    arena.clear();
    const D = arena.input(new Array(z.length).fill(1), 1, z.length);
    const From = arena.input(activations[name].from === "z" ? z : values, 1, z.length);
    const dz = arena.output(1, z.length);
    arena.run(1, [Op.ActivateBackward, dz, D, From, From.rowBytes, code, p, q]);
    for (const [i, slope] of arena.values(dz).entries()) {
      expectClose(slope, (above[i]! - below[i]!) / (2 * h), tolerance(values[i]!), `the slope at ${z[i]}`);
    }
  });

  test("softmax, by each logit", () => {
    for (const outputs of [1, 2, 3, 5, 8]) {
      const z = Array.from(normal(f64, outputs, outputs, 2));
      const da = Array.from(normal(f64, outputs, outputs + 100));
      const weighed = (j: number, shift: number) => {
        const a = rowOf(
          Op.Softmax,
          z.map((x, i) => (i === j ? x + shift : x)),
          outputs,
          1,
        );
        return a.reduce((sum, value, i) => sum + value * da[i]!, 0);
      };
      const a = rowOf(Op.Softmax, z, outputs, 1);
      arena.clear();
      const D = arena.input(da, 1, outputs);
      const A = arena.input(a, 1, outputs);
      const dz = arena.output(1, outputs);
      arena.run(1, [Op.SoftmaxBackward, dz, D, A, A.rowBytes, outputs, 1]);
      for (const [j, slope] of arena.values(dz).entries()) {
        // The sum weighs values up to 1 by up to 3.
        expectClose(slope, (weighed(j, h) - weighed(j, -h)) / (2 * h), tolerance(3), `${outputs} outputs: ∂/∂z_${j}`);
      }
    }
  });
});
