// For the tests alone: each function over an array, gaussian of |x| as gelu takes it. `bytes` is a multiple of 16.
import {
  cumulative, exp, expm1, furthest, gaussian, log, log1p, powInteger, sigmoid, tanh,
} from "../../assembly/math";
import { cosine, exponential, logarithm } from "../../assembly/math/scalar";

export { cosine, exponential, logarithm, powInteger };

export function expF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, exp<f32>(v128.load(from + i)));
}

export function expF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, exp<f64>(v128.load(from + i)));
}

export function logF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, log<f32>(v128.load(from + i)));
}

export function logF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, log<f64>(v128.load(from + i)));
}

export function log1pF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, log1p<f32>(v128.load(from + i)));
}

export function log1pF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, log1p<f64>(v128.load(from + i)));
}

export function sigmoidF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, sigmoid<f32>(v128.load(from + i)));
}

export function sigmoidF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, sigmoid<f64>(v128.load(from + i)));
}

export function tanhF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, tanh<f32>(v128.load(from + i)));
}

export function tanhF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, tanh<f64>(v128.load(from + i)));
}

export function expm1F32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, expm1<f32>(v128.load(from + i)));
}

export function expm1F64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, expm1<f64>(v128.load(from + i)));
}

export function gaussianF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, gaussian<f32>(v128.pmin<f32>(v128.abs<f32>(v128.load(from + i)), furthest<f32>())));
}

export function gaussianF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, gaussian<f64>(v128.pmin<f64>(v128.abs<f64>(v128.load(from + i)), furthest<f64>())));
}

export function cumulativeF32(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, cumulative<f32>(v128.load(from + i)));
}

export function cumulativeF64(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, cumulative<f64>(v128.load(from + i)));
}
