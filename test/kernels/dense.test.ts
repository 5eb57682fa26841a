import { describe, expect, test } from "vitest";
import { Activation, Gradient, Op } from "../../assembly/opcodes.ts";
import { loadCore } from "../../src/module.ts";
import * as reference from "../reference/dense.ts";
import { normal, PRECISIONS, uniform } from "../reference/precision.ts";
import { Arena, expectClose, type Rows } from "./harness.ts";
import { type Backward, backward, forward, type Layer } from "./layer.ts";
import { LARGEST, label, long, packing, panels, small, some } from "./sizes.ts";

const { Store, Accumulate, Descend } = Gradient;

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const layer: Layer = {
    x: normal(precision, LARGEST, 1),
    w: normal(precision, LARGEST, 2),
    b: normal(precision, 257, 3),
    dz: normal(precision, LARGEST, 4),
  };
  const { x, w, b, dz } = layer;
  const start = normal(precision, LARGEST, 5);
  const expected = precision.array(LARGEST);
  const biases = precision.array(257);

  describe.each([
    ["1…33 in each dimension", small, {}],
    ["sizes around 64, 128 and 256", long, {}],
    ["sizes around those from which D_Z is copied", () => packing(precision), {}],
    ["sizes around those from which W is copied", () => panels(precision), {}],
    ["rows of x a vector wider than needed", some, { x: 1 }],
    ["rows of z, w and b a vector wider than needed", some, { z: 1 }],
    ["all rows two vectors wider than needed", some, { x: 2, z: 2 }],
  ] as const)("%s", (_, sizes, wider) => {
    test("denseForward adds to the bias in index order, bit for bit, and writes zero padding", () => {
      for (const size of sizes()) {
        const z = forward(arena, layer, size, { wider });
        reference.forward(reference.inOrder, expected, x, w, b, size);
        arena.expectExactly(z, expected, 0, label(size));
      }
    });

    test.each([
      ["stores", Store, undefined],
      ["accumulates", Accumulate, start],
    ] as const)(
      "denseBackward %s D_W and D_B in the order of the rows, bit for bit, and zero padding",
      (_, gradient, from) => {
        for (const size of sizes()) {
          const { dw, db } = backward(arena, layer, size, { gradient, start: from, wider });
          reference.weightGradient(reference.inOrder, expected, from, x, dz, size);
          arena.expectExactly(dw, expected, 0, `weights, ${label(size)}`);
          reference.biasGradient(reference.inOrder, biases, from, dz, size);
          arena.expectExactly(db, biases, 0, `biases, ${label(size)}`);
        }
      },
    );

    test("denseBackward adds D_X from 0 in index order, bit for bit, whatever the padding of D_Z and W, and writes zero padding", () => {
      for (const size of sizes()) {
        // The infinite padding of D_Z comes out in that of D_W and D_B.
        const { dx } = backward(arena, layer, size, { gradient: Store, dx: true, padding: Infinity, wider });
        reference.inputGradient(reference.inOrder, expected, dz, w, size);
        // What is in vectors that D_X does not need is left open.
        arena.expectExactly(dx, expected, "x" in wider ? undefined : 0, label(size));
      }
    });
  });

  test("X and D_Z of more than 512 KiB leave the order of the sums, bit for bit, and zero padding", async () => {
    const module = await loadCore();
    const { core, buffer } = module.instantiate(2 ** 23);
    const large = new Arena(precision, core, buffer, module.heapBase);
    const { lanes, size } = precision;
    const [rows, terms] = [173, 769];
    const first = normal(precision, rows * terms, 6);
    const second = normal(precision, (1024 * terms) / size, 7);
    // Panels of 512 bytes in a row are copied at once; behind them are a panel that is not whole, or one and a vector.
    for (const columns of [512 / size + 2 * lanes - 1, 512 / size + 3 * lanes]) {
      const product = precision.array(rows * columns);
      const ahead = { rows, inputs: terms, outputs: columns };
      reference.forward(reference.inOrder, product, first, second, b, ahead);
      large.expectExactly(forward(large, { ...layer, x: first, w: second }, ahead), product, 0, label(ahead));
      const back = { rows, inputs: columns, outputs: terms };
      reference.inputGradient(reference.inOrder, product, first, second, back);
      const { dx } = backward(large, { x: second, w: second, b: first, dz: first }, back, {
        gradient: Store,
        dx: true,
      });
      large.expectExactly(dx, product, 0, label(back));
    }
  });

  test.each([
    ["stored", Store],
    ["accumulated", Accumulate],
    ["descended", Descend],
  ] as const)("D_W and D_B that are %s are the same bits whether D_X is wanted or not", (_, gradient) => {
    for (const size of [...some(), ...packing(precision)]) {
      const run = (dx: boolean) => {
        const options = { gradient, dx, rate: 0.1, ...(gradient === Accumulate && { start }) };
        const { dw, db } = backward(arena, layer, size, options);
        return [arena.padded(dw).slice(), arena.padded(db).slice()];
      };
      expect(run(true), label(size)).toEqual(run(false));
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
    const value = new Float64Array(LARGEST);
    const sum = new Float64Array(LARGEST);
    const sizes = () => [...some(), ...long(), ...packing(precision), ...panels(precision)];

    test("denseForward", () => {
      for (const size of sizes()) {
        reference.forward(reference.compensated, value, x, w, b, size);
        reference.forward(reference.magnitude, sum, x, w, b, size);
        expectWithin(forward(arena, layer, size), value, sum, size.inputs + 1, label(size));
      }
    });

    test("denseBackward", () => {
      for (const size of sizes()) {
        const { dw, db, dx } = backward(arena, layer, size, { gradient: Store, dx: true });
        reference.weightGradient(reference.compensated, value, undefined, x, dz, size);
        reference.weightGradient(reference.magnitude, sum, undefined, x, dz, size);
        expectWithin(dw, value, sum, size.rows, `weights, ${label(size)}`);
        reference.biasGradient(reference.compensated, value, undefined, dz, size);
        reference.biasGradient(reference.magnitude, sum, undefined, dz, size);
        expectWithin(db, value, sum, size.rows, `biases, ${label(size)}`);
        reference.inputGradient(reference.compensated, value, dz, w, size);
        reference.inputGradient(reference.magnitude, sum, dz, w, size);
        expectWithin(dx, value, sum, size.outputs, `inputs, ${label(size)}`);
      }
    });
  });

  // 0·NaN and 0·∞ are NaN: no product may be left out because a factor is 0.
  describe.each([Number.NaN, Infinity, -Infinity])("with %d in one place", (special) => {
    // The last but one copies W, the last D_Z.
    const shapes = [
      [1, 1, 1],
      [1, 5, 9],
      [5, 7, 9],
      [4, 4, 8],
      [3, 17, 17],
      [2, 3, 35],
      [9, 6, 13],
      [350, 5, 11],
    ].map(([rows, inputs, outputs]) => ({ rows: rows!, inputs: inputs!, outputs: outputs! }));

    /** The sizes, and places in a matrix of `count` numbers: all of a small one, both ends and every 97th of a large one. */
    function* places(count: (size: reference.Sizes) => number): Generator<readonly [reference.Sizes, number]> {
      for (const size of shapes) {
        const last = count(size) - 1;
        for (let at = 0; at <= last; at++) if (last < 200 || at === last || at % 97 === 0) yield [size, at];
      }
    }

    const weights = ({ inputs, outputs }: reference.Sizes) => inputs * outputs;
    const deltas = ({ rows, outputs }: reference.Sizes) => rows * outputs;
    const numbers = ({ rows, inputs }: reference.Sizes) => rows * inputs;
    const zeros = (count: number) => precision.array(count);
    const placed = (count: number, at: number) => {
      const values = zeros(count);
      values[at] = special;
      return values;
    };
    /** NaN where `nan` says, else `otherwise`. */
    const where = (count: number, nan: (i: number) => boolean, otherwise: (i: number) => number) =>
      Array.from({ length: count }, (_, i) => (nan(i) ? Number.NaN : otherwise(i)));

    test("a weight makes NaN of its output in every row whose input is 0, and of no other", () => {
      for (const [size, at] of places(weights)) {
        const { outputs } = size;
        const z = forward(arena, { ...layer, x: zeros(numbers(size)), w: placed(weights(size), at) }, size);
        const wanted = where(
          deltas(size),
          (i) => i % outputs === at % outputs,
          (i) => b[i % outputs]!,
        );
        arena.expectExactly(z, wanted, 0, `weight ${at}, ${label(size)}`);
      }
    });

    test("an input makes NaN of every output of its row whose weight is 0, and of no other row", () => {
      for (const [size, at] of places(numbers)) {
        const { inputs, outputs } = size;
        const z = forward(arena, { ...layer, x: placed(numbers(size), at), w: zeros(weights(size)) }, size);
        const row = Math.floor(at / inputs);
        const wanted = where(
          deltas(size),
          (i) => Math.floor(i / outputs) === row,
          (i) => b[i % outputs]!,
        );
        arena.expectExactly(z, wanted, undefined, `input ${at}, ${label(size)}`);
      }
    });

    describe.each([
      ["stored", Store, undefined],
      ["accumulated", Accumulate, start],
      ["descended", Descend, undefined],
    ] as const)("the gradients %s", (_, gradient, from) => {
      /** What a parameter is where its gradient is 0. */
      const kept = (i: number) => {
        if (gradient === Descend) return w[i]!;
        return from?.[i] ?? 0;
      };
      const run = (size: reference.Sizes, change: Partial<Layer>): Backward =>
        backward(arena, { ...layer, ...change }, size, { gradient, rate: 0.1, ...(from && { start: from }) });

      test("an input makes NaN of the weights behind it where D_Z is 0, and of no other", () => {
        for (const [size, at] of places(numbers)) {
          const { inputs, outputs } = size;
          const { dw } = run(size, { x: placed(numbers(size), at), dz: zeros(deltas(size)) });
          const wanted = where(weights(size), (i) => Math.floor(i / outputs) === at % inputs, kept);
          arena.expectExactly(dw, wanted, undefined, `input ${at}, ${label(size)}`);
        }
      });

      test("an element of D_Z makes NaN of the weights that lead there where the input is 0, and of no other", () => {
        for (const [size, at] of places(deltas)) {
          const { outputs } = size;
          const { dw } = run(size, { x: zeros(numbers(size)), dz: placed(deltas(size), at) });
          const wanted = where(weights(size), (i) => i % outputs === at % outputs, kept);
          arena.expectExactly(dw, wanted, 0, `element ${at}, ${label(size)}`);
        }
      });
    });

    test("an element of D_Z is the whole of its bias's gradient", () => {
      for (const [size, at] of places(deltas)) {
        const { db } = backward(arena, { ...layer, dz: placed(deltas(size), at) }, size, { gradient: Store });
        const wanted = zeros(size.outputs);
        wanted[at % size.outputs] = special;
        arena.expectExactly(db, wanted, 0, `element ${at}, ${label(size)}`);
      }
    });

    test.each([
      ["stored", Store],
      ["descended", Descend],
    ] as const)("a weight makes NaN of the D_X before it where D_Z is 0, the gradients %s", (_, gradient) => {
      for (const [size, at] of places(weights)) {
        const { inputs, outputs } = size;
        const change = { w: placed(weights(size), at), dz: zeros(deltas(size)) };
        const { dx } = backward(arena, { ...layer, ...change }, size, { gradient, dx: true, rate: 0.1 });
        const column = Math.floor(at / outputs);
        const wanted = where(
          numbers(size),
          (i) => i % inputs === column,
          () => 0,
        );
        arena.expectExactly(dx, wanted, 0, `weight ${at}, ${label(size)}`);
      }
    });

    test("an element of D_Z makes NaN of the D_X of its row where the weight is 0, and of no other row", () => {
      for (const [size, at] of places(deltas)) {
        const { inputs, outputs } = size;
        const change = { w: zeros(weights(size)), dz: placed(deltas(size), at) };
        const { dx } = backward(arena, { ...layer, ...change }, size, { gradient: Store, dx: true });
        const row = Math.floor(at / outputs);
        const wanted = where(
          numbers(size),
          (i) => Math.floor(i / inputs) === row,
          () => 0,
        );
        arena.expectExactly(dx, wanted, undefined, `element ${at}, ${label(size)}`);
      }
    });
  });

  describe.each(["Identity", "Relu", "Tanh", "Sigmoid"] as const)("%s within the layer", (name) => {
    const activation = Activation[name];
    const sizes = () => [...some(), ...panels(precision), ...packing(precision)];

    test("denseForward leaves the bits of the products and the activation on its own", () => {
      for (const size of sizes()) {
        const fused = arena.padded(forward(arena, layer, size, { activation })).slice();
        const z = forward(arena, layer, size);
        arena.run(size.rows, [Op.Activate, z, z, z.rowBytes, activation]);
        expect(Buffer.compare(bytesOf(fused), bytesOf(arena.padded(z))), label(size)).toBe(0);
      }
    });

    test.each([
      ["stored", Store],
      ["accumulated", Accumulate],
      ["descended", Descend],
    ] as const)("denseBackward leaves the bits of the derivative on its own and the products, %s", (_, gradient) => {
      // Outputs as they occur: 0 and positive numbers of relu, (−1, 1) of tanh, (0, 1) of sigmoid.
      const a = precision.array(
        uniform(precision, LARGEST, 6).map(
          (u) => ({ Identity: u, Relu: Math.max(0, 4 * u - 2), Tanh: 2 * u - 1, Sigmoid: u })[name],
        ),
      );
      const common = { gradient, rate: 0.1, dx: true, ...(gradient === Accumulate && { start }) };
      const bits = ({ dz, dx, dw, db }: Backward) =>
        [dz, dx, dw, db].map((matrix) => Buffer.from(bytesOf(arena.padded(matrix))));
      for (const size of sizes()) {
        const fused = bits(backward(arena, layer, size, { ...common, activation, a }));
        arena.clear();
        const da = arena.input(dz, size.rows, size.outputs, { value: 0 });
        const A = arena.input(a, size.rows, size.outputs, { value: 0.5 });
        const alone = arena.output(size.rows, size.outputs);
        arena.run(size.rows, [Op.ActivateBackward, alone, da, A, da.rowBytes, activation]);
        // The identity leaves what is there.
        const derived = activation === Activation.Identity ? dz : precision.array(arena.values(alone));
        const apart = bits(backward(arena, { ...layer, dz: derived }, size, common));
        for (const [i, block] of apart.entries()) {
          if (block.compare(fused[i]!) !== 0) throw new Error(`${["D_Z", "D_X", "D_W", "D_B"][i]}, ${label(size)}`);
        }
      }
    });
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
