// The optimizers, plainly, each operation rounded as in the kernels, and the formulas that they stand for, in f64.
import { power } from "./adam.ts";
import type { Numbers, Precision } from "./precision.ts";

/** Parameters, slots in the order of the kernel's record, the number of the present update, and Nadam's Π μ, the present μ included. */
export interface State {
  readonly w: Numbers;
  readonly slots: readonly Numbers[];
  t: number;
  product: number;
}

/** One update of all parameters. */
export interface Rule {
  plain(precision: Precision, state: State, g: Numbers, rate: number): void;
  formula(state: State, g: Numbers, rate: number): void;
}

/** w ← w − η·g */
export const descent: Rule = {
  plain({ round }, { w }, g, rate) {
    const eta = round(rate);
    for (let i = 0; i < w.length; i++) w[i] = round(w[i]! - round(eta * g[i]!));
  },
  formula({ w }, g, rate) {
    for (let i = 0; i < w.length; i++) w[i]! -= rate * g[i]!;
  },
};

/** v ← μv + g, w ← w − η·v; Nesterov: w ← w − η(g + μv). */
export const momentum = (mu: number, nesterov: boolean): Rule => ({
  plain({ round }, { w, slots: [v] }, g, rate) {
    const [eta, m] = [round(rate), round(mu)];
    for (let i = 0; i < w.length; i++) {
      v![i] = round(g[i]! + round(m * v![i]!));
      const step = nesterov ? round(g[i]! + round(m * v![i]!)) : v![i]!;
      w[i] = round(w[i]! - round(eta * step));
    }
  },
  formula({ w, slots: [v] }, g, rate) {
    for (let i = 0; i < w.length; i++) {
      v![i] = mu * v![i]! + g[i]!;
      w[i]! -= rate * (nesterov ? g[i]! + mu * v![i]! : v![i]!);
    }
  },
});

/** v ← ρv + (1−ρ)g², m ← ρm + (1−ρ)g, x = g / (√(v − m²) + ε), b ← μb + x, w ← w − η·b; m and b where they are wanted. */
export const rmsProp = (rho: number, epsilon: number, centred: boolean, mu: number): Rule => ({
  plain({ round }, { w, slots }, g, rate) {
    const [eta, r, rest, e, m] = [rate, rho, 1 - rho, epsilon, mu].map(round) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const v = slots[0]!;
    const [mean, buffer] = [centred ? slots[1]! : undefined, mu > 0 ? slots.at(-1)! : undefined];
    for (let i = 0; i < w.length; i++) {
      v[i] = round(round(r * v[i]!) + round(rest * round(g[i]! * g[i]!)));
      let variance = v[i]!;
      if (mean) {
        mean[i] = round(round(r * mean[i]!) + round(rest * g[i]!));
        variance = round(v[i]! - round(mean[i]! * mean[i]!));
        if (variance < 0) variance = 0;
      }
      let step = round(g[i]! / round(round(Math.sqrt(variance)) + e));
      if (buffer) step = buffer[i] = round(step + round(m * buffer[i]!));
      w[i] = round(w[i]! - round(eta * step));
    }
  },
  formula({ w, slots }, g, rate) {
    const v = slots[0]!;
    for (let i = 0; i < w.length; i++) {
      v[i] = rho * v[i]! + (1 - rho) * g[i]! ** 2;
      if (centred) slots[1]![i] = rho * slots[1]![i]! + (1 - rho) * g[i]!;
      const x = g[i]! / (Math.sqrt(centred ? v[i]! - slots[1]![i]! ** 2 : v[i]!) + epsilon);
      if (mu > 0) slots.at(-1)![i] = mu * slots.at(-1)![i]! + x;
      w[i]! -= rate * (mu > 0 ? slots.at(-1)![i]! : x);
    }
  },
});

/** v ← v + g², w ← w − η·g / (√v + ε) */
export const adagrad = (epsilon: number): Rule => ({
  plain({ round }, { w, slots: [v] }, g, rate) {
    const [eta, e] = [round(rate), round(epsilon)];
    for (let i = 0; i < w.length; i++) {
      v![i] = round(v![i]! + round(g[i]! * g[i]!));
      w[i] = round(w[i]! - round(eta * round(g[i]! / round(round(Math.sqrt(v![i]!)) + e))));
    }
  },
  formula({ w, slots: [v] }, g, rate) {
    for (let i = 0; i < w.length; i++) {
      v![i]! += g[i]! ** 2;
      w[i]! -= (rate * g[i]!) / (Math.sqrt(v![i]!) + epsilon);
    }
  },
});

/** v ← ρv + (1−ρ)g², d = √(u+ε)/√(v+ε)·g, u ← ρu + (1−ρ)d², w ← w − η·d */
export const adadelta = (rho: number, epsilon: number): Rule => ({
  plain({ round }, { w, slots: [v, u] }, g, rate) {
    const [eta, r, rest, e] = [rate, rho, 1 - rho, epsilon].map(round) as [number, number, number, number];
    for (let i = 0; i < w.length; i++) {
      v![i] = round(round(r * v![i]!) + round(rest * round(g[i]! * g[i]!)));
      const roots = round(Math.sqrt(round(u![i]! + e))) / round(Math.sqrt(round(v![i]! + e)));
      const d = round(round(roots) * g[i]!);
      u![i] = round(round(r * u![i]!) + round(rest * round(d * d)));
      w[i] = round(w[i]! - round(eta * d));
    }
  },
  formula({ w, slots: [v, u] }, g, rate) {
    for (let i = 0; i < w.length; i++) {
      v![i] = rho * v![i]! + (1 - rho) * g[i]! ** 2;
      const d = Math.sqrt((u![i]! + epsilon) / (v![i]! + epsilon)) * g[i]!;
      u![i] = rho * u![i]! + (1 - rho) * d ** 2;
      w[i]! -= rate * d;
    }
  },
});

