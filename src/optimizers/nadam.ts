import { Op } from "../../assembly/opcodes.ts";
import { fraction, nonNegativeNumber, positiveNumber } from "../options.ts";
import { Double } from "../program.ts";
import { type CommonOptions, checkCommon } from "./common.ts";
import { head, type OptimizerKind } from "./optimizer.ts";

/** Options of `nadam`. */
export interface NadamOptions extends CommonOptions {
  /** β₁ in [0, 1); default 0.9. */
  readonly beta1: number;
  /** β₂ in [0, 1); default 0.999. */
  readonly beta2: number;
  /** ε, a positive finite number; default 1e-8. */
  readonly epsilon: number;
  /** ψ, a finite number from 0; default 0.004. Keras's is 1. */
  readonly momentumDecay: number;
}

/** Nadam, as plain data. */
export interface Nadam extends NadamOptions {
  readonly type: "nadam";
}

/**
 * Adam with Nesterov's momentum: μ_t = β₁(1 − ½·0.96^(tψ)), m and v as in Adam,
 * w ← w − η [(1 − μ_t)/(1 − Π_{i≤t} μ_i)·g + μ_{t+1}/(1 − Π_{i≤t+1} μ_i)·m] / (√(v/c₂) + ε)
 * (Dozat, "Incorporating Nesterov momentum into Adam", 2016, in PyTorch's form).
 * @param options.learningRate default 0.002
 * @throws TypeError, RangeError
 * @example await net.fit(x, y, { optimizer: nadam(), epochs: 10 })
 */
export const nadam = (options: Partial<NadamOptions> = {}): Nadam => checkNadam("nadam", options);

function checkNadam(where: string, options: Partial<NadamOptions>): Nadam {
  const common = checkCommon(where, options, ["beta1", "beta2", "epsilon", "momentumDecay"], 0.002);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentumDecay = 0.004 } = options;
  return Object.freeze({
    type: "nadam",
    ...common,
    beta1: fraction(where, "beta1", beta1),
    beta2: fraction(where, "beta2", beta2),
    epsilon: positiveNumber(where, "epsilon", epsilon),
    momentumDecay: nonNegativeNumber(where, "momentumDecay", momentumDecay),
  });
}

export const nadamKind: OptimizerKind<Nadam> = {
  check: (where, { type, ...options }) => checkNadam(where, options),
  slots: () => [0, 0],
  counts: true,
  begin(program, { beta1, momentumDecay }, clock) {
    program.add(Op.NadamTick, clock, new Double(beta1), new Double(decayBase(momentumDecay)));
  },
  update(program, { beta1, beta2, epsilon, momentumDecay }, run) {
    const [m, v] = run.slots;
    const constants = [beta1, beta2, epsilon, decayBase(momentumDecay)].map((value) => new Double(value));
    program.add(Op.Nadam, ...head(run), m!, v!, ...constants);
  },
};

/** 0.96^ψ = e^(ψ·ln 0.96), by halving the exponent below 1/16 and ten terms of the series: additions and products alone, the same everywhere. */
function decayBase(decay: number): number {
  let exponent = decay * -0.04082199452025517;
  let halvings = 0;
  for (; exponent < -1 / 16; halvings++) exponent /= 2;
  let sum = 1;
  for (let n = 10; n > 0; n--) sum = 1 + (exponent / n) * sum;
  for (; halvings > 0; halvings--) sum *= sum;
  return sum;
}
