import { add, clear, clearPadding } from "../columns";

// What training and prediction share, row by row. `mean` and `inverse` are those of the batch or the running ones.

/** inverse ← 1 / √(variance + ε). */
export function inverseOf<T>(inverse: usize, variance: usize, epsilon: f64, bytes: usize): void {
  const one = v128.splat<T>(1);
  const e = v128.splat<T>(<T>epsilon);
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(inverse + at, v128.div<T>(one, v128.sqrt<T>(v128.add<T>(v128.load(variance + at), e))));
  }
}

/** X̂ of the vector at `at` of a row. */
@inline
export function normalized<T>(x: usize, mean: usize, inverse: usize, at: usize): v128 {
  return v128.mul<T>(v128.sub<T>(v128.load(x + at), v128.load(mean + at)), v128.load(inverse + at));
}

/** A ← γ ⊙ X̂ + β. */
export function normalize<T>(
  a: usize, x: usize, mean: usize, inverse: usize, gamma: usize, beta: usize, count: i32, stride: usize,
): void {
  for (let i = 0; i < count; i++) {
    for (let at: usize = 0; at < stride; at += 16) {
      const scaled = v128.mul<T>(v128.load(gamma + at), normalized<T>(x, mean, inverse, at));
      v128.store(a + at, v128.add<T>(scaled, v128.load(beta + at)));
    }
    a += stride;
    x += stride;
  }
}

/** scale ← γ ⊙ inverse: what D_A is multiplied by. */
export function scaleOf<T>(scale: usize, gamma: usize, inverse: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(scale + at, v128.mul<T>(v128.load(gamma + at), v128.load(inverse + at)));
  }
}

/** products ← products + Σ D_A ⊙ X̂, padding 0; sums ← sums + Σ D_A, `most` rows a chunk. `chunk`: room for two rows. */
export function addGradients<T>(
  products: usize, sums: usize, chunk: usize, da: usize, x: usize, mean: usize, inverse: usize,
  columns: i32, count: i32, most: i32, stride: usize,
): void {
  for (let first = 0; first < count; first += most) {
    clear(chunk, 2 * stride);
    for (let i = first; i < min(first + most, count); i++) {
      addRow<T>(chunk, chunk + stride, da, x, mean, inverse, stride);
      da += stride;
      x += stride;
    }
    clearPadding<T>(chunk, columns);
    add<T>(products, chunk, stride);
    add<T>(sums, chunk + stride, stride);
  }
}

/** products ← products + D_A ⊙ X̂, sums ← sums + D_A, of one row. */
function addRow<T>(
  products: usize, sums: usize, da: usize, x: usize, mean: usize, inverse: usize, bytes: usize,
): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const d = v128.load(da + at);
    const product = v128.mul<T>(d, normalized<T>(x, mean, inverse, at));
    v128.store(products + at, v128.add<T>(v128.load(products + at), product));
    v128.store(sums + at, v128.add<T>(v128.load(sums + at), d));
  }
}
