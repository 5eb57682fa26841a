import { tanh } from "../math";
import { BackwardRecord, ForwardRecord } from "./record";

/** a ← tanh(z). */
export function tanhForward<T>(args: usize, rows: i32): void {
  const r = changetype<ForwardRecord>(args);
  const end = <usize>rows * r.stride;
  for (let i: usize = 0; i < end; i += 16) v128.store(r.a + i, tanh<T>(v128.load(r.z + i)));
}

/** dz ← da ⊙ (1 − a²), a = tanh(z). */
export function tanhBackward<T>(args: usize, rows: i32): void {
  const r = changetype<BackwardRecord>(args);
  const end = <usize>rows * r.stride;
  const one = v128.splat<T>(1);
  for (let i: usize = 0; i < end; i += 16) {
    const a = v128.load(r.a + i);
    v128.store(r.dz + i, v128.mul<T>(v128.load(r.da + i), v128.sub<T>(one, v128.mul<T>(a, a))));
  }
}
