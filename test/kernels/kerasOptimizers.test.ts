// Traces of Keras's own tests, through the kernels.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import { PRECISIONS } from "../reference/precision.ts";
import { Arena, type Call, expectClose } from "./harness.ts";

interface Arguments {
  readonly learning_rate?: number;
  readonly weight_decay?: number;
  readonly rho?: number;
  readonly beta_1?: number;
  readonly beta_2?: number;
  readonly epsilon?: number;
  readonly initial_accumulator_value?: number;
  readonly nesterov?: boolean;
  readonly centered?: boolean;
  readonly amsgrad?: boolean;
}

interface Trace {
  readonly optimizer: keyof typeof VARIANTS;
  readonly test: string;
  readonly args: Arguments;
  readonly grads?: number[];
  readonly vars?: number[];
  readonly var?: number;
  readonly grad?: number;
  readonly steps?: number;
  readonly expected?: number | number[];
  readonly golden?: number[][];
  readonly tol?: number;
}

const { cases } = JSON.parse(readFileSync(new URL("../golden/keras_optimizers.json", import.meta.url), "utf8")) as {
  cases: Trace[];
};

interface Variant {
  readonly op: Op;
  readonly rate: number;
  readonly decay?: number;
  /** What each slot begins with; undefined for one that is not there. */
  readonly slots: readonly (number | undefined)[];
  readonly constants: readonly (number | Double)[];
  readonly schedule?: readonly [beta1: number, base: number];
}

const doubles = (...values: number[]) => values.map((value) => new Double(value));

/** Adam's ε beside √v uncorrected, as Keras has it, is ε / √c₂ beside √(v/c₂): another number in each step. */
function kerasAdam(args: Arguments, t: number): Variant {
  const { learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, amsgrad } = args;
  const beside = epsilon / Math.sqrt(1 - beta_2 ** t);
  const constants = doubles(beta_1, beta_2, beside);
  return { op: Op.Adam, rate: learning_rate, slots: [0, 0, amsgrad ? 0 : undefined], constants };
}

/**
 * The settings that make the kernel Keras's variant in step t, with Keras's defaults. Weight decay is decoupled in all of them: `shrink`.
 */
const VARIANTS = {
  // No momentum unless told, and then `nesterov` has no say.
  SGD: ({ learning_rate = 0.01 }: Arguments): Variant => ({
    op: Op.Descend,
    rate: learning_rate,
    slots: [],
    constants: [],
  }),
  // Keras adds ε to the variance inside the root; the kernel has no such place. Beside the root it makes the first step of the
  // golden trace, of variance 9e-6, 0.003333 instead of 0.003315, and less of a difference where the gradient is larger.
  RMSprop: ({ learning_rate = 0.001, rho = 0.9, epsilon = 1e-7, centered }: Arguments): Variant => ({
    op: Op.RmsProp,
    rate: learning_rate,
    slots: [0, centered ? 0 : undefined, undefined],
    constants: doubles(rho, epsilon, 0),
  }),
  // √(v + ε), v a sum: ε is in the sum from the start. What is left beside the root only keeps the padding's 0 / 0 away.
  Adagrad: (args: Arguments): Variant => {
    const { learning_rate = 0.001, initial_accumulator_value = 0.1, epsilon = 1e-7 } = args;
    return {
      op: Op.Adagrad,
      rate: learning_rate,
      slots: [initial_accumulator_value + epsilon],
      constants: doubles(1e-30),
    };
  },
  Adadelta: ({ learning_rate = 0.001, rho = 0.95, epsilon = 1e-7 }: Arguments): Variant => ({
    op: Op.Adadelta,
    rate: learning_rate,
    slots: [0, 0],
    constants: doubles(rho, epsilon),
  }),
  Adam: kerasAdam,
  AdamW: (args: Arguments, t: number): Variant => ({ ...kerasAdam(args, t), decay: 0.004 }),
  // ψ = 1; ε stands beside the corrected root here.
  Nadam: ({ learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7 }: Arguments): Variant => ({
    op: Op.Nadam,
    rate: learning_rate,
    slots: [0, 0],
    constants: doubles(beta_1, beta_2, epsilon, 0.96),
    schedule: [beta_1, 0.96],
  }),
};

/** 0.1, 0.2, … 1 */
const RISING = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);

/** Where the parameters begin, the gradients of each step, and where they are after the steps that are known. */
function protocolOf({ grads, vars, var: start, grad, steps, expected, golden, tol }: Trace) {
  if (golden) {
    const gradients = golden.map((_, step) => (step === 0 ? new Array(10).fill(0.01) : RISING));
    return {
      start: new Array(10).fill(1),
      gradients,
      after: new Map(golden.entries()),
      relative: 5e-4,
      absolute: 5e-4,
    };
  }
  const [from, g] = [vars ?? [start!], grads ?? [grad!]];
  const gradients = new Array(steps ?? 1).fill(g) as number[][];
  const after = new Map([[gradients.length - 1, [expected!].flat()]]);
  return { start: from, gradients, after, relative: 0, absolute: tol! };
}

test("there are three traces of each optimizer", () => {
  expect(cases.map(({ optimizer }) => optimizer)).toEqual(Object.keys(VARIANTS).flatMap((name) => [name, name, name]));
});

describe.each(PRECISIONS)("in $name", async (precision) => {
  const arena = await Arena.create(precision);

  test.each(cases)("$optimizer follows Keras's $test", (trace) => {
    const { start, gradients, after, relative, absolute } = protocolOf(trace);
    const variantAt = (t: number) => VARIANTS[trace.optimizer](trace.args, t);
    arena.clear();
    const w = arena.inOut(start, 1, start.length, { value: 0 });
    const dw = arena.input(start, 1, start.length, { value: 0 });
    const slots = variantAt(1).slots.map((slot) =>
      slot === undefined ? 0 : arena.inOut(new Array(start.length).fill(slot), 1, start.length, { value: 0 }),
    );
    const clock = arena.doubles([0, 0, 0, 0, 0, 0, 1, 0]);
    const cursor = arena.cursor();
    const cells = arena.doubles([1, 0]);
    const rate = cells.address + 8;
    for (const [step, g] of gradients.entries()) {
      const variant = variantAt(step + 1);
      arena.padded(dw).set(g);
      const calls: Call[] = [[Op.Tick, clock, cursor, arena.data(Float64Array.of(0, 0, variant.rate)), cells, 1]];
      if (variant.schedule) calls.push([Op.NadamTick, clock, ...doubles(...variant.schedule)]);
      const decay = trace.args.weight_decay ?? variant.decay;
      if (decay) calls.push([Op.Shrink, w, w.bytes, rate, new Double(decay)]);
      arena.run(1, ...calls, [variant.op, w, dw, w.bytes, rate, clock, cursor, ...slots, ...variant.constants]);
      for (const [i, value] of after.get(step)?.entries() ?? []) {
        const tolerance = absolute + relative * Math.abs(value);
        expectClose(arena.values(w)[i]!, value, tolerance, `step ${step + 1}: parameter ${i}`);
      }
    }
    expect(arena.cursorFields(cursor).health).toBe(0);
  });
});
