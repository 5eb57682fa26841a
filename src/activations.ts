import { Activation as Code, Op } from "../assembly/opcodes.ts";
import type { Matrix } from "./plan.ts";
import { Double, type Program } from "./program.ts";

const CODES = {
  identity: Code.Identity,
  relu: Code.Relu,
  tanh: Code.Tanh,
  sigmoid: Code.Sigmoid,
} as const;

/** identity: z; relu: max(z, 0); tanh: tanh z; sigmoid: 1 / (1 + e^−z). */
export type Activation = keyof typeof CODES;

export const ACTIVATIONS = Object.keys(CODES) as Activation[];

/** The core's number of an activation. */
export const activationCode = (activation: Activation) => CODES[activation];

/** A ← a(Z), in a place of its own. */
export function activate(program: Program, activation: Activation, z: Matrix): Matrix {
  const a = program.scratch(z.columns);
  program.add(Op.Activate, a, z, z.rowBytes, CODES[activation], new Double(0), new Double(0));
  return a;
}

/** D_Z ← D_A ⊙ a′(Z), a′ taken from A, in a place of its own. */
export function activateBackward(program: Program, activation: Activation, da: Matrix, a: Matrix): Matrix {
  const dz = program.scratch(da.columns);
  program.add(Op.ActivateBackward, dz, da, a, da.rowBytes, CODES[activation], new Double(0), new Double(0));
  return dz;
}
