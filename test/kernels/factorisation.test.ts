import { expect, test } from "vitest";
import { normalWorkspaceBytes } from "../../src/optimizers/levenbergMarquardt.ts";
import { f64, normal, uniform } from "../reference/precision.ts";
import { Arena } from "./harness.ts";

const arena = await Arena.create(f64);
const { core } = arena;

/** Half the distance of 1 from the next number. */
const UNIT = 2 ** -53;
/** Rows of whole vectors: n is even. Blocks are of four columns and of two rows. */
const SMALL = Array.from({ length: 20 }, (_, i) => 2 * i + 2);

/** A square matrix from its elements. */
const square = (n: number, element: (i: number, j: number) => number) =>
  Float64Array.from({ length: n * n }, (_, at) => element(Math.floor(at / n), at % n));

/** Factors A + damping·I, of which the upper triangle is read, and solves for b. Throws where A changes. */
function solve(a: Float64Array, n: number, damping: number, b: Float64Array = new Float64Array(n)) {
  arena.clear();
  // What is below the diagonal is overwritten, whatever it was.
  const matrix = arena.inOut(
    square(n, (i, j) => (j < i ? Number.NaN : a[i * n + j]!)),
    n,
    n,
  );
  const diagonal = arena.output(1, n);
  const x = arena.inOut(b, 1, n);
  const ok = arena.guard(() => core.cholesky(matrix.address, diagonal.address, n, damping));
  const values = arena.padded(matrix).slice();
  expect(square(n, (i, j) => (j < i ? 0 : values[i * n + j]!))).toEqual(
    square(n, (i, j) => (j < i ? 0 : a[i * n + j]!)),
  );
  const roots = arena.padded(diagonal);
  const l = square(n, (i, j) => (j < i ? values[i * n + j]! : j === i ? roots[i]! : 0));
  arena.guard(() => core.solveCholesky(x.address, matrix.address, diagonal.address, n));
  return { ok, l, x: arena.padded(x).slice() as Float64Array };
}

/** Σ_k f(i, k)·g(k, j) for each element. */
function product(n: number, f: (i: number, k: number) => number, g: (k: number, j: number) => number): Float64Array {
  return square(n, (i, j) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += f(i, k) * g(k, j);
    return sum;
  });
}

test("a worked example: [4 2; 2 10] = [2 0; 1 3]·[2 1; 0 3], and L·Lᵀ·x = [8 22] has the solution [1 2]", () => {
  const { ok, l, x } = solve(Float64Array.of(4, 2, 2, 10), 2, 0, Float64Array.of(8, 22));
  expect(ok).toBe(1);
  expect(l).toEqual(Float64Array.of(2, 0, 1, 3));
  expect(x).toEqual(Float64Array.of(1, 2));
});

// Small integers: no operation rounds.
test.each([...SMALL, 66, 130])(
  "factors of integers come back exactly, damping included, and so do solutions: n = %d",
  (n) => {
    const random = uniform(f64, n * n, n);
    const factor = square(n, (i, j) =>
      j > i ? 0 : j === i ? 2 ** Math.floor(3 * random[i * n + j]!) : Math.floor(7 * random[i * n + j]!) - 3,
    );
    const at = (i: number, j: number) => factor[i * n + j]!;
    const full = product(n, at, (k, j) => at(j, k));
    const solution = Float64Array.from({ length: n }, (_, i) => (i % 5) - 2);
    const b = solution.map((_, i) => solution.reduce((sum, value, j) => sum + full[i * n + j]! * value, 0));
    const damped = square(n, (i, j) => full[i * n + j]! - (i === j ? 3 : 0));
    expect(solve(damped, n, 3, b)).toEqual({ ok: 1, l: factor, x: solution.map((value) => value + 0) });
  },
);

