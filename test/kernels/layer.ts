// Lays out a dense layer in an arena and calls its kernels.
import { Activation, Gradient, Op } from "../../assembly/opcodes.ts";
import { Cursor } from "../../src/cursor.ts";
import { dense, denseKind } from "../../src/layers/dense.ts";
import { Block, Matrix } from "../../src/plan.ts";
import { Program } from "../../src/program.ts";
import type { Sizes } from "../reference/dense.ts";
import type { Numbers } from "../reference/precision.ts";
import type { Arena, CursorFields, Rows } from "./harness.ts";

/** x [rows][inputs], w [inputs][outputs], b [outputs], dz [rows][outputs]: at least so many numbers. */
export interface Layer {
  readonly x: Numbers;
  readonly w: Numbers;
  readonly b: Numbers;
  readonly dz: Numbers;
}

/** Vectors by which the rows of x and D_X, and those of Z, W and B, are wider than needed. */
export interface Wider {
  readonly x?: number;
  readonly z?: number;
}

/** Notes the bytes of the workspaces that a layer asks for. */
class Planned extends Program {
  readonly workspaces: number[] = [];

  override workspace(bytes: number): Block {
    this.workspaces.push(bytes);
    return super.workspace(bytes);
  }
}

/** The bytes that `src/layers/dense.ts` allots to the workspaces of a layer's forward and backward. */
export function allotted({ rows, inputs, outputs }: Sizes, size: 4 | 8): readonly [forward: number, backward: number] {
  const program = new Planned(rows, size);
  const matrices = [new Matrix(inputs, outputs, size), new Matrix(1, outputs, size)];
  const blocks = { parameters: matrices, statistics: [] };
  const layer = dense(outputs);
  const trace = denseKind.forward(program, layer, new Matrix(rows, inputs, size), blocks);
  const target = {
    kind: Gradient.Descend,
    matrices,
    rates: [new Block(8), new Block(8)],
    cursor: new Block(Cursor.BYTES),
  };
  denseKind.backward(program, layer, trace, new Matrix(rows, outputs, size), blocks, target, true);
  const [forward, backward] = program.workspaces;
  return [forward!, backward!];
}

/** The workspaces of a layer whose rows of Z are `rowBytes` long: those of one that needs as much. */
function workspaces(arena: Arena, { rows, inputs }: Sizes, rowBytes: number): readonly [number, number] {
  const { size } = arena.precision;
  return allotted({ rows, inputs, outputs: rowBytes / size }, size);
}

interface ForwardOptions {
  readonly activation?: Activation;
  readonly wider?: Wider;
}

/** A ← a(B + X·W). */
export function forward(
  arena: Arena,
  { x, w, b }: Omit<Layer, "dz">,
  sizes: Sizes,
  options: ForwardOptions = {},
): Rows {
  const { activation = Activation.Identity, wider = {} } = options;
  const { rows, inputs, outputs } = sizes;
  const z = { value: 0, vectors: wider.z ?? 0 };
  arena.clear();
  const X = arena.input(x, rows, inputs, { vectors: wider.x ?? 0 });
  const W = arena.input(w, inputs, outputs, z);
  const B = arena.input(b, 1, outputs, z);
  const A = arena.output(rows, outputs, z);
  const workspace = arena.workspace(workspaces(arena, sizes, A.rowBytes)[0]);
  arena.run(rows, [Op.DenseForward, A, X, W, B, inputs, A.rowBytes, X.rowBytes, activation, workspace]);
  return A;
}

interface BackwardOptions {
  readonly gradient: Gradient;
  readonly activation?: Activation;
  /** The outputs, for the activation's derivative; D_Z is then written in place. */
  readonly a?: Numbers;
  /** Whether D_X is wanted. */
  readonly dx?: boolean;
  readonly wider?: Wider;
  /** What is in the padding of D_Z, and of W where nothing descends: 0 unless told. */
  readonly padding?: number;
  /** What `Gradient.Accumulate` adds to, for weights and biases alike. */
  readonly start?: Numbers;
  readonly rate?: number;
  /** Of the biases; that of the weights unless told. */
  readonly biasRate?: number;
  readonly cursor?: Partial<CursorFields>;
}

export interface Backward {
  readonly dz: Rows;
  readonly dx: Rows;
  /** W and B themselves after a descent. */
  readonly dw: Rows;
  readonly db: Rows;
  /** Of a descent. */
  readonly cursor: CursorFields;
}

/** D_Z, D_X, D_W and D_B of a layer, or its descent. Without an activation no byte of D_Z may change. */
export function backward(arena: Arena, { x, w, b, dz }: Layer, sizes: Sizes, options: BackwardOptions): Backward {
  const { gradient, activation = Activation.Identity, a, padding = 0, start, rate = Number.NaN, wider = {} } = options;
  const { biasRate = rate } = options;
  const { rows, inputs, outputs } = sizes;
  const z = { value: 0, vectors: wider.z ?? 0 };
  const descends = gradient === Gradient.Descend;
  arena.clear();
  const X = arena.input(x, rows, inputs, { vectors: wider.x ?? 0 });
  const W = descends ? arena.inOut(w, inputs, outputs, z) : arena.input(w, inputs, outputs, { ...z, value: padding });
  const DZ = arena[a ? "inOut" : "input"](dz, rows, outputs, { ...z, value: padding });
  const A = a ? arena.input(a, rows, outputs, { ...z, value: 0.5 }) : 0;
  const target = (height: number) =>
    start ? arena.inOut(start, height, outputs, z) : arena.output(height, outputs, z);
  const dw = descends ? W : target(inputs);
  const db = descends ? arena.inOut(b, 1, outputs, z) : target(1);
  const dx = arena.output(rows, inputs, { vectors: wider.x ?? 0 });
  const cursor = descends ? arena.cursor(options.cursor) : arena.data(new Uint8Array(Cursor.BYTES));
  const rateBlock = arena.data(Float64Array.of(rate));
  const biasRateBlock = arena.data(Float64Array.of(biasRate));
  const workspace = arena.workspace(workspaces(arena, sizes, DZ.rowBytes)[1]);
  arena.run(rows, [
    Op.DenseBackward,
    ...[DZ, A, X, W, options.dx ? dx : 0, dw, db, inputs, outputs, DZ.rowBytes, X.rowBytes],
    ...[activation, gradient, rateBlock, biasRateBlock, cursor, workspace],
  ]);
  return { dz: DZ, dx, dw, db, cursor: arena.cursorFields(cursor) };
}
