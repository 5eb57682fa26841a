import { Activation } from "../opcodes";
import { eluBackward, eluForward } from "./elu";
import { geluBackward, geluForward } from "./gelu";
import { geluTanhBackward, geluTanhForward } from "./geluTanh";
import { hardSigmoidBackward, hardSigmoidForward } from "./hardSigmoid";
import { leakyReluBackward, leakyReluForward } from "./leakyRelu";
import { reluBackward, reluForward } from "./relu";
import { sigmoidBackward, sigmoidForward } from "./sigmoid";
import { siluBackward, siluForward } from "./silu";
import { softplusBackward, softplusForward } from "./softplus";
import { tanhBackward, tanhForward } from "./tanh";

/** A ← a(Z) for the activations that `dense` has, `bytes` of whole vectors, padding too. `a` may be `z`. */
export function activate<T>(activation: Activation, a: usize, z: usize, bytes: usize): void {
  switch (activation) {
    case Activation.Relu: reluForward<T>(a, z, bytes); break;
    case Activation.Tanh: tanhForward<T>(a, z, bytes); break;
    case Activation.Sigmoid: sigmoidForward<T>(a, z, bytes); break;
  }
}

/** D_Z ← D_A ⊙ a′(Z) for the same, with a′(Z) taken from A; the identity leaves D_Z as it is. `dz` may be `da`. */
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
  /** The activation's parameters. */
  p: f64;
  q: f64;
}

/** An activation on its own: A ← a(Z). */
export function activateRows<T>(args: usize, rows: i32): void {
  const r = changetype<ActivateRecord>(args);
  const bytes = <usize>rows * r.stride;
  switch (r.activation) {
    case Activation.LeakyRelu: leakyReluForward<T>(r.a, r.z, bytes, r.p); break;
    case Activation.Elu: eluForward<T>(r.a, r.z, bytes, r.p, r.q); break;
    case Activation.Gelu: geluForward<T>(r.a, r.z, bytes); break;
    case Activation.GeluTanh: geluTanhForward<T>(r.a, r.z, bytes); break;
    case Activation.Silu: siluForward<T>(r.a, r.z, bytes); break;
    case Activation.Softplus: softplusForward<T>(r.a, r.z, bytes); break;
    case Activation.HardSigmoid: hardSigmoidForward<T>(r.a, r.z, bytes, r.p, r.q); break;
    default: activate<T>(r.activation, r.a, r.z, bytes);
  }
}

@unmanaged
class ActivateBackwardRecord {
  dz: usize;
  da: usize;
  /** A or Z, whichever the derivative is taken from: the enum tells. */
  from: usize;
  stride: usize;
  activation: Activation;
  p: f64;
  q: f64;
}

/**
 * An activation's derivative on its own: D_Z ← D_A ⊙ a′(Z). The padding of D_Z is 0 where that of D_A is and that of `from` is
 * finite.
 */
export function activateBackwardRows<T>(args: usize, rows: i32): void {
  const r = changetype<ActivateBackwardRecord>(args);
  const bytes = <usize>rows * r.stride;
  switch (r.activation) {
    case Activation.LeakyRelu: leakyReluBackward<T>(r.dz, r.da, r.from, bytes, r.p); break;
    case Activation.Elu: eluBackward<T>(r.dz, r.da, r.from, bytes, r.p, r.q); break;
    case Activation.Gelu: geluBackward<T>(r.dz, r.da, r.from, bytes); break;
    case Activation.GeluTanh: geluTanhBackward<T>(r.dz, r.da, r.from, bytes); break;
    case Activation.Silu: siluBackward<T>(r.dz, r.da, r.from, bytes); break;
    case Activation.Softplus: softplusBackward<T>(r.dz, r.da, r.from, bytes); break;
    case Activation.HardSigmoid: hardSigmoidBackward<T>(r.dz, r.da, r.from, bytes, r.p, r.q); break;
    default: activateBackward<T>(r.activation, r.dz, r.da, r.from, bytes);
  }
}