test.each([...SMALL, 200])(
  "residuals stay within the bounds of theory for a random positive definite matrix: n = %d",
  (n) => {
    const random = normal(f64, n * n, n);
    const at = (i: number, k: number) => random[i * n + k]!;
    const a = product(n, at, (k, j) => at(j, k));
    const damping = 0.01;
    const b = normal(f64, n, n + 1) as Float64Array;
    const { ok, l, x } = solve(a, n, damping, b);
    expect(ok).toBe(1);
    const damped = square(n, (i, j) => a[Math.min(i, j) * n + Math.max(i, j)]! + (i === j ? damping : 0));
    const lAt = (i: number, k: number) => l[i * n + k]!;
    const again = product(n, lAt, (k, j) => lAt(j, k));
    const magnitudes = product(
      n,
      (i, k) => Math.abs(lAt(i, k)),
      (k, j) => Math.abs(lAt(j, k)),
    );
    for (let i = 0; i < n; i++) {
      let residual = b[i]!;
      let bound = 0;
      for (let j = 0; j < n; j++) {
        // N. Higham, "Accuracy and stability of numerical algorithms", theorems 10.3 and 10.4: (n + 1)u and (3n + 1)u of |L||Lᵀ|; the
        // sums here, in plain f64, add nu.
        const magnitude = magnitudes[i * n + j]!;
        expect(Math.abs(again[i * n + j]! - damped[i * n + j]!)).toBeLessThanOrEqual((2 * n + 2) * UNIT * magnitude);
        residual -= damped[i * n + j]! * x[j]!;
        bound += magnitude * Math.abs(x[j]!);
      }
      expect(Math.abs(residual)).toBeLessThanOrEqual((4 * n + 3) * UNIT * bound);
    }
  },
);

test("a matrix that is not positive definite, or not finite, is refused, wherever it shows", () => {
  // L of ones: L·Lᵀ has min(i, j) + 1 at (i, j), and every pivot is 1, the one at (i, i) being i + 1 − i.
  for (const n of [2, 4, 6, 10, 12]) {
    const ones = square(n, (i, j) => Math.min(i, j) + 1);
    expect(solve(ones, n, 0).ok).toBe(1);
    expect(solve(ones, n, -1).ok).toBe(0);
    for (const damping of [Number.NaN, Infinity]) expect(solve(ones, n, damping).ok).toBe(0);
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        // Pivots of 0 and −1; off the diagonal n, the square of which no pivot leaves anything of.
        for (const value of [...(i === j ? [i, i - 1] : [2 * n, -2 * n]), Number.NaN, Infinity, -Infinity]) {
          const a = ones.slice();
          a[i * n + j] = value;
          expect(solve(a, n, 0).ok, `${value} at ${i}, ${j}`).toBe(0);
        }
      }
    }
  }
});

/** JᵀJ and Jᵀr on top of what is there, `chunks` of rows at a time. Returns the upper triangle and the projection. */
function accumulate(n: number, jacobian: Float64Array, residuals: Float64Array, start: Float64Array, chunks: number[]) {
  arena.clear();
  const matrix = arena.inOut(start, n, n);
  const b = arena.inOut(start.subarray(0, n), 1, n);
  let from = 0;
  for (const rows of chunks) {
    const j = arena.input(jacobian.subarray(from * n, (from + rows) * n), rows, n);
    const r = arena.data(residuals.slice(from, from + rows));
    const workspace = arena.workspace(normalWorkspaceBytes(rows, n * 8));
    arena.guard(() =>
      core.accumulateNormal(matrix.address, b.address, j.address, r.address, rows, n, workspace.address),
    );
    from += rows;
  }
  const values = arena.padded(matrix);
  return { matrix: square(n, (i, j) => (j < i ? 0 : values[i * n + j]!)), b: arena.padded(b).slice() };
}

// Products of numbers of f32 are exact in f64: what is left are the sums, in index order, fused or not.
test.each([2, 4, 6, 10, 30, 34, 62, 64, 66, 68, 130])(
  "JᵀJ and Jᵀr are the plain sums from what was there, bit for bit, however the rows are divided: n = %d",
  (n) => {
    const most = n > 66 ? 70 : 300;
    const jacobian = normal(f64, most * n, n).map(Math.fround) as Float64Array<ArrayBuffer>;
    const residuals = normal(f64, most, n + 1).map(Math.fround) as Float64Array<ArrayBuffer>;
    const start = normal(f64, n * n, n + 2) as Float64Array<ArrayBuffer>;
    for (const rows of [1, 2, 3, 4, 5, 9, 33, 70, 257, 300].filter((rows) => rows <= most)) {
      const matrix = square(n, (i, j) => {
        if (j < i) return 0;
        let sum = start[i * n + j]!;
        for (let p = 0; p < rows; p++) sum += jacobian[p * n + i]! * jacobian[p * n + j]!;
        return sum;
      });
      const b = start.slice(0, n);
      for (let p = 0; p < rows; p++) for (let i = 0; i < n; i++) b[i]! += residuals[p]! * jacobian[p * n + i]!;
      expect(accumulate(n, jacobian, residuals, start, [rows])).toEqual({ matrix, b });
      if (rows > 2) {
        expect(accumulate(n, jacobian, residuals, start, [2, rows - 2])).toEqual({ matrix, b });
      }
    }
  },
);
