import { mulAdd } from "../simd";
import { all } from "./record";

@unmanaged
class DecayRecord {
  w: usize;
  dw: usize;
  /** Of both, whole vectors, at least one. */
  bytes: usize;
  /** λ. */
  decay: f64;
}

/** Weight decay by way of the gradient, before an update (PyTorch's `weight_decay` but for AdamW): g ← g + λ·w. */
export function decay<T>(args: usize): void {
  const r = changetype<DecayRecord>(args);
  const w = r.w, dw = r.dw, bytes = r.bytes;
  const lambda = all<T>(r.decay);
  let i: usize = 0;
  do {
    v128.store(dw + i, mulAdd<T>(lambda, v128.load(w + i), v128.load(dw + i)));
    i += 16;
  } while (i < bytes);
}

@unmanaged
class ShrinkRecord {
  w: usize;
  bytes: usize;
  /** Address of the learning rate η, f64. */
  rate: usize;
  /** λ. */
  decay: f64;
}

/**
 * Decoupled weight decay, before an update (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019, with η for the
 * paper's schedule, as PyTorch's AdamW and Keras): w ← w·(1 − ηλ), the factor rounded once, to T, as PyTorch does.
 */
export function shrink<T>(args: usize): void {
  const r = changetype<ShrinkRecord>(args);
  const w = r.w, bytes = r.bytes;
  const factor = all<T>(1 - load<f64>(r.rate) * r.decay);
  let i: usize = 0;
  do {
    v128.store(w + i, v128.mul<T>(v128.load(w + i), factor));
    i += 16;
  } while (i < bytes);
}
