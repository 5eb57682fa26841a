import { Op } from "../assembly/opcodes.ts";
import { Matrix } from "./plan.ts";
import type { Program } from "./program.ts";
import { type Shape, sizeOf } from "./shape.ts";

// The forms of images in memory: spread, with whole vectors at each position; compact, with none but the padding at the end; and flat,
// the same as a row of numbers. Where channels fill whole vectors all three are one.

/** Images, compact or flat, spread. The padding is 0. */
export function spread(program: Program, from: Matrix, shape: Shape): Matrix {
  const to = new Matrix((from.rows * sizeOf(shape)) / shape.at(-1)!, shape.at(-1)!, program.size, shape);
  return reshape(program, from, to, shape);
}

/** Images as rows of numbers. */
export function flat(program: Program, from: Matrix): Matrix {
  const { shape, rows, positions } = from;
  return reshape(program, from, new Matrix(rows / positions, sizeOf(shape), program.size), shape);
}

function reshape(program: Program, from: Matrix, to: Matrix, shape: Shape): Matrix {
  const channels = shape.at(-1)!;
  const width = channels * program.size;
  // Compact images are flat already.
  if (from.positions === to.positions || width % 16 === 0) return program.view(from, to);
  program.place(to);
  const pitch = ({ positions, rowBytes }: Matrix) => (positions > 1 ? rowBytes : width);
  const bytes = [pitch(to), pitch(from), to.sampleBytes, from.sampleBytes];
  program.add(Op.Repack, to, from, sizeOf(shape) / channels, channels, ...bytes);
  return to;
}
