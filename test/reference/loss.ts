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
