// What the tests call: the random numbers, in both precisions.
import { fillConstant, fillNormal, fillUniform, philox as words } from "../../assembly/random";

export { draw, quantile, sequence, shuffle } from "../../assembly/random";

export function philox(out: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): void {
  v128.store(out, words(c0, c1, c2, c3, k0, k1));
}

export function uniformF32(o: usize, m: u32, n: u32, stride: u32, limit: f64, low: u32, high: u32, stream: u32): void {
  fillUniform<f32>(o, m, n, stride, limit, low, high, stream);
}

export function uniformF64(o: usize, m: u32, n: u32, stride: u32, limit: f64, low: u32, high: u32, stream: u32): void {
  fillUniform<f64>(o, m, n, stride, limit, low, high, stream);
}

export function normalF32(o: usize, m: u32, n: u32, stride: u32, std: f64, low: u32, high: u32, stream: u32): void {
  fillNormal<f32>(o, m, n, stride, std, low, high, stream);
}

export function normalF64(o: usize, m: u32, n: u32, stride: u32, std: f64, low: u32, high: u32, stream: u32): void {
  fillNormal<f64>(o, m, n, stride, std, low, high, stream);
}

export function constantF32(o: usize, m: u32, n: u32, stride: u32, value: f64): void {
  fillConstant<f32>(o, m, n, stride, value);
}

export function constantF64(o: usize, m: u32, n: u32, stride: u32, value: f64): void {
  fillConstant<f64>(o, m, n, stride, value);
}
