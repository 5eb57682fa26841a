import { Op } from "../assembly/opcodes.ts";
import type { Matrix } from "./plan.ts";
import type { Program } from "./program.ts";

const KERNELS = {
  identity: undefined,
  relu: { forward: Op.ReluForward, backward: Op.ReluBackward },
  tanh: { forward: Op.TanhForward, backward: Op.TanhBackward },
  sigmoid: { forward: Op.SigmoidForward, backward: Op.SigmoidBackward },
} as const;

/** identity: z; relu: max(z, 0); tanh: tanh z; sigmoid: 1 / (1 + e^−z). */
export type Activation = keyof typeof KERNELS;

export const ACTIVATIONS = Object.keys(KERNELS) as Activation[];

/** A ← a(Z). Returns the matrix that holds A: Z's own unless the program keeps everything. */
export function activate(program: Program, activation: Activation, z: Matrix): Matrix {
  const kernels = KERNELS[activation];
  if (!kernels) return z;
  const a = program.keepAll ? program.scratch(z.columns) : z;
  program.add(kernels.forward, a, z, z.rowBytes);
  return a;
}

/** D_Z ← D_A ⊙ a′(Z), a′ taken from A. Returns the matrix that holds D_Z: D_A's own unless the program keeps everything. */
export function activateBackward(program: Program, activation: Activation, da: Matrix, a: Matrix): Matrix {
  const kernels = KERNELS[activation];
  if (!kernels) return da;
  const dz = program.keepAll ? program.scratch(da.columns) : da;
  program.add(kernels.backward, dz, da, a, da.rowBytes);
  return dz;
}
