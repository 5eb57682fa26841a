import { Activation } from "../opcodes";
import { reluBackward, reluForward } from "./relu";
import { sigmoidBackward, sigmoidForward } from "./sigmoid";
import { tanhBackward, tanhForward } from "./tanh";

/** A ← a(Z), `bytes` of whole vectors, padding too. `a` may be `z`. */
export function activate<T>(activation: Activation, a: usize, z: usize, bytes: usize): void {
  switch (activation) {
    case Activation.Relu: reluForward<T>(a, z, bytes); break;
    case Activation.Tanh: tanhForward<T>(a, z, bytes); break;
    case Activation.Sigmoid: sigmoidForward<T>(a, z, bytes); break;
  }
}

/** D_Z ← D_A ⊙ a′(Z), with a′(Z) taken from A; the identity leaves D_Z as it is. `dz` may be `da`. */
export function activateBackward<T>(activation: Activation, dz: usize, da: usize, a: usize, bytes: usize): void {
  switch (activation) {
    case Activation.Relu: reluBackward<T>(dz, da, a, bytes); break;
    case Activation.Tanh: tanhBackward<T>(dz, da, a, bytes); break;
    case Activation.Sigmoid: sigmoidBackward<T>(dz, da, a, bytes); break;
  }
}

@unmanaged
class ActivateRecord {
  a: usize;
  z: usize;
  /** Of one row, in bytes: whole vectors. */
  stride: usize;
  activation: Activation;
}

/** An activation on its own: A ← a(Z). */
export function activateRows<T>(args: usize, rows: i32): void {
  const r = changetype<ActivateRecord>(args);
  activate<T>(r.activation, r.a, r.z, <usize>rows * r.stride);
}

@unmanaged
class ActivateBackwardRecord {
  dz: usize;
  da: usize;
  a: usize;
  stride: usize;
  activation: Activation;
}

/** An activation's derivative on its own: D_Z ← D_A ⊙ a′(Z). */
export function activateBackwardRows<T>(args: usize, rows: i32): void {
  const r = changetype<ActivateBackwardRecord>(args);
  activateBackward<T>(r.activation, r.dz, r.da, r.a, <usize>rows * r.stride);
}
