import { beforeEach, describe, expect, test } from "vitest";
import { Activation, Gradient, Op } from "../../assembly/opcodes.ts";
import type { Block } from "../../src/plan.ts";
import { Double } from "../../src/program.ts";
import { PRECISIONS, type Precision } from "../reference/precision.ts";
import { Arena, type CursorFields, type Rows } from "./harness.ts";
import { allotted } from "./layer.ts";

const BATCH = 3;

describe.each(PRECISIONS)("the runner in $name", async (precision: Precision) => {
  const arena = await Arena.create(precision);
  let cursor: Block;
  let out: Rows;
  let weight: Rows;
  let program: number;
  /** 0: the program is the whole step. */
  let update = 0;

  beforeEach(() => {
    arena.clear();
    update = 0;
  });

  /**
   * A program with one weight w: x ← the batch's rows of one number by the order, δ of the mean squared error of x against 0, and
   * w ← w − 1·w′, w′ given: the descent of a weight behind inputs of 1, with D_Z w′ in the first row and 0 in the others. So each step adds Σ x² to the loss.
   */
  function lay(x: number[], order: number[], gradient: number, fields: Partial<CursorFields> = {}) {
    const rows = arena.data(precision.array([...x, 0, 0, 0]));
    const address = arena.data(Uint32Array.from(order)).address;
    cursor = arena.cursor({ order: address, length: order.length, batchSize: BATCH, ...fields });
    out = arena.output(BATCH, 1);
    weight = arena.inOut([0], 1, 1, { value: 0 });
    const zeros = arena.input(new Array(BATCH).fill(0), BATCH, 1);
    const delta = arena.output(BATCH, 1);
    const ones = arena.input(new Array(BATCH).fill(1), BATCH, 1);
    const dz = arena.input([gradient, 0, 0], BATCH, 1, { value: 0 });
    const bias = arena.inOut([0], 1, 1, { value: 0 });
    const workspace = arena.workspace(allotted({ rows: BATCH, inputs: 1, outputs: 1 }, precision.size)[1]);
    const rate = arena.data(Float64Array.of(1));
    const gather = precision.size === 8 ? Op.GatherDoubles : Op.GatherFloats;
    program = arena.program(
      [
        [gather, out, rows, cursor, 1, out.rowBytes, new Double(1), new Double(0)],
        [Op.MeanSquaredError, delta, out, zeros, cursor, 1, out.rowBytes, new Double(0)],
        [
          Op.DenseBackward,
          ...[dz, out, ones, weight, 0, weight, bias, 1, 1, dz.rowBytes, ones.rowBytes],
          ...[Activation.Identity, Gradient.Descend, rate, rate, cursor, workspace],
        ],
      ],
      BATCH,
    );
  }

  const train = (steps: number) => arena.guard(() => arena.core.train(program, update, cursor.address, steps));
  const state = () => arena.cursorFields(cursor);

  test("run of an empty program changes nothing", () => {
    const block = arena.inOut([4, 5], 1, 2, { value: 0 });
    const before = arena.padded(block).slice();
    arena.run(1);
    expect(arena.padded(block)).toEqual(before);
  });

  test("run calls the kernels of a program one after the other, and each on all rows", () => {
    const Z = arena.input([-1, 2, -3, 4, -5, 6], 3, 2);
    const [A, D] = [arena.output(3, 2), arena.output(3, 2)];
    const labels = arena.words(3);
    arena.run(
      3,
      [Op.Activate, A, Z, A.rowBytes, Activation.Relu],
      [Op.ActivateBackward, D, Z, A, A.rowBytes, Activation.Relu],
      [Op.Argmax, labels, A, 2, A.rowBytes],
    );
    expect(arena.values(A)).toEqual([0, 2, 0, 4, 0, 6]);
    // z where a is positive, for z stands in for D_A too.
    expect(arena.values(D)).toEqual([0, 2, 0, 4, 0, 6]);
    expect(Array.from(arena.labels(labels))).toEqual([1, 1, 1]);
  });

  test("train takes the steps that it is asked for, whole batches in the order, and counts", () => {
    lay([1, 2, 4, 8, 16, 32], [5, 0, 1, 4, 4, 2, 3, 3, 3], 2, { step: 10, samples: 2, loss: 0.5 });
    expect(train(1)).toBe(1);
    expect(arena.values(out)).toEqual([32, 1, 2]);
    // 0.5 + 32² + 1² + 2²
    expect(state()).toMatchObject({
      step: 11,
      samples: 5,
      position: 3,
      divisor: 3,
      loss: 1029.5,
      correct: 0,
      health: 0,
    });
    expect(arena.values(weight)).toEqual([-2]);
    expect(train(2)).toBe(2);
    expect(arena.values(out)).toEqual([8, 8, 8]);
    // + 16² + 16² + 4² + 3·8²
    expect(state()).toMatchObject({ step: 13, samples: 11, position: 9, divisor: 3, loss: 1749.5 });
    expect(arena.values(weight)).toEqual([-6]);
  });

  test("train divides by the weights of a step's rows, where they have any, and counts these as samples", () => {
    const weights = arena.data(Float64Array.of(0.5, 2, 4, 0, 0.25));
    lay([1, 2, 4, 8, 16], [4, 1, 4, 2, 3, 0, 3, 3], 0, { weights: weights.address });
    expect(train(1)).toBe(1);
    // ¼·16² + 2·2² + ¼·16²
    expect(state()).toMatchObject({ samples: 2.5, divisor: 2.5, loss: 136 });
    expect(train(1)).toBe(1);
    // + 4·4² + 0 + ½·1²
    expect(state()).toMatchObject({ samples: 7, divisor: 4.5, loss: 200.5 });
    // Twice a weight of 0
    expect(train(1)).toBe(1);
    expect(state()).toMatchObject({ step: 3, position: 8, samples: 7, divisor: 0, loss: 200.5, health: 0 });
  });

  test("train stops at the end of the order, with a short last batch, and takes no step there", () => {
    lay([1, 2, 4, 8], [0, 1, 2, 3, 0, 1, 2], 0);
    expect(train(100)).toBe(3);
    expect(state()).toMatchObject({
      step: 3,
      samples: 7,
      position: 7,
      divisor: 1,
      loss: 1 + 4 + 16 + 64 + 1 + 4 + 16,
      length: 7,
    });
    // The last batch has one row: the other two are left from the batch before.
    expect(arena.values(out)).toEqual([4, 1, 2]);
    const before = state();
    expect(train(100)).toBe(0);
    expect(state()).toEqual(before);
  });

  test("a batch larger than the order is one short step", () => {
    lay([3, 5], [1, 0], 0);
    expect(train(5)).toBe(1);
    expect(state()).toMatchObject({ step: 1, samples: 2, position: 2, divisor: 2, loss: 34 });
  });

  test("train takes no step when it is asked for none, or where the order is empty", () => {
    lay([1], [0], 0);
    const before = state();
    expect(train(0)).toBe(0);
    expect(state()).toEqual(before);
    arena.clear();
    lay([1], [], 0);
    expect(train(5)).toBe(0);
    expect(state()).toMatchObject({ step: 0, samples: 0, position: 0, loss: 0 });
  });

  test.each([Number.NaN, Infinity])(
    "train stops after the first step whose loss is not finite: a row of %d",
    (special) => {
      lay([1, special, 2], [0, 0, 0, 2, 2, 1, 0, 0, 0], 0);
      expect(train(100)).toBe(2);
      expect(state()).toMatchObject({ step: 2, samples: 6, position: 6, loss: special, health: 0 });
    },
  );

  test("train stops after the first step that leaves a parameter not finite, though the loss is", () => {
    lay([1], [0, 0, 0, 0, 0, 0, 0, 0, 0], precision.largest * 0.75);
    // w: 0 → −0.75·largest → −∞
    expect(train(100)).toBe(2);
    expect(state()).toMatchObject({ step: 2, samples: 6, position: 6, loss: 6, health: Number.NaN });
    expect(arena.values(weight)).toEqual([-Infinity]);
  });

  test("steps taken one by one and at once leave the same bits", () => {
    const order = Array.from({ length: 20 }, (_, i) => (i * 7) % 6);
    const x = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    lay(x, order, 0.1);
    expect(train(100)).toBe(7);
    const [atOnce, w] = [state(), arena.values(weight)];
    arena.clear();
    lay(x, order, 0.1);
    for (let step = 0; step < 7; step++) expect(train(1)).toBe(1);
    expect(state()).toEqual(atOnce);
    expect(arena.values(weight)).toEqual(w);
  });

  test("a step of several batches divides by the rows of all, counts once, and ends with the update", () => {
    const x = [1, 2, 4, 8, 16, 32];
    const order = [5, 0, 1, 4, 4, 2, 3, 3, 3, 0, 1];
    const weights = [1, 2, 0.5, 4, 0.25, 2];
    for (const weighted of [false, true]) {
      arena.clear();
      const address = weighted ? arena.data(Float64Array.from(weights)).address : 0;
      // Rows 5 0 1, 4 4 2, 3 and then 3 3 0, 1: batches of 3 in steps of 7.
      lay(x, order, 0, { stepSize: 7, begin: 99, weights: address });
      const total = arena.output(1, 1);
      arena.padded(total).fill(0);
      const counted = arena.inOut([1, 1], 1, 2, { value: 0 });
      const rate = arena.data(Float64Array.of(1));
      // An update of its own: w ← w − 1·1, once a step, whatever it is run on.
      const clock = arena.doubles([0, 0, 1, Infinity, 0, 0, 1, 0]);
      update = arena.program([[Op.Descend, total, counted, 16, rate, clock, cursor]], BATCH);
      const sums = (rows: number[], of: (row: number) => number) =>
        rows.reduce((sum, row) => sum + (weighted ? weights[row]! : 1) * of(row), 0);
      const steps = [order.slice(0, 7), order.slice(7)];
      let [samples, loss] = [0, 0];
      for (const [i, rows] of steps.entries()) {
        expect(train(1)).toBe(1);
        samples += sums(rows, () => 1);
        loss += sums(rows, (row) => x[row]! ** 2);
        const divisor = sums(rows, () => 1);
        const position = [7, 11][i]!;
        expect(state()).toMatchObject({ step: i + 1, position, begin: [0, 7][i], divisor, samples, loss });
        expect(arena.values(total)).toEqual([-(i + 1)]);
      }
      // The last batch had one row.
      expect(arena.values(out)).toEqual([2, 8, 1]);
      expect(train(1)).toBe(0);
    }
  });

  test("clearGradients empties them before the first batch of a step alone", () => {
    for (const [position, expected] of [
      [4, 0],
      [7, 3],
    ] as const) {
      arena.clear();
      const dw = arena.inOut([3, 3, 3, 3, 3], 1, 5, { value: 0 });
      arena.run(2, [Op.ClearGradients, dw, dw.bytes, arena.cursor({ begin: 4, position })]);
      arena.expectExactly(dw, new Array(5).fill(expected), 0, `at ${position}`);
    }
  });

  test("every opcode has a kernel of its own in this precision; what is no opcode has none", () => {
    const kernel = (op: number) => arena.core.kernel(op as Op, precision.size);
    const last = Math.max(...Object.values(Op).filter((value) => typeof value === "number"));
    const kernels = Array.from({ length: last }, (_, i) => kernel(i + 1));
    expect(Math.min(...kernels)).toBeGreaterThan(0);
    expect(new Set(kernels).size).toBe(kernels.length);
    expect([kernel(0), kernel(last + 1), kernel(-1)]).toEqual([0, 0, 0]);
  });
});
