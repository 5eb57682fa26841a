import { Distribution } from "./opcodes";
import { fillConstant, fillNormal, fillUniform } from "./random";

/** Initial values of one block of parameters, [rows][stride] of `size` bytes each; `scale` is the limit, the deviation or the value. */
export function initialize(
  distribution: Distribution,
  size: i32,
  out: usize,
  rows: u32,
  columns: u32,
  stride: u32,
  scale: f64,
  seedLow: u32,
  seedHigh: u32,
  stream: u32,
): void {
  if (size == 8) fill<f64>(distribution, out, rows, columns, stride, scale, seedLow, seedHigh, stream);
  else fill<f32>(distribution, out, rows, columns, stride, scale, seedLow, seedHigh, stream);
}

function fill<T>(
  distribution: Distribution,
  out: usize,
  rows: u32,
  columns: u32,
  stride: u32,
  scale: f64,
  seedLow: u32,
  seedHigh: u32,
  stream: u32,
): void {
  switch (distribution) {
    case Distribution.Uniform:
      return fillUniform<T>(out, rows, columns, stride, scale, seedLow, seedHigh, stream);
    case Distribution.Normal:
      return fillNormal<T>(out, rows, columns, stride, scale, seedLow, seedHigh, stream);
    default:
      return fillConstant<T>(out, rows, columns, stride, scale);
  }
}
