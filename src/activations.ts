import { Activation as Code, Op } from "../assembly/opcodes.ts";
import { checkKnown, finiteNumber, nonNegativeNumber, positiveNumber, unexpected } from "./options.ts";
import type { Matrix } from "./plan.ts";
import { Double, type Program } from "./program.ts";

/** An activation with a parameter, as plain data. */
export type ParametricActivation =
  | { readonly type: "leakyRelu"; readonly slope: number }
  | { readonly type: "elu"; readonly alpha: number }
  | { readonly type: "hardSigmoid"; readonly slope: number; readonly offset: number };

/** How the core computes an activation. */
interface Kind {
  readonly code: Code;
  /** Whether the kernels of a dense layer compute it as they store; the others take a pass of their own. */
  readonly fused?: true;
  /** What the derivative is taken from. */
  readonly from: "a" | "z";
  /** The kernel's parameters. */
  readonly p?: number;
  readonly q?: number;
}

const KINDS = {
  identity: { code: Code.Identity, fused: true, from: "a" },
  relu: { code: Code.Relu, fused: true, from: "a" },
  tanh: { code: Code.Tanh, fused: true, from: "a" },
  sigmoid: { code: Code.Sigmoid, fused: true, from: "a" },
  leakyRelu: { code: Code.LeakyRelu, from: "a", p: 0.01 },
  elu: { code: Code.Elu, from: "a", p: 1, q: 1 },
  // α and λ of Klambauer et al., "Self-normalizing neural networks", 2017
  selu: { code: Code.Elu, from: "a", p: 1.6732632423543772, q: 1.0507009873554805 },
  gelu: { code: Code.Gelu, from: "z" },
  geluTanh: { code: Code.GeluTanh, from: "z" },
  silu: { code: Code.Silu, from: "z" },
  softplus: { code: Code.Softplus, from: "z" },
  hardSigmoid: { code: Code.HardSigmoid, from: "z", p: 1 / 6, q: 0.5 },
  softmax: { code: Code.Identity, from: "a" },
} as const satisfies Record<string, Kind>;

/**
 * An activation a(z). identity: z; relu: max(z, 0); leakyRelu: z for z > 0, else 0.01 z (Maas et al. 2013; PyTorch's slope);
 * elu: z for z > 0, else e^z − 1 (Clevert et al. 2016); selu: λ·elu with α (Klambauer et al. 2017); tanh: tanh z;
 * sigmoid: 1 / (1 + e^−z); hardSigmoid: z/6 + ½ cut to [0, 1] (PyTorch and Keras 3); gelu: z·Φ(z); geluTanh:
 * ½ z (1 + tanh(√(2/π) (z + 0.044715 z³))) (Hendrycks & Gimpel 2016); silu: z·σ(z) (Elfwing et al. 2018); softplus: log(1 + e^z);
 * softmax: e^z_j / Σ e^z_i over the units of a layer. `leakyRelu(slope)`, `elu(alpha)` and `hardSigmoid(slope, offset)` give
 * other parameters.
 */
export type Activation = keyof typeof KINDS | ParametricActivation;

export const ACTIVATIONS = Object.keys(KINDS) as (keyof typeof KINDS)[];

/**
 * ReLU with a slope for z < 0, a finite number from 0 (Maas et al., "Rectifier nonlinearities improve neural network acoustic
 * models", 2013). @example dense(10, leakyRelu(0.2))
 */
export const leakyRelu = (slope = 0.01): Activation =>
  Object.freeze({ type: "leakyRelu", slope: nonNegativeNumber("leakyRelu", "slope", slope) });

/**
 * z for z > 0, else α(e^z − 1), α above 0 (Clevert, Unterthiner & Hochreiter, "Fast and accurate deep network learning by
 * exponential linear units", 2016). @example dense(10, elu(0.5))
 */
export const elu = (alpha = 1): Activation =>
  Object.freeze({ type: "elu", alpha: positiveNumber("elu", "alpha", alpha) });

/**
 * slope·z + offset, cut to [0, 1]: by default z/6 + ½, as in PyTorch and Keras 3; older Keras has (0.2, 0.5). The slope is above 0.
 * @example dense(10, hardSigmoid(0.2, 0.5))
 */
export const hardSigmoid = (slope = 1 / 6, offset = 0.5): Activation =>
  Object.freeze({
    type: "hardSigmoid",
    slope: positiveNumber("hardSigmoid", "slope", slope),
    offset: finiteNumber("hardSigmoid", "offset", offset),
  });

/** Checks a value that should be an activation, from a caller or from a file. @throws TypeError, RangeError */
export function checkActivation(where: string, value: unknown): Activation {
  if (typeof value === "string" && Object.hasOwn(KINDS, value)) return value as keyof typeof KINDS;
  const given = Object(value) as Record<string, unknown>;
  switch (given.type) {
    case "leakyRelu":
      checkKnown(where, given, ["type", "slope"]);
      return leakyRelu(given.slope as number);
    case "elu":
      checkKnown(where, given, ["type", "alpha"]);
      return elu(given.alpha as number);
    case "hardSigmoid":
      checkKnown(where, given, ["type", "slope", "offset"]);
      return hardSigmoid(given.slope as number, given.offset as number);
  }
  throw unexpected(
    `${where}: activation`,
    value,
    `one of ${ACTIVATIONS.join(", ")}, or leakyRelu(slope), elu(alpha), hardSigmoid(slope, offset)`,
    "string",
  );
}

/** An activation's name. */
export const activationName = (activation: Activation) =>
  typeof activation === "string" ? activation : activation.type;

/** How the core computes the activation, with its parameters. */
export function activationKind(activation: Activation): Kind {
  const kind: Kind = KINDS[activationName(activation)];
  if (typeof activation === "string") return kind;
  if (activation.type === "elu") return { ...kind, p: activation.alpha };
  if (activation.type === "leakyRelu") return { ...kind, p: activation.slope };
  return { ...kind, p: activation.slope, q: activation.offset };
}

/** A ← a(Z), in Z's place where the derivative does not need Z and no other is given. */
export function activate(program: Program, activation: Activation, z: Matrix, place?: Matrix): Matrix {
  if (activation === "identity") return z;
  const { code, from, p = 0, q = 0 } = activationKind(activation);
  const a = place ?? (from === "a" && !program.keepAll ? z : program.scratch(z.shape));
  if (activation === "softmax") program.add(Op.Softmax, a, z, z.rowBytes, z.columns, z.positions);
  else program.add(Op.Activate, a, z, z.sampleBytes, code, new Double(p), new Double(q));
  return a;
}

/** D_Z ← D_A ⊙ a′(Z), in D_A's place unless everything is kept. */
export function activateBackward(
  program: Program,
  activation: Activation,
  da: Matrix,
  { z, a }: { z: Matrix; a: Matrix },
): Matrix {
  if (activation === "identity") return da;
  const { code, from, p = 0, q = 0 } = activationKind(activation);
  const dz = program.keepAll ? program.scratch(da.shape) : da;
  if (activation === "softmax") program.add(Op.SoftmaxBackward, dz, da, a, da.rowBytes, da.columns, da.positions);
  else {
    const source = from === "a" ? a : z;
    program.add(Op.ActivateBackward, dz, da, source, da.sampleBytes, code, new Double(p), new Double(q));
  }
  return dz;
}
