import { checkKnown, finiteNumber, positiveInteger, positiveNumber, unexpected } from "./options.ts";

/** Options of `gradientDescent`. */
export interface GradientDescentOptions {
  /** ∇F at x, as many numbers as x has. The array that it is given is its own to keep or change. */
  gradient: (x: Float64Array) => ArrayLike<number>;
  /** Where to begin: at least one finite number. */
  start: ArrayLike<number>;
  /** η, a positive finite number. */
  learningRate: number;
  /** Steps at most, a positive integer; default 1000. */
  maxSteps?: number;
  /** Ends where ‖∇F‖ ≤ tolerance, a number from 0; default 1e-6. */
  tolerance?: number;
}

/** Where `gradientDescent` ended. */
export interface GradientDescentResult {
  x: Float64Array;
  /** Steps taken. */
  steps: number;
  /** ‖∇F‖ at x, Euclidean. */
  gradientNorm: number;
  /** Whether ‖∇F‖ ≤ tolerance. */
  converged: boolean;
}

/**
 * Gradient descent on any smooth function F (Gill & Gill GD0–GD4), in f64: x ← x − η∇F(x) until the gradient is small.
 * @throws TypeError, RangeError for bad options, a gradient of another length than x, or one that is not finite (a rate too high diverges)
 * @example gradientDescent({ gradient: ([x, y]) => [2 * (x - 1), 4 * y], start: [0, 1], learningRate: 0.1 }).x // near [1, 0]
 */
export function gradientDescent(options: GradientDescentOptions): GradientDescentResult {
  const where = "gradientDescent";
  checkKnown(where, options, ["gradient", "start", "learningRate", "maxSteps", "tolerance"]);
  const { gradient, start, maxSteps = 1000, tolerance = 1e-6 } = options;
  if (typeof gradient !== "function") throw unexpected(`${where}: gradient`, gradient, "a function");
  if (!(Number(Object(start).length) > 0))
    throw unexpected(`${where}: start`, start, "an array of at least one number");
  const rate = positiveNumber(where, "learningRate", options.learningRate);
  positiveInteger(where, "maxSteps", maxSteps);
  if (!(finiteNumber(where, "tolerance", tolerance) >= 0)) {
    throw unexpected(`${where}: tolerance`, tolerance, "a number from 0", "number");
  }

  // GD0, GD1: the function, the rate, where to begin
  const x = Float64Array.from(Array.from(start, (value, i) => finiteNumber(where, `start[${i}]`, value)));
  for (let steps = 0; ; steps++) {
    // GD2: the gradient
    const g = gradient(x.slice());
    const { length } = Object(g);
    if (typeof length !== "number") {
      throw unexpected(`${where}: gradient at step ${steps}`, g, `an array of ${x.length} numbers`);
    }
    if (length !== x.length) {
      throw new RangeError(`${where}: gradient has ${length} numbers at step ${steps}, expected ${x.length}`);
    }
    const gradientNorm = norm(where, g, steps);
    // GD4: until it is small
    const converged = gradientNorm <= tolerance;
    if (converged || steps === maxSteps) return { x, steps, gradientNorm, converged };
    // GD3: a step against it
    for (let i = 0; i < x.length; i++) x[i] = finiteNumber(where, `x[${i}] at step ${steps}`, x[i]! - rate * g[i]!);
  }
}

/** ‖g‖, scaled by its largest element so that no square overflows. */
function norm(where: string, g: ArrayLike<number>, steps: number): number {
  let largest = 0;
  for (let i = 0; i < g.length; i++) {
    largest = Math.max(largest, Math.abs(finiteNumber(where, `gradient[${i}] at step ${steps}`, g[i])));
  }
  if (largest === 0) return 0;
  let sum = 0;
  for (let i = 0; i < g.length; i++) sum += (g[i]! / largest) ** 2;
  return largest * Math.sqrt(sum);
}
