// The cases of ONNX's training operators, through the kernels.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { f32 } from "../reference/precision.ts";
import { Arena, type Call, expectClose } from "./harness.ts";

interface Tensor {
  readonly dtype: "f32" | "i64";
  readonly b64: string;
}

interface Case {
  readonly name: string;
  readonly op: "Adagrad" | "Adam" | "Momentum";
  readonly attr: Readonly<Record<string, number>> & { readonly mode?: string };
  readonly sets: readonly { readonly inputs: readonly Tensor[]; readonly outputs: readonly Tensor[] }[];
}

const { cases } = JSON.parse(readFileSync(new URL("../golden/onnx_optimizers.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

function numbersOf({ dtype, b64 }: Tensor): number[] {
  const bytes = new Uint8Array(Buffer.from(b64, "base64")).buffer;
  return dtype === "f32" ? Array.from(new Float32Array(bytes)) : Array.from(new BigInt64Array(bytes), Number);
}

/**
 * ONNX corrects Adam's moments from T = 1 on; these cases have T = 0, without correction: what the kernel does after so many
 * updates that no power of β is left. Momentum's `beta`, a factor of the gradient from T = 1 on, has no say at T = 0 either, nor has
 * Adagrad's decay of the rate, R / (1 + T·decay_factor).
 */
const LATE = 2 ** 31;

/** The kernel, the constants of its record, and slots that are not there. */
const KERNELS: Record<Case["op"], (attr: Case["attr"]) => { op: Op; constants: (number | Double)[]; absent: number }> =
  {
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
  for (const { op, attr, sets } of cases) {
    expect(Object.keys(attr)).toEqual(offered[op]);
    expect(numbersOf(sets[0]!.inputs[1]!)).toEqual([0]);
  }
  expect(cases.length).toBe(7);
});

test.each(cases)("$name", async ({ op, attr, sets }) => {
  const arena = await Arena.create(f32);
  const kernel = KERNELS[op](attr);
  for (const { inputs, outputs } of sets) {
    arena.clear();
    const [rate, , ...tensors] = inputs.map(numbersOf);
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
        [Op.Decay, w!, dw!, w!.bytes, new Double(attr.norm_coefficient!)],
        [kernel.op, w!, dw!, w!.bytes, eta, clock, cursor, ...slots, ...absent, ...kernel.constants],
      ];
    });
    arena.run(1, ...calls.flat());
    const results = blocks.filter((_, i) => Math.floor(i / count) !== 1);
    for (const [i, output] of outputs.entries()) {
      for (const [j, value] of numbersOf(output).entries()) {
        const tolerance = 1e-6 + 1e-5 * Math.abs(value);
        expectClose(arena.values(results[i]!)[j]!, value, tolerance, `output ${i}, number ${j}`);
      }
    }
    expect(arena.cursorFields(cursor).health).toBe(0);
  }
});
