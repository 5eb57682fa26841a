// This package as a contestant: the products of one dense layer, n rows through n → n units, in the core without the facade.
import * as opcodes from "../assembly/opcodes.ts";
import { dense } from "../src/layers/dense.ts";
import { LAYERS } from "../src/layers/index.ts";
import { loadCore } from "../src/module.ts";
import { Block, Matrix, Plan, Run } from "../src/plan.ts";
import { Program } from "../src/program.ts";
import type { Model, ProductTask } from "./contestant.ts";
import { normals } from "./random.ts";

export async function setup({ n, precision, form, numerics }: ProductTask): Promise<Model> {
  const size = precision === "f64" ? 8 : 4;
  const matrix = (rows: number) => new Matrix(rows, n, size);
  const [w, b, dw, db] = [matrix(n), matrix(1), matrix(n), matrix(1)];
  const program = new Program(n, size);
  const x = program.keep(program.scratch(n));
  const delta = program.keep(program.scratch(n));

  // Older commits take the parameters alone, and one rate.
  const blocks = Object.assign([w, b], { parameters: [w, b], statistics: [] });
  const rates = { rate: new Block(8), rates: [new Block(8), new Block(8)] };
  const layer = dense(n);
  const kind = LAYERS[layer.type];
  const trace = form === "forward" ? kind.forward(program, layer, x, blocks) : { input: x, z: delta, a: delta };
  // Commits older than this word store the gradient too.
  const target = { kind: opcodes.Gradient?.Store, matrices: [dw, db], ...rates, cursor: new Block(64) };
  const { input: dx } =
    form === "forward"
      ? { input: undefined }
      : kind.backward(program, layer, trace, delta, blocks, target, form === "backward");
  for (const result of [trace.z, dx]) if (result) program.keep(result);

  // Older commits have one build, and no argument for it.
  const module = await (numerics === "relaxed" ? loadCore(numerics) : loadCore());
  const plan = new Plan(module.heapBase);
  for (const block of [program, new Run([w, b]), new Run([dw, db])]) plan.place(block);
  const { core, buffer } = module.instantiate(program.placeScratch(plan.end));
  program.write(new DataView(buffer), core.kernel);

  // n is a multiple of the vector width, so rows have no padding.
  const numbers = ({ address, bytes }: Matrix) =>
    size === 8 ? new Float64Array(buffer, address, bytes / 8) : new Float32Array(buffer, address, bytes / 4);
  const draw = normals(n);
  for (const input of [x, delta, w, b])
    numbers(input).forEach((_, i, all) => {
      all[i] = draw();
    });

  core.run(program.address, n);
  const at = (matrix: Matrix, row: number, column: number) => numbers(matrix)[row * n + column]!;
  for (let i = 0; i < n; i++) {
    const row = (a: Matrix) => numbers(a).subarray(i * n, (i + 1) * n);
    const column = (a: Matrix) => Float64Array.from({ length: n }, (_, p) => at(a, p, i));
    if (form === "forward") compare("X·W + B", at(trace.z, i, i), at(b, 0, i), row(x), column(w), size);
    else compare("Xᵀ·Δ", at(dw, i, i), 0, column(x), column(delta), size);
    if (dx) compare("Δ·Wᵀ", at(dx, i, i), 0, row(delta), row(w), size);
  }

  return {
    note: numerics === "relaxed" && module.numerics !== "relaxed" ? "reproducible: this engine does not fuse" : "",
    run(count) {
      for (let i = 0; i < count; i++) core.run(program.address, n);
      return count;
    },
  };
}

/** Checks an element of the diagonal, start + Σ a·b, with a sum in f64. @throws Error where it is off */
function compare(
  name: string,
  got: number,
  start: number,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  size: number,
): void {
  let sum = start;
  let magnitude = Math.abs(start);
  for (let p = 0; p < a.length; p++) {
    sum += a[p]! * b[p]!;
    magnitude += Math.abs(a[p]! * b[p]!);
  }
  // n products and n sums, each rounded by half an ε of what is at most `magnitude`; an f64 sum errs as much as what it checks.
  const tolerance = 2 * a.length * magnitude * (size === 8 ? 2 ** -52 : 2 ** -23);
  const error = Math.abs(got - sum);
  if (!(error <= tolerance)) throw new Error(`${name} is off by ${error}, expected at most ${tolerance}`);
}
