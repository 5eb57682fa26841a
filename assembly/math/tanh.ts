import { mulAdd } from "../simd";
import { cothTail, remainder, rounded, rounder } from "./reduction";
import { fractionBits, shiftLeft } from "./vector";

enum Constant {
  lowest,
  highest,
  one,
  p3,
  p5,
  p7,
  p9,
  q2,
  q4,
  q6,
  q8,
}

const RATIONAL = memory.data<f32>([
  -9.02, 9.02, 1,
  0.133831999137, 0.00349806705504, 2.06459158805e-5, 1.33984877439e-8,
  0.467165213518, 0.0258866773998, 0.000328951616675, 7.79601061323e-7,
], 16);
const EXPONENTIAL = memory.data<f64>([-20, 20, 1, -0.0], 16);

@inline
function single(index: Constant): v128 {
  return v128.load32_splat(RATIONAL + 4 * <usize>index);
}

@inline
function rational(x: v128): v128 {
  const clamped = f32x4.pmin(f32x4.pmax(x, single(Constant.lowest)), single(Constant.highest));
  const z = f32x4.mul(clamped, clamped);
  let p = mulAdd<f32>(z, single(Constant.p9), single(Constant.p7));
  p = mulAdd<f32>(z, p, single(Constant.p5));
  p = mulAdd<f32>(z, p, single(Constant.p3));
  p = mulAdd<f32>(z, p, single(Constant.one));
  let q = mulAdd<f32>(z, single(Constant.q8), single(Constant.q6));
  q = mulAdd<f32>(z, q, single(Constant.q4));
  q = mulAdd<f32>(z, q, single(Constant.q2));
  q = mulAdd<f32>(z, q, single(Constant.one));
  return f32x4.div(f32x4.mul(clamped, p), q);
}

@inline
function exponential(x: v128): v128 {
  const clamped = f64x2.pmin(f64x2.pmax(x, v128.load64_splat(EXPONENTIAL)), v128.load64_splat(EXPONENTIAL + 8));
  const twice = f64x2.add(clamped, clamped);
  const i = rounded<f64>(twice, rounder<f64>());
  const r = remainder<f64>(twice, f64x2.sub(i, rounder<f64>()));
  const tail = cothTail<f64>(f64x2.mul(r, r));
  const s = shiftLeft<f64>(i, fractionBits<f64>());
  const one = v128.load64_splat(EXPONENTIAL + 16);
  const less = f64x2.sub(s, one);
  const more = f64x2.add(s, one);
  // (s − 1)·coth + (s + 1)·r over (s + 1)·coth + (s − 1)·r, coth = 2 − tail, the large terms added last.
  const above = f64x2.add(f64x2.add(less, less), f64x2.sub(f64x2.mul(more, r), f64x2.mul(less, tail)));
  const below = f64x2.add(f64x2.add(more, more), f64x2.sub(f64x2.mul(less, r), f64x2.mul(more, tail)));
  return v128.or(f64x2.div(above, below), v128.and(x, v128.load64_splat(EXPONENTIAL + 24)));
}

/** tanh x. */
@inline
export function tanh<T>(x: v128): v128 {
  return sizeof<T>() == 4 ? rational(x) : exponential(x);
}
