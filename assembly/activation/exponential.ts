import { exp } from "../math";

@unmanaged
class ExponentialRecord {
  a: usize;
  z: usize;
  /** Of one row, in bytes: whole vectors. */
  stride: usize;
}

/** a ← e^z: the prediction of a log link. `a` may be `z`. */
export function exponential<T>(args: usize, rows: i32): void {
  const r = changetype<ExponentialRecord>(args);
  const bytes = <usize>rows * r.stride;
  for (let i: usize = 0; i < bytes; i += 16) v128.store(r.a + i, exp<T>(v128.load(r.z + i)));
}
