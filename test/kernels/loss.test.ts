import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import * as reference from "../reference/loss.ts";
import { f32, f64, normal, PRECISIONS, type Precision, uniform } from "../reference/precision.ts";
import { Arena, expectClose } from "./harness.ts";

const ROWS = 9;

/** One of the losses, what it takes and how far it may err. */
interface Case {
  readonly name: string;
  readonly op: Op;
  /** Of its record; 0 unless told. */
  readonly parameter?: number;
  readonly loss: reference.Loss;
  /** Targets of one row, from numbers in [0, 1): soft ones and hard ones. */
  readonly soft: (u: number[]) => number[];
  readonly hard: (u: number[]) => number[];
  /** In units of ε, for one row. */
  readonly valueTolerance: (logits: number[], value: number) => number;
  readonly deltaTolerance: (logits: number[], delta: number) => number;
}

const CASES: Case[] = [
  {
    name: "meanSquaredError",
    op: Op.MeanSquaredError,
    loss: reference.meanSquaredError,
    soft: (u) => u.map((value) => 4 * value - 2),
    hard: (u) => u.map((value) => Math.round(4 * value)),
    // The difference rounds by ε/2, and so errs its square by ε; in f64 squares, sum and quotient round too.
    valueTolerance: ({ length }, value) => (2 + length) * value,
    // Difference, factor and product: three roundings of ε/2.
    deltaTolerance: (_, delta) => 2 * Math.abs(delta),
  },
  {
    name: "binaryCrossEntropy",
    op: Op.BinaryCrossEntropy,
    loss: reference.binaryCrossEntropy,
    soft: (u) => u,
    hard: (u) => u.map(Math.round),
    // Of an element: product, difference and sum round by ε/2 of at most |z| each; log1p(e^−|z|) ≤ log 2 errs by 2ε of itself;
    // in f64 the sum over the elements rounds too.
    valueTolerance: (logits, value) => 2 + Math.max(...logits.map(Math.abs)) * 1.5 + (logits.length / 2) * value,
    // σ ≤ 1 errs by 4 units of ε/2, the difference and the product by another two.
    deltaTolerance: ({ length: m }) => 3 / m,
  },
  {
    name: "softmaxCrossEntropy",
    op: Op.SoftmaxCrossEntropy,
    loss: reference.softmaxCrossEntropy,
    soft: (u) => u.map((value) => value / u.reduce((a, b) => a + b)),
    hard: (u) => u.map((value) => Number(value === Math.max(...u))),
    // Each e^(z_j − z_top) errs by ε + ε/2·|z_j − z_top| of itself, so the log of their sum by ε + ε/2·Σ p·|z − z_top|, and that
    // is at most log m; in f64 the terms of the two sums round too, by the size of the logits.
    valueTolerance: (logits) => 2 + Math.log(logits.length) + 2 * Math.max(...logits.map(Math.abs)),
    // p ≤ 1 errs by ε + ε/2·|z − z_top| of itself (p·|z − z_top| ≤ 1/e), by as much as the sum does, and by three roundings.
    deltaTolerance: ({ length }) => 3 + Math.log(length),
  },
  {
    name: "meanAbsoluteError",
    op: Op.MeanAbsoluteError,
    loss: reference.meanAbsoluteError,
    soft: (u) => u.map((value) => 4 * value - 2),
    hard: (u) => u.map((value) => Math.round(4 * value)),
    // The difference rounds; in f64 the sum and the quotient too.
    valueTolerance: ({ length }, value) => (1 + length) * value,
    // The factor rounds.
    deltaTolerance: (_, delta) => Math.abs(delta),
  },
  {
    name: "huber",
    op: Op.Huber,
    parameter: 1.3,
    loss: reference.huber(1.3),
    soft: (u) => u.map((value) => 4 * value - 2),
    hard: (u) => u.map((value) => Math.round(4 * value)),
    // As the square's: on the straight line |d| is at most twice |d| − p/2.
    valueTolerance: ({ length }, value) => (2 + length) * value,
    // Difference or parameter, factor and product.
    deltaTolerance: (_, delta) => 2 * Math.abs(delta),
  },
  {
    name: "poisson",
    op: Op.Poisson,
    loss: reference.poisson,
    soft: (u) => u.map((value) => 4 * value),
    hard: (u) => u.map((value) => Math.round(4 * value)),
    // e^ŷ errs by ε, in f64 by 2 and the reference by 1; there the products (y ≤ 4) and the sum round too.
    valueTolerance: (logits) => (3 + logits.length / 2) * Math.max(...logits.map((z) => Math.exp(z) + 4 * Math.abs(z))),
    // e^ŷ = m·δ + y, and its error; difference, factor and product.
    deltaTolerance: ({ length: m }, delta) => 4 * (Math.abs(delta) + 4 / m),
  },
  {
    name: "hinge",
    op: Op.Hinge,
    loss: reference.hinge,
    soft: (u) => u,
    hard: (u) => u.map(Math.round),
    // t, its product with ŷ and the difference round; in f64 the sum too.
    valueTolerance: (logits, value) => 2 + 2 * Math.max(...logits.map(Math.abs)) + (logits.length / 2) * value,
    // t, factor and product.
    deltaTolerance: (_, delta) => 2 * Math.abs(delta),
  },
];

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const most = ROWS * 33;
  const draws = { logits: normal(precision, most, 1, 4), u: uniform(precision, most, 2) };

  const rowsOf = (numbers: ArrayLike<number>, rows: number, outputs: number) =>
    Array.from({ length: rows }, (_, i) => Array.from(numbers).slice(i * outputs, (i + 1) * outputs));

  /** Runs a loss with ∞ behind the logits and the targets, which must have no say, and checks that δ has zeros there. */
  function run(
    op: Op,
    logits: number[][],
    targets: number[][],
    { divisor = 1, loss = 0, parameter = 0, weights = [] as number[] } = {},
  ) {
    const outputs = logits[0]!.length;
    arena.clear();
    const Z = arena.input(logits.flat(), logits.length, outputs);
    const Y = arena.input(targets.flat(), logits.length, outputs);
    const delta = arena.output(logits.length, outputs);
    // By row number, where the order begins with another row and takes the rows from the last to the first.
    const order = arena.data(Uint32Array.from([...weights.keys(), 7]).reverse());
    const byRow = arena.data(Float64Array.from(weights).reverse());
    const before = {
      step: 3,
      loss,
      samples: 5,
      correct: 7,
      divisor,
      health: 0,
      order: order.address,
      length: 11,
      position: 1,
      batchSize: 2,
      stepSize: 4,
      begin: 0,
      weights: weights.length > 0 ? byRow.address : 0,
    };
    const cursor = arena.cursor(before);
    arena.run(logits.length, [op, delta, Z, Y, cursor, outputs, delta.rowBytes, new Double(parameter)]);
    const { loss: total, ...others } = arena.cursorFields(cursor);
    expect({ ...others, loss }).toEqual(before);
    const deltas = arena.values(delta);
    const places = arena.padded(delta).filter((_, i) => i % (delta.rowBytes / precision.size) >= outputs);
    expect(places.every((value) => value === 0)).toBe(true);
    return { total, delta: rowsOf(deltas, logits.length, outputs) };
  }

  describe.each(CASES)("$name", ({ name, op, parameter = 0, loss, soft, hard, valueTolerance, deltaTolerance }) => {
    test.each([
      ["soft", soft],
      ["hard", hard],
    ] as const)("is that of float64 for %s targets, all outputs and rows", (_, make) => {
      for (let outputs = 1; outputs <= 33; outputs++) {
        for (let rows = 1; rows <= ROWS; rows++) {
          const logits = rowsOf(draws.logits, rows, outputs);
          const targets = rowsOf(draws.u, rows, outputs).map((u) => make(u).map(precision.round));
          const divisor = rows + 2.5;
          const expected = logits.map((z, i) => loss(z, targets[i]!));
          const before = 3.25;
          const { total, delta } = run(op, logits, targets, { divisor, loss: before, parameter });

          const sum = expected.reduce((all, { value }) => all + value, before);
          const tolerance = expected.reduce((all, { value }, i) => all + valueTolerance(logits[i]!, value), 0);
          // The sum over the rows is taken in f64.
          expectClose(
            total,
            sum,
            tolerance * precision.epsilon + rows * 2 ** -52 * sum,
            `${rows} × ${outputs}: the loss`,
          );
          for (const [i, row] of delta.entries()) {
            for (const [j, value] of row.entries()) {
              const exact = expected[i]!.delta[j]!;
              const tolerance = (deltaTolerance(logits[i]!, exact) * precision.epsilon) / divisor;
              expectClose(value, exact / divisor, tolerance, `${rows} × ${outputs}: δ ${i}, ${j}`);
            }
          }
        }
      }
    });

    test("NaN in any logit or target of any row makes NaN of the loss", () => {
      for (const outputs of [1, 2, 3, 4, 5, 9]) {
        for (let at = 0; at < 3 * outputs; at++) {
          for (const which of ["logits", "targets"] as const) {
            const logits = Array.from(draws.logits.subarray(0, 3 * outputs));
            const targets = rowsOf(draws.u, 3, outputs).flatMap(hard);
            (which === "logits" ? logits : targets)[at] = Number.NaN;
            const { total } = run(op, rowsOf(logits, 3, outputs), rowsOf(targets, 3, outputs), { parameter });
            expect(total).toBeNaN();
          }
        }
      }
    });

    test("an infinite logit never leaves a finite loss", () => {
      for (const outputs of [1, 2, 3, 4, 5, 9]) {
        for (let at = 0; at < 3 * outputs; at++) {
          // A probability of 0 for what is not the target is no loss.
          for (const infinity of name === "softmaxCrossEntropy" ? [Infinity] : [Infinity, -Infinity]) {
            const logits = Array.from(draws.logits.subarray(0, 3 * outputs));
            logits[at] = infinity;
            const { total } = run(op, rowsOf(logits, 3, outputs), rowsOf(draws.u, 3, outputs).map(hard), { parameter });
            expect(Number.isFinite(total)).toBe(false);
          }
        }
      }
    });

    // The losses, below 200 here, err by 4 ulp or 1e-13, that is 2e-8 of the quotient; e^ŷ adds h²/6·e^ŷ, 2e-9. No number drawn
    // lies within h of a kink.
    if (precision === f64) {
      test("the derivative is a central difference of the loss", () => {
        const h = 2 ** -17;
        for (const outputs of [1, 2, 3, 5, 9]) {
          const z = rowsOf(draws.logits, 1, outputs)[0]!.map((value) => value / 2);
          const y = hard(rowsOf(draws.u, 1, outputs)[0]!);
          const { total, delta } = run(op, [z], [y], { parameter });
          expect(total).toBeLessThan(200);
          for (const [j, slope] of delta[0]!.entries()) {
            const at = (shift: number) =>
              run(op, [z.map((value, i) => (i === j ? value + shift : value))], [y], { parameter }).total;
            expectClose(slope, (at(h) - at(-h)) / (2 * h), 2e-8, `${outputs} outputs: ∂/∂ŷ_${j} at ${z}`);
          }
        }
      });
    }

    test("a row has the same derivative alone and among others, and the losses add up", () => {
      const logits = rowsOf(draws.logits, ROWS, 5);
      const targets = rowsOf(draws.u, ROWS, 5).map((u) => hard(u));
      const together = run(op, logits, targets, { parameter });
      let total = 0;
      for (const [i, z] of logits.entries()) {
        const alone = run(op, [z], [targets[i]!], { loss: total, parameter });
        expect(alone.delta).toEqual([together.delta[i]]);
        total = alone.total;
      }
      // Row after row is added to what is there, so these are the same f64 additions.
      expect(together.total).toBe(total);
    });
  });

  describe.each(CASES)(
    "$name with weights",
    ({ name, op, parameter = 0, loss, hard, valueTolerance, deltaTolerance }) => {
      test("is that of float64 times them, divided by the divisor, all outputs and rows", () => {
        for (let outputs = 1; outputs <= 33; outputs++) {
          for (let rows = 1; rows <= ROWS; rows++) {
            const logits = rowsOf(draws.logits, rows, outputs);
            const targets = rowsOf(draws.u, rows, outputs).map(hard);
            // 0, numbers below 1 and above
            const weights = Array.from({ length: rows }, (_, i) => (i % 4 === 1 ? 0 : 3 * draws.u[i + outputs]!));
            const expected = logits.map((z, i) => loss(z, targets[i]!));
            const [divisor, before] = [rows + 2.5, 3.25];
            const { total, delta } = run(op, logits, targets, { divisor, loss: before, parameter, weights });
            const sum = expected.reduce((all, { value }, i) => all + weights[i]! * value, before);
            const tolerance = expected.reduce(
              (all, { value }, i) => {
                return all + weights[i]! * (valueTolerance(logits[i]!, value) * precision.epsilon + 2 ** -52 * value);
              },
              rows * 2 ** -52 * sum,
            );
            expectClose(total, sum, tolerance, `${rows} × ${outputs}: the loss`);
            for (const [i, row] of delta.entries()) {
              for (const [j, value] of row.entries()) {
                const exact = expected[i]!.delta[j]!;
                const factor = weights[i]! / divisor;
                // The product with the weight rounds once more, in f64.
                const tolerance = (deltaTolerance(logits[i]!, exact) + Math.abs(exact)) * precision.epsilon * factor;
                expectClose(value, exact * factor, tolerance, `${rows} × ${outputs}: δ ${i}, ${j}`);
              }
            }
          }
        }
      });

      const logits = rowsOf(draws.logits, ROWS, 5);
      const targets = rowsOf(draws.u, ROWS, 5).map((u) => hard(u));
      const weighted = (weights: number[], options = {}) =>
        run(op, logits, targets, { parameter, weights, ...options });

      test("of 1 has the bits of none, and 2 twice the loss and the derivative", () => {
        const without = run(op, logits, targets, { parameter, divisor: 7 });
        expect(weighted(new Array(ROWS).fill(1), { divisor: 7 })).toEqual(without);
        const { total, delta } = weighted(new Array(ROWS).fill(2), { divisor: 7 });
        expect(total).toBe(2 * without.total);
        expect(delta).toEqual(without.delta.map((row) => row.map((value) => 2 * value)));
      });

      test("that are all 0 add nothing and leave a derivative of 0, though the divisor is 0 too", () => {
        const { total, delta } = weighted(new Array(ROWS).fill(0), { divisor: 0, loss: 1.5 });
        expect(total).toBe(1.5);
        expect(delta.flat().every((value) => value === 0)).toBe(true);
      });

      test("of 0 does not hide a NaN, nor an infinite loss", () => {
        for (const special of name === "softmaxCrossEntropy" ? [Number.NaN] : [Number.NaN, Infinity]) {
          const z = logits.map((row, i) => (i === 4 ? row.with(3, special) : row));
          const weights = new Array(ROWS).fill(1).with(4, 0);
          const { total, delta } = run(op, z, targets, { parameter, weights });
          const { total: alone } = run(op, [z[4]!], [targets[4]!], { parameter });
          expect(Number.isFinite(alone)).toBe(false);
          expect(total).toBeNaN();
          if (Number.isNaN(special)) expect(delta[4]![3]).toBeNaN();
          for (const i of [0, 3, 5, 8]) expect(delta[i]).toEqual(weighted(weights).delta[i]);
        }
      });
    },
  );

  test("meanSquaredError of (1, 2, 4) against (0, 4, 1), by hand", () => {
    // ((1)² + (−2)² + 3²) / 3 = 14/3; δ = 2/3·(1, −2, 3) / 2
    const { total, delta } = run(Op.MeanSquaredError, [[1, 2, 4]], [[0, 4, 1]], { divisor: 2 });
    expect(total).toBe(14 / 3);
    const third = precision.round(1 / 3);
    expect(delta).toEqual([[third, -2 * third, precision.round(3 * third)]]);
  });

  test("meanSquaredError overflows in the sum only where a difference or its derivative does", () => {
    const { total } = run(Op.MeanSquaredError, [[f32.largest]], [[-f32.largest / 2]], { divisor: 4 });
    // In f32 the difference is beyond the range; in f64 its square is not.
    if (precision === f32) expect(total).toBe(Infinity);
    else expectClose(total, (1.5 * f32.largest) ** 2, 1e-15 * (1.5 * f32.largest) ** 2, "the loss");
  });

  // Each by hand; all numbers are exact in both precisions, but for the thirds, fifths and sixths of the derivatives.
  const part = (numbers: number[], m: number) => numbers.map((n) => precision.round(n * precision.round(1 / m)));

  test("meanAbsoluteError of (1, 2, 4) against (0, 4, 4)", () => {
    // (1 + 2 + 0) / 3; δ = (1, −1, 0) / 3 / 2
    const { total, delta } = run(Op.MeanAbsoluteError, [[1, 2, 4]], [[0, 4, 4]], { divisor: 2 });
    expect(total).toBe(1);
    expect(delta).toEqual([part([1, -1, 0], 6)]);
  });

  test("huber of differences ½, −3, 1 and −1 with the parameter 1", () => {
    // (⅛ + (3 − ½) + ½ + ½) / 4; δ = (½, −1, 1, −1) / 4 / 2
    const { total, delta } = run(Op.Huber, [[1.5, -1, 2, -3]], [[1, 2, 1, -2]], { divisor: 2, parameter: 1 });
    expect(total).toBe(0.90625);
    expect(delta).toEqual([[0.0625, -0.125, 0.125, -0.125]]);
  });

  test("poisson of logits 0, 0 and 1 against 1, 3 and 2", () => {
    // (1 − 0 + 1 − 0 + e − 2) / 3; δ = (0, −2, e − 2) / 3
    const { total, delta } = run(Op.Poisson, [[0, 0, 1]], [[1, 3, 2]]);
    expectClose(total, Math.E / 3, precision.epsilon * Math.E, "the loss");
    expect(delta[0]!.slice(0, 2)).toEqual(part([0, -2], 3));
    expectClose(delta[0]![2]!, (Math.E - 2) / 3, precision.epsilon * Math.E, "δ");
  });

  test("hinge of answers far enough, half way, wrong, wrong for 0, and at the kink", () => {
    // (0 + ½ + 2 + 2 + 0) / 5; δ = −t / 5 where something is missing
    const { total, delta } = run(Op.Hinge, [[2, 0.5, -1, 1, 1]], [[1, 1, 1, 0, 1]]);
    expect(total).toBe(0.9);
    expect(delta).toEqual([part([0, -1, -1, 1, 0], 5)]);
  });

  test("huber and hinge have the derivatives of their sides a hair from their kinks", () => {
    const { epsilon } = precision;
    const inside = 1 - epsilon;
    const at = (op: Op, z: number[]) =>
      run(op, [z], [z.map(() => Number(op === Op.Hinge))], { parameter: 1 }).delta[0]!;
    expect(at(Op.Huber, [inside, 1, 1 + epsilon, -inside])).toEqual([inside / 4, 0.25, 0.25, -inside / 4]);
    expect(at(Op.Hinge, [inside, 1, 1 + epsilon, -inside])).toEqual([-0.25, 0, 0, -0.25]);
    expect(at(Op.MeanAbsoluteError, [precision.smallest, 0, -0, -precision.smallest])).toEqual([0.25, 0, -0, -0.25]);
  });

  describe("binaryCrossEntropy", () => {
    // z·y and max(z, 0) cancel exactly where y is 0 or 1; what is left is |z| or log1p(e^−|z|).
    test.each([
      [1e4, 1, 0, 0],
      [1e4, 0, 1e4, 1],
      [-1e4, 1, 1e4, -1],
      [-1e4, 0, 0, 0],
      [1e30, 1, 0, 0],
      [-1e30, 1, 1e30, -1],
      [f32.largest, 0, f32.largest, 1],
    ])("of logit %d and target %d is %d with derivative %d", (z, y, value, derivative) => {
      const { total, delta } = run(Op.BinaryCrossEntropy, [[z]], [[y]]);
      expect(total).toBe(precision.round(value));
      // σ(−∞) need only be under the smallest normal number.
      expectClose(delta[0]![0]!, derivative, precision.smallestNormal, "δ");
    });

    test.each([0.5, 1, 10, 15, 30, 60, 80])(
      "keeps the digits of the small loss of a right answer at logit ±%d",
      (z) => {
        for (const [logit, target] of [
          [z, 1],
          [-z, 0],
        ] as const) {
          const { total } = run(Op.BinaryCrossEntropy, [[logit]], [[target]]);
          const exact = Math.log1p(Math.exp(-z));
          // exp and log1p err by one unit each (two in f64), the reference by one.
          expectClose(total, exact, 5 * precision.epsilon * exact, `the loss at ${logit}`);
        }
      },
    );

    test("of a soft target is least, and its derivative 0, where σ(z) is the target", () => {
      const { total, delta } = run(Op.BinaryCrossEntropy, [[0, 0, 0]], [[0.5, 0.5, 0.5]]);
      // −log ½ to the rounding of log1p(1), and its sum's in f64
      expectClose(total, Math.LN2, precision.epsilon, "the loss");
      expect(delta).toEqual([[0, 0, 0]]);
    });
  });

  describe("softmaxCrossEntropy", () => {
    test.each([
      [[1e4, -1e4], [0, 1], 2e4, [1, -1]],
      [[1e4, -1e4], [1, 0], 0, [0, 0]],
      [[-1e4, 1e4, 0], [0.5, 0.25, 0.25], 1.25e4, [-0.5, 0.75, -0.25]],
      [[1e30, -1e30], [1, 0], 0, [0, 0]],
      [[0, -Infinity], [1, 0], 0, [0, 0]],
    ])("of %j with targets %j is %d with derivatives %j", (logits, targets, value, derivatives) => {
      const { total, delta } = run(Op.SoftmaxCrossEntropy, [logits], [targets]);
      expect(total).toBe(value);
      expect(delta).toEqual([derivatives]);
    });

    // The largest is left out of the sum, so that 1 does not swallow the rest. In f32 the exponential errs by one unit: 1e-6 is
    // eight; in f64 it and log1p by two each: 1e-14 is 45.
    const relative = (precision: Precision) => (precision === f32 ? 1e-6 : 1e-14);
    test.each([1, 10, 20, 30, 60, 80])("keeps the digits of the small loss of a right answer by %d", (z) => {
      for (const logits of [
        [z, 0],
        [0, z],
        [0, 0, z, 0, 0],
      ]) {
        const label = logits.indexOf(z);
        const { total } = run(Op.SoftmaxCrossEntropy, [logits], [logits.map((_, j) => Number(j === label))]);
        const exact = Math.log1p((logits.length - 1) * Math.exp(-z));
        expectClose(total, exact, relative(precision) * exact, `the loss at ${logits}`);
      }
    });

    test("a tie at the top is counted whole", () => {
      const { total, delta } = run(Op.SoftmaxCrossEntropy, [[7, 7, 7, 7]], [[0, 0, 1, 0]]);
      // −log ¼, to two units of f64: the sum of three ones is exact.
      expectClose(total, Math.log(4), 2 ** -51, "the loss");
      expect(delta).toEqual([[0.25, 0.25, -0.75, 0.25]]);
    });
  });
});
