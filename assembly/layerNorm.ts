import { add, chunkOf, clear, clearPadding } from "./columns";
import { average, normalized, Term } from "./layerNorm/row";
import { Gradient } from "./opcodes";

// Layer normalization (Ba, Kiros & Hinton 2016) of the rows of X: A = γ ⊙ X̂ + β, X̂ = (X − mean)·inverse, with the mean, the biased
// variance and inverse = 1 / √(variance + ε) of each row (PyTorch's). Matrices are [rows · repeat][columns], `stride` bytes from row
// to row, γ and β [columns]; `repeat` is 1, or the positions of an image, whose channels are normalized at each. The padding of γ and β
// is 0, that of X and A holds no meaning.

@unmanaged
class LayerNormForwardRecord {
  a: usize;
  x: usize;
  gamma: usize;
  beta: usize;
  /** Written for the backward: [rows · repeat][2], the mean and 1 / √(variance + ε), without padding. */
  statistics: usize;
  columns: i32;
  repeat: i32;
  stride: usize;
  epsilon: f64;
}

/** A ← γ ⊙ X̂ + β, variance = 1/n Σ (x − mean)² by a second pass. `a` may be `x`. */
export function layerNormForward<T>(args: usize, rows: i32): void {
  const r = changetype<LayerNormForwardRecord>(args);
  const zero = i32x4.splat(0), one = v128.splat<T>(1), epsilon = v128.splat<T>(<T>r.epsilon);
  let a = r.a, x = r.x, statistics = r.statistics;
  for (let i = 0; i < rows * r.repeat; i++) {
    const mean = average<T>(Term.Value, r.columns, x, zero, zero, 0, 0);
    const variance = average<T>(Term.Square, r.columns, x, mean, zero, 0, 0);
    const inverse = v128.div<T>(one, v128.sqrt<T>(v128.add<T>(variance, epsilon)));
    store<T>(statistics, v128.extract_lane<T>(mean, 0));
    store<T>(statistics, v128.extract_lane<T>(inverse, 0), sizeof<T>());
    for (let at: usize = 0; at < r.stride; at += 16) {
      const scaled = v128.mul<T>(v128.load(r.gamma + at), normalized<T>(x + at, mean, inverse));
      v128.store(a + at, v128.add<T>(scaled, v128.load(r.beta + at)));
    }
    a += r.stride;
    x += r.stride;
    statistics += 2 * sizeof<T>();
  }
}

@unmanaged
class LayerNormBackwardRecord {
  /** D_X, or 0 where it is not wanted. */
  dx: usize;
  da: usize;
  x: usize;
  gamma: usize;
  /** As the forward left them. */
  statistics: usize;
  dgamma: usize;
  dbeta: usize;
  columns: i32;
  repeat: i32;
  stride: usize;
  /** Store or Accumulate. */
  gradient: Gradient;
  /** Room for two rows. */
  workspace: usize;
}

/**
 * D_γ ← Σ D_A ⊙ X̂, D_β ← Σ D_A over the rows, or both added to what is there, in the order of `columns.ts`;
 * D_X ← inverse·(G − 1/n Σ G − X̂·1/n Σ G ⊙ X̂) with G = γ ⊙ D_A and sums along the row, padding 0. `dx` may be `da` or `x`.
 */
export function layerNormBackward<T>(args: usize, rows: i32): void {
  const r = changetype<LayerNormBackwardRecord>(args);
  const s = r.stride;
  const count = rows * r.repeat;
  const most = chunkOf(r.repeat);
  if (r.gradient == Gradient.Store) {
    clear(r.dgamma, s);
    clear(r.dbeta, s);
  }
  const products = r.workspace, sums = products + s;
  let dx = r.dx, da = r.da, x = r.x, statistics = r.statistics;
  for (let first = 0; first < count; first += most) {
    clear(products, 2 * s);
    for (let i = first; i < min(first + most, count); i++) {
      const mean = v128.load_splat<T>(statistics), inverse = v128.load_splat<T>(statistics, sizeof<T>());
      addRow<T>(products, sums, da, x, mean, inverse, s);
      if (dx) {
        inputGradient<T>(dx, da, x, r.gamma, mean, inverse, r.columns, s);
        dx += s;
      }
      da += s;
      x += s;
      statistics += 2 * sizeof<T>();
    }
    clearPadding<T>(products, r.columns);
    add<T>(r.dgamma, products, s);
    add<T>(r.dbeta, sums, s);
  }
}

/** products ← products + D_A ⊙ X̂, sums ← sums + D_A, of one row. */
function addRow<T>(products: usize, sums: usize, da: usize, x: usize, mean: v128, inverse: v128, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const d = v128.load(da + at);
    v128.store(products + at, v128.add<T>(v128.load(products + at), v128.mul<T>(d, normalized<T>(x + at, mean, inverse))));
    v128.store(sums + at, v128.add<T>(v128.load(sums + at), d));
  }
}

/** D_X of one row. */
function inputGradient<T>(
  dx: usize, da: usize, x: usize, gamma: usize, mean: v128, inverse: v128, columns: i32, bytes: usize,
): void {
  const delta = average<T>(Term.Delta, columns, 0, mean, inverse, gamma, da);
  const product = average<T>(Term.Product, columns, x, mean, inverse, gamma, da);
  for (let at: usize = 0; at < bytes; at += 16) {
    const g = v128.sub<T>(v128.mul<T>(v128.load(gamma + at), v128.load(da + at)), delta);
    const common = v128.mul<T>(normalized<T>(x + at, mean, inverse), product);
    v128.store(dx + at, v128.mul<T>(inverse, v128.sub<T>(g, common)));
  }
  clearPadding<T>(dx, columns);
}
