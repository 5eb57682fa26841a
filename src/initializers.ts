import { Distribution } from "../assembly/opcodes.ts";
import { checkKnown, finiteNumber, positiveNumber } from "./options.ts";

/** Draws by the fan of the weights: scale / fan is their variance. */
type Scaled = {
  readonly type: "glorotUniform" | "glorotNormal" | "heUniform" | "heNormal" | "lecunUniform" | "lecunNormal";
};

/** How the initial values of a block of parameters are drawn: plain data, saved with the network. */
export type Initializer =
  | Scaled
  | { readonly type: "orthogonal"; readonly gain: number }
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
 * Normal with mean 0 and deviation √(2 / (fan in + fan out)), not truncated (Glorot & Bengio 2010, eq. 12; PyTorch's
 * xavier_normal_, Keras truncates).
 * @example dense(10, "tanh", { weights: glorotNormal() })
 */
export const glorotNormal = (): Initializer => ({ type: "glorotNormal" });

/**
 * Uniform in ±√(6 / fan in), whose deviation is that of `heNormal`.
 * @example dense(10, "relu", { weights: heUniform() })
 */
export const heUniform = (): Initializer => ({ type: "heUniform" });

/**
 * Normal with mean 0 and deviation √(2 / fan in), not truncated: the default for weights before a ReLU.
 * He, Zhang, Ren & Sun, "Delving deep into rectifiers", 2015, eq. 10.
 * @example dense(10, "tanh", { weights: heNormal() })
 */
export const heNormal = (): Initializer => ({ type: "heNormal" });

/**
 * Uniform in ±√(3 / fan in), whose deviation is that of `lecunNormal`.
 * @example dense(10, "tanh", { weights: lecunUniform() })
 */
export const lecunUniform = (): Initializer => ({ type: "lecunUniform" });

/**
 * Normal with mean 0 and deviation √(1 / fan in), not truncated: the default for weights before a SELU.
 * LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998, eq. 16.
 * @example dense(10, "selu", { weights: lecunNormal() })
 */
export const lecunNormal = (): Initializer => ({ type: "lecunNormal" });

/**
 * A matrix with orthonormal columns, or rows where there are fewer of these, times `gain`, finite and above 0: the Q of a
 * normally drawn matrix (Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
 * networks", 2014).
 * @example dense(64, "tanh", { weights: orthogonal() })
 */
export const orthogonal = (gain = 1): Initializer => ({
  type: "orthogonal",
  gain: positiveNumber("orthogonal", "gain", gain),
});

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

/** What the core draws for an initializer: a distribution and its scale. Of an orthogonal matrix, what it is made of. */
export function drawn(initializer: Initializer, fanIn: number, fanOut: number): [Distribution, number] {
  switch (initializer.type) {
    case "glorotUniform":
      return [Distribution.Uniform, Math.sqrt(6 / (fanIn + fanOut))];
    case "glorotNormal":
      return [Distribution.Normal, Math.sqrt(2 / (fanIn + fanOut))];
    case "heUniform":
      return [Distribution.Uniform, Math.sqrt(6 / fanIn)];
    case "heNormal":
      return [Distribution.Normal, Math.sqrt(2 / fanIn)];
    case "lecunUniform":
      return [Distribution.Uniform, Math.sqrt(3 / fanIn)];
    case "lecunNormal":
      return [Distribution.Normal, Math.sqrt(1 / fanIn)];
    case "orthogonal":
      return [Distribution.Normal, 1];
    case "normal":
      return [Distribution.Normal, initializer.std];
    case "uniform":
      return [Distribution.Uniform, initializer.limit];
    case "constant":
      return [Distribution.Constant, initializer.value];
  }
}

/** Each kind of initializer: how it is made from its description. */
const MAKERS: { readonly [type in Initializer["type"]]: (given: Record<string, never>) => Initializer } = {
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  orthogonal: ({ gain }) => orthogonal(gain),
  normal: ({ std }) => normal(std!),
  uniform: ({ limit }) => uniform(limit!),
  constant: ({ value }) => constant(value!),
};

/** The number that a kind of initializer has. */
const NUMBERS: { readonly [type in Initializer["type"]]?: string } = {
  orthogonal: "gain",
  normal: "std",
  uniform: "limit",
  constant: "value",
};

/** Checks a value that should be an initializer, from a caller or from a file, and returns a copy. @throws TypeError, RangeError */
export function checkInitializer(where: string, name: string, value: unknown): Initializer {
  const given = Object(value) as Record<string, never>;
  const type = given.type as unknown;
  if (typeof type === "string" && Object.hasOwn(MAKERS, type)) {
    const number = NUMBERS[type as Initializer["type"]];
    checkKnown(`${where}: ${name}`, given, number ? ["type", number] : ["type"]);
    return MAKERS[type as Initializer["type"]](given);
  }
  const known = Object.keys(MAKERS).map((word) => `${word}(${NUMBERS[word as Initializer["type"]] ?? ""})`);
  throw new TypeError(`${where}: ${name} is not an initializer, expected one of ${known.join(", ")}`);
}

/**
 * Turns the [rows][columns] numbers into the Q of their QR factorisation times `gain`: orthonormal columns where rows ≥ columns,
 * else orthonormal rows. By modified Gram–Schmidt, twice for accuracy ("twice is enough", Giraud, Langou & Rozložník 2005), in f64.
 */
export function orthonormalize(values: Float64Array, rows: number, columns: number, gain: number): void {
  const tall = rows >= columns;
  const [count, length] = tall ? [columns, rows] : [rows, columns];
  // The vectors one behind the other: those of a tall matrix are its columns.
  const vectors = tall ? transpose(values, rows, columns) : values;
  for (let k = 0; k < count; k++) {
    const vector = vectors.subarray(k * length, (k + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < k; j++) {
        const other = vectors.subarray(j * length, (j + 1) * length);
        const part = dot(vector, other);
        for (let i = 0; i < length; i++) vector[i]! -= part * other[i]!;
      }
      const norm = Math.sqrt(dot(vector, vector));
      for (let i = 0; i < length; i++) vector[i]! /= norm;
    }
  }
  const q = tall ? transpose(vectors, columns, rows) : vectors;
  for (let i = 0; i < values.length; i++) values[i] = q[i]! * gain;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** A [rows][columns] matrix as [columns][rows]. */
function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c]!;
  }
  return out;
}
