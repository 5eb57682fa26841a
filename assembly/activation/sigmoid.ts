import { sigmoid } from "../math";
import { BackwardRecord, ForwardRecord } from "./record";

/** a ← 1 / (1 + e^−z). */
export function sigmoidForward<T>(args: usize, rows: i32): void {
  const r = changetype<ForwardRecord>(args);
  const end = <usize>rows * r.stride;
  for (let i: usize = 0; i < end; i += 16) v128.store(r.a + i, sigmoid<T>(v128.load(r.z + i)));
}

/** dz ← da ⊙ a(1 − a), a = σ(z). */
export function sigmoidBackward<T>(args: usize, rows: i32): void {
  const r = changetype<BackwardRecord>(args);
  const end = <usize>rows * r.stride;
  const one = v128.splat<T>(1);
  for (let i: usize = 0; i < end; i += 16) {
    const a = v128.load(r.a + i);
    v128.store(r.dz + i, v128.mul<T>(v128.load(r.da + i), v128.mul<T>(a, v128.sub<T>(one, a))));
  }
}