/** m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², v̂ ← max(v̂, v), w ← w − η (m/c₁) / (√(v̂/c₂) + ε), c = 1 − β^t */
export const amsgrad = (beta1: number, beta2: number, epsilon: number): Rule => ({
  plain({ round }, { w, slots: [m, v, most], t }, g, eta) {
    const [rate, correction] = [round(eta / (1 - power(beta1, t))), round(1 / (1 - power(beta2, t)))];
    const [b1, b2, r1, r2] = [beta1, beta2, 1 - beta1, 1 - beta2].map(round) as [number, number, number, number];
    for (let i = 0; i < w.length; i++) {
      m![i] = round(round(b1 * m![i]!) + round(r1 * g[i]!));
      v![i] = round(round(b2 * v![i]!) + round(r2 * round(g[i]! * g[i]!)));
      most![i] = Math.max(most![i]!, v![i]!);
      const root = round(round(Math.sqrt(round(most![i]! * correction))) + round(epsilon));
      w[i] = round(w[i]! - round(round(rate * m![i]!) / root));
    }
  },
  formula({ w, slots: [m, v, most], t }, g, rate) {
    for (let i = 0; i < w.length; i++) {
      m![i] = beta1 * m![i]! + (1 - beta1) * g[i]!;
      v![i] = beta2 * v![i]! + (1 - beta2) * g[i]! ** 2;
      most![i] = Math.max(most![i]!, v![i]!);
      w[i]! -= (rate * m![i]!) / (1 - beta1 ** t) / (Math.sqrt(most![i]! / (1 - beta2 ** t)) + epsilon);
    }
  },
});

/** μ_t of Nadam, base = 0.96^ψ. */
const scheduled = (beta1: number, base: number, t: number) => beta1 * (1 - 0.5 * base ** t);

/** w ← w − η ((1−μ_t)·g / (1−Π_t) + μ_{t+1}·m / (1−Π_{t+1})) / (√(v/c₂) + ε), Π_t = Π_{i≤t} μ_i */
export const nadam = (beta1: number, beta2: number, epsilon: number, base: number): Rule => ({
  plain({ round }, { w, slots: [m, v], t, product }, g, eta) {
    const decayed = power(base, t);
    const [mu, next] = [beta1 * (1 - 0.5 * decayed), beta1 * (1 - 0.5 * (decayed * base))];
    const byGradient = round((eta * (1 - mu)) / (1 - product));
    const byMoment = round((eta * next) / (1 - product * next));
    const correction = round(1 / (1 - power(beta2, t)));
    const [b1, b2, r1, r2] = [beta1, beta2, 1 - beta1, 1 - beta2].map(round) as [number, number, number, number];
    for (let i = 0; i < w.length; i++) {
      m![i] = round(round(b1 * m![i]!) + round(r1 * g[i]!));
      v![i] = round(round(b2 * v![i]!) + round(r2 * round(g[i]! * g[i]!)));
      const root = round(round(Math.sqrt(round(v![i]! * correction))) + round(epsilon));
      w[i] = round(w[i]! - round(round(round(byGradient * g[i]!) + round(byMoment * m![i]!)) / root));
    }
  },
  formula(state, g, rate) {
    const { w, slots, t } = state;
    const [m, v] = slots;
    const [mu, next] = [scheduled(beta1, base, t), scheduled(beta1, base, t + 1)];
    if (t === 1) state.product = 1;
    state.product *= mu;
    const [product, nextProduct] = [state.product, state.product * next];
    for (let i = 0; i < w.length; i++) {
      m![i] = beta1 * m![i]! + (1 - beta1) * g[i]!;
      v![i] = beta2 * v![i]! + (1 - beta2) * g[i]! ** 2;
      const root = Math.sqrt(v![i]! / (1 - beta2 ** t)) + epsilon;
      w[i]! -= (rate * (1 - mu) * g[i]!) / (1 - product) / root;
      w[i]! -= (rate * next * m![i]!) / (1 - nextProduct) / root;
    }
  },
});

export interface Sizes {
  readonly increase: number;
  readonly decrease: number;
  readonly smallest: number;
  readonly largest: number;
}

const sign = (x: number) => (x > 0 ? 1 : x < 0 ? -1 : 0);

/** g·g′ > 0: Δ ← min(Δη⁺, max); < 0: Δ ← max(Δη⁻, min), g ← 0; w ← w − sign(g)Δ, g′ ← g. NaN in Δ stays. */
export function rprop({ increase, decrease, smallest, largest }: Sizes): Rule {
  function plain({ round }: Precision, { w, slots: [previous, sizes] }: State, g: Numbers) {
    for (let i = 0; i < w.length; i++) {
      const agreement = sign(g[i]!) * sign(previous![i]!);
      if (agreement > 0) sizes![i] = Math.min(round(round(increase) * sizes![i]!), round(largest));
      if (agreement < 0) sizes![i] = Math.max(round(round(decrease) * sizes![i]!), round(smallest));
      previous![i] = agreement < 0 ? 0 : g[i]!;
      w[i] = round(w[i]! - round(sign(previous![i]!) * sizes![i]!));
    }
  }
  return { plain, formula: (state, g) => plain({ round: (x: number) => x } as Precision, state, g) };
}
