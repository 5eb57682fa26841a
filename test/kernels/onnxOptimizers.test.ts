// The cases of ONNX's training operators, through the kernels.
import { expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { cases, expectPublished } from "../golden/onnx.ts";
import { f32 } from "../reference/precision.ts";
import { Arena, type Call } from "./harness.ts";

type Attributes = Readonly<Record<string, number>> & { readonly mode?: string };

const OPERATORS = ["Adagrad", "Adam", "Momentum"] as const;
const all = cases(OPERATORS).map(({ op, attributes, ...rest }) => ({
  ...rest,
  op: op as (typeof OPERATORS)[number],
  attributes: attributes as Attributes,
}));

/**
 * ONNX corrects Adam's moments from T = 1 on; these cases have T = 0, without correction: what the kernel does after so many
 * updates that no power of β is left. Momentum's `beta`, a factor of the gradient from T = 1 on, has no say at T = 0 either, nor has
 * Adagrad's decay of the rate, R / (1 + T·decay_factor).
 */
const LATE = 2 ** 31;

/** The kernel, the constants of its record, and slots that are not there. */
const KERNELS: Record<
  (typeof OPERATORS)[number],
  (attributes: Attributes) => { op: Op; constants: (number | Double)[]; absent: number }
> = {
  Adagrad: ({ epsilon }) => ({ op: Op.Adagrad, constants: [new Double(epsilon!)], absent: 0 }),
  Adam: ({ alpha, beta, epsilon }) => ({
    op: Op.Adam,
    constants: [alpha!, beta!, epsilon!].map((value) => new Double(value)),
    absent: 1,
  }),
  Momentum: ({ alpha, mode }) => ({
    op: Op.Momentum,
    constants: [new Double(alpha!), Number(mode === "nesterov")],
    absent: 0,
  }),
};

test("the cases use no attribute that the kernels do not offer", () => {
  const offered = {
    Adagrad: ["decay_factor", "epsilon", "norm_coefficient"],
    Adam: ["alpha", "beta", "epsilon", "norm_coefficient"],
    Momentum: ["alpha", "beta", "mode", "norm_coefficient"],
  };
  for (const { op, attributes, sets } of all) {
    expect(Object.keys(attributes)).toEqual(offered[op]);
    expect(sets[0]!.inputs[1]!.values).toEqual([0]);
  }
  expect(all.length).toBe(7);
});

test.each(all)("$name", async ({ op, attributes, sets }) => {
  const arena = await Arena.create(f32);
  const kernel = KERNELS[op](attributes);
  for (const { inputs, outputs } of sets) {
    arena.clear();
    const [rate, , ...tensors] = inputs.map(({ values }) => values);
    // X of each parameter, then G of each, then each kind of slot.
    const kinds = op === "Adam" ? 4 : 3;
    const count = tensors.length / kinds;
    const blocks = tensors.map((values) => arena.inOut(values, 1, values.length, { value: 0 }));
    const clock = arena.data(Float64Array.of(LATE, 0, 0, 0, 0, 0, 0, 0));
    const cursor = arena.cursor();
    const calls = Array.from({ length: count }, (_, i): Call[] => {
      const [w, dw, ...slots] = Array.from({ length: kinds }, (_, kind) => blocks[kind * count + i]!);
      const eta = arena.data(Float64Array.from(rate!));
      const absent = new Array(kernel.absent).fill(0);
      return [
        // G ← norm_coefficient·X + G
        [Op.Decay, w!, dw!, w!.bytes, new Double(attributes.norm_coefficient!)],
        [kernel.op, w!, dw!, w!.bytes, eta, clock, cursor, ...slots, ...absent, ...kernel.constants],
      ];
    });
    arena.run(1, ...calls.flat());
    const results = blocks.filter((_, i) => Math.floor(i / count) !== 1);
    for (const [i, output] of outputs.entries()) {
      expectPublished(arena.values(results[i]!), output.values, `output ${i}`);
    }
    expect(arena.cursorFields(cursor).health).toBe(0);
  }
});
