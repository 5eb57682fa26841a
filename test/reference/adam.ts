// Adam, plainly, and the formula that it stands for.
import type { Numbers, Precision } from "./precision.ts";

export interface Settings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Parameters, moments, and the updates taken. */
export interface State {
  readonly w: Numbers;
  readonly m: Numbers;
  readonly v: Numbers;
  t: number;
}

/** β^t by repeated squaring from the lowest bit of t up, in f64. */
export function power(beta: number, t: number): number {
  let result = 1;
  for (let rest = t, square = beta; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) result *= square;
  }
  return result;
}

/** One update in the kernel's order of operations, each rounded to the precision; what depends on t alone is taken in f64 before. */
export function update({ round }: Precision, state: State, g: Numbers, settings: Settings): void {
  state.t += 1;
  const { w, m, v, t } = state;
  const rate = round(settings.learningRate / (1 - power(settings.beta1, t)));
  const correction = round(1 / (1 - power(settings.beta2, t)));
  const [beta1, beta2] = [round(settings.beta1), round(settings.beta2)];
  const [rest1, rest2] = [round(1 - settings.beta1), round(1 - settings.beta2)];
  const epsilon = round(settings.epsilon);
  for (let i = 0; i < w.length; i++) {
    m[i] = round(round(beta1 * m[i]!) + round(rest1 * g[i]!));
    v[i] = round(round(beta2 * v[i]!) + round(rest2 * round(g[i]! * g[i]!)));
    const root = round(round(Math.sqrt(round(v[i]! * correction))) + epsilon);
    w[i] = round(w[i]! - round(round(rate * m[i]!) / root));
  }
}

/** One update as Kingma & Ba, "Adam", 2015, algorithm 1 writes it, in f64. */
export function formula(state: State, g: ArrayLike<number>, settings: Settings): void {
  state.t += 1;
  const { w, m, v, t } = state;
  const { learningRate, beta1, beta2, epsilon } = settings;
  for (let i = 0; i < w.length; i++) {
    m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!;
    v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! ** 2;
    const corrected = { m: m[i]! / (1 - beta1 ** t), v: v[i]! / (1 - beta2 ** t) };
    w[i]! -= (learningRate * corrected.m) / (Math.sqrt(corrected.v) + epsilon);
  }
}
