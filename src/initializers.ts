import { Distribution } from "../assembly/opcodes.ts";
import { finiteNumber, positiveNumber } from "./options.ts";

/** How the initial values of a block of parameters are drawn: plain data, saved with the network. */
export type Initializer =
  | { readonly type: "glorotUniform" | "heNormal" }
  | { readonly type: "normal"; readonly std: number }
  | { readonly type: "uniform"; readonly limit: number }
  | { readonly type: "constant"; readonly value: number };

/**
 * Uniform in ±√(6 / (fan in + fan out)): the default for weights.
 * Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, eq. 16.
 * @example dense(10, "identity", { weights: glorotUniform() })
 */
export const glorotUniform = (): Initializer => ({ type: "glorotUniform" });

/**
 * Normal with mean 0 and deviation √(2 / fan in), not truncated: the default for weights before a ReLU.
 * He, Zhang, Ren & Sun, "Delving deep into rectifiers", 2015, eq. 10.
 * @example dense(10, "tanh", { weights: heNormal() })
 */
export const heNormal = (): Initializer => ({ type: "heNormal" });

/**
 * Normal with mean 0 and deviation `std`, finite and above 0.
 * @example dense(2, "sigmoid", { weights: normal(0.5), biases: normal(0.5) })
 */
export const normal = (std: number): Initializer => ({ type: "normal", std: positiveNumber("normal", "std", std) });

/**
 * Uniform in ±`limit`, finite and above 0.
 * @example dense(2, "tanh", { weights: uniform(0.1) })
 */
export const uniform = (limit: number): Initializer => ({
  type: "uniform",
  limit: positiveNumber("uniform", "limit", limit),
});

/**
 * Every value `value`, a finite number: 0 is the default for biases.
 * @example dense(2, "relu", { biases: constant(0.1) })
 */
export const constant = (value: number): Initializer => ({
  type: "constant",
  value: finiteNumber("constant", "value", value),
});

/** What the core draws for an initializer: a distribution and its scale. */
export function drawn(initializer: Initializer, fanIn: number, fanOut: number): [Distribution, number] {
  switch (initializer.type) {
    case "glorotUniform":
      return [Distribution.Uniform, Math.sqrt(6 / (fanIn + fanOut))];
    case "heNormal":
      return [Distribution.Normal, Math.sqrt(2 / fanIn)];
    case "normal":
      return [Distribution.Normal, initializer.std];
    case "uniform":
      return [Distribution.Uniform, initializer.limit];
    case "constant":
      return [Distribution.Constant, initializer.value];
  }
}

/** Checks a value that should be an initializer, from a caller or from a file, and returns a copy. @throws TypeError, RangeError */
export function checkInitializer(where: string, name: string, value: unknown): Initializer {
  const given = Object(value) as Record<string, unknown>;
  switch (given.type) {
    case "glorotUniform":
      return glorotUniform();
    case "heNormal":
      return heNormal();
    case "normal":
      return normal(given.std as number);
    case "uniform":
      return uniform(given.limit as number);
    case "constant":
      return constant(given.value as number);
  }
  throw new TypeError(
    `${where}: ${name} is not an initializer, expected glorotUniform(), heNormal(), normal(std), uniform(limit) or constant(value)`,
  );
}
