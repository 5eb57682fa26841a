import { describe, expect, test } from "vitest";
import { Activation, Gradient, Op } from "../../assembly/opcodes.ts";
import * as reference from "../reference/conv2d.ts";
import { f64, type Numbers, PRECISIONS, uniform } from "../reference/precision.ts";
import { backward, convolution, forward, layerOf, square } from "./convolution.ts";
import { expectDerivative } from "./differences.ts";
import { Arena } from "./harness.ts";

// What is true of a convolution whether the build fuses or not.

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);

  test("a sample has the same bits alone and in a batch, forward and D_X", () => {
    for (const s of [square(9, 9, 3, 7, 3, 1), square(5, 10, 4, 5, 4)]) {
      const { x, w, b, dz } = layerOf(precision, s);
      const part = (values: Numbers, i: number) => {
        const length = values.length / s.rows;
        return values.slice(i * length, (i + 1) * length) as Numbers;
      };
      const one = { ...s, rows: 1 };
      const each = (run: (i: number) => number[]) => Array.from({ length: s.rows }, (_, i) => run(i)).flat();
      const z = arena.values(forward(arena, { x, w, b }, s));
      expect(each((i) => arena.values(forward(arena, { x: part(x, i), w, b }, one)))).toEqual(z);
      const options = { gradient: Gradient.Skip, dx: true };
      const dx = arena.values(backward(arena, { x, w, dz }, s, options).dx);
      const alone = (i: number) => backward(arena, { x: part(x, i), w, dz: part(dz, i) }, one, options).dx;
      expect(each((i) => arena.values(alone(i)))).toEqual(dx);
    }
  });

  test.each(["Identity", "Relu", "Tanh", "Sigmoid"] as const)(
    "%s has the bits of the activation behind the convolution, and of its derivative ahead of it",
    (name) => {
      const activation = Activation[name];
      const s = square(9, 17, 3, 7, 3, 1);
      const { x, w, b, dz } = layerOf(precision, s);
      const fused = arena.values(forward(arena, { x, w, b }, s, { activation }));
      const z = precision.array(arena.values(forward(arena, { x, w, b }, s)));
      arena.clear();
      const Z = arena.input(z, reference.positions(s), s.filters, { value: 0 });
      const A = arena.output(reference.positions(s), s.filters);
      arena.run(1, [Op.Activate, A, Z, Z.bytes, activation]);
      const values = activation === Activation.Identity ? Array.from(z) : arena.values(A);
      expect(fused).toEqual(values);

      const a = precision.array(values);
      arena.clear();
      const D = arena.inOut(dz, reference.positions(s), s.filters, { value: 0 });
      const from = arena.input(a, reference.positions(s), s.filters, { value: 0.5 });
      arena.run(1, [Op.ActivateBackward, D, D, from, D.bytes, activation]);
      const derived = precision.array(arena.values(D));
      const options = { gradient: Gradient.Store, dx: true };
      const bits = ({ dz, dx, dw, db }: ReturnType<typeof backward>) =>
        [dz, dx, dw, db].map((matrix) => arena.padded(matrix).slice());
      const apart = bits(backward(arena, { x, w, dz: derived }, s, options));
      expect(bits(backward(arena, { x, w, dz }, s, { ...options, activation, a }))).toEqual(apart);
    },
  );
});

describe("the derivatives are central differences in f64", async () => {
  const arena = await Arena.create(f64);

  test.each([
    [
      "of a window that reaches beyond the image",
      convolution({
        ...{ rows: 2, height: 5, width: 4, channels: 3, filters: 3, kernelHeight: 3, kernelWidth: 2 },
        ...{ strideY: 2, strideX: 1, dilationY: 1, dilationX: 2, top: 1, left: 2, bottom: 1, right: 0 },
      }),
    ],
    ["of one that does not", square(2, 5, 2, 5, 3)],
  ])("%s", (_, s) => {
    const { x, w, b } = layerOf(f64, s);
    const point = { x, w, b };
    const c = uniform(f64, reference.positions(s) * s.filters, 4);
    const activation = Activation.Sigmoid;
    const at = (p: typeof point) => arena.values(forward(arena, p, s, { activation }));
    const summed = (p: typeof point) => at(p).reduce((sum, value, i) => sum + c[i]! * value, 0);
    const options = { gradient: Gradient.Store, dx: true, activation, a: f64.array(at(point)) };
    const { dx, dw, db } = backward(arena, { ...point, dz: c }, s, options);
    expectDerivative(summed, point, { x: arena.values(dx), w: arena.values(dw), b: arena.values(db) });
  });
});
