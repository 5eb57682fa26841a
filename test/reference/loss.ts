// The losses of one sample and their derivatives by the logits, in f64, as the formulas stand.

/** The loss of one sample of m outputs, and δ_j, its derivative by each logit. */
export type Loss = (logits: readonly number[], targets: readonly number[]) => { value: number; delta: number[] };

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** 1/m Σ (ŷ_j − y_j)² */
export const meanSquaredError: Loss = (logits, targets) => {
  const m = logits.length;
  const differences = logits.map((z, j) => z - targets[j]!);
  return { value: sum(differences.map((d) => d * d)) / m, delta: differences.map((d) => (2 * d) / m) };
};

/** 1/m Σ |ŷ_j − y_j| */
export const meanAbsoluteError: Loss = (logits, targets) => {
  const m = logits.length;
  const differences = logits.map((z, j) => z - targets[j]!);
  return { value: sum(differences.map(Math.abs)) / m, delta: differences.map((d) => Math.sign(d) / m) };
};

/** 1/m Σ h(ŷ_j − y_j): h(d) = d²/2 for |d| ≤ p, else p·(|d| − p/2) */
export const huber =
  (p: number): Loss =>
  (logits, targets) => {
    const m = logits.length;
    const differences = logits.map((z, j) => z - targets[j]!);
    return {
      value: sum(differences.map((d) => (Math.abs(d) <= p ? d ** 2 / 2 : p * (Math.abs(d) - p / 2)))) / m,
      delta: differences.map((d) => Math.max(-p, Math.min(p, d)) / m),
    };
  };

/** 1/m Σ (e^ŷ_j − y_j·ŷ_j) */
export const poisson: Loss = (logits, targets) => {
  const m = logits.length;
  return {
    value: sum(logits.map((z, j) => Math.exp(z) - targets[j]! * z)) / m,
    delta: logits.map((z, j) => (Math.exp(z) - targets[j]!) / m),
  };
};

/** 1/m Σ max(0, 1 − t_j·ŷ_j), t = 2y − 1 */
export const hinge: Loss = (logits, targets) => {
  const m = logits.length;
  const signs = targets.map((y) => 2 * y - 1);
  return {
    value: sum(logits.map((z, j) => Math.max(0, 1 - signs[j]! * z))) / m,
    delta: logits.map((z, j) => (signs[j]! * z < 1 ? -signs[j]! / m : 0)),
  };
};

/** log(1 + e^x), of which neither end overflows or vanishes. */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** 1/m Σ −[y_j log σ(ŷ_j) + (1 − y_j) log(1 − σ(ŷ_j))]; −log σ(x) = log(1 + e^−x), −log(1 − σ(x)) = log(1 + e^x). */
export const binaryCrossEntropy: Loss = (logits, targets) => {
  const m = logits.length;
  const term = (weight: number, x: number) => (weight === 0 ? 0 : weight * softplus(x));
  return {
    value: sum(logits.map((z, j) => term(targets[j]!, -z) + term(1 - targets[j]!, z))) / m,
    delta: logits.map((z, j) => (sigmoid(z) - targets[j]!) / m),
  };
};

/** −log softmax(z)_j: log Σ_i e^(z_i − z_j), as the largest logit's part and log1p of the rest, so that a small value keeps its digits. */
function logSoftmax(z: readonly number[]): number[] {
  const top = z.indexOf(Math.max(...z));
  const rest = sum(z.map((value, i) => (i === top ? 0 : Math.exp(value - z[top]!))));
  return z.map((value) => value - z[top]! - Math.log1p(rest));
}

export const softmax = (z: readonly number[]) => logSoftmax(z).map(Math.exp);

/** −Σ y_j log softmax(ŷ)_j */
export const softmaxCrossEntropy: Loss = (logits, targets) => {
  const logs = logSoftmax(logits);
  return {
    value: sum(logs.map((log, j) => (targets[j] === 0 ? 0 : -targets[j]! * log))),
    delta: logs.map((log, j) => Math.exp(log) - targets[j]!),
  };
};
