/** The arguments of an activation's forward: a ← a(z), whole rows, padding too. `a` may be `z`. */
@unmanaged
export class ForwardRecord {
  a: usize;
  z: usize;
  /** Of one row, in bytes: whole vectors. */
  stride: usize;
}

/** The arguments of an activation's backward: dz ← da ⊙ a′(z), with a′(z) taken from a. `dz` may be `da`. */
@unmanaged
export class BackwardRecord {
  dz: usize;
  da: usize;
  a: usize;
  /** Of one row, in bytes: whole vectors. */
  stride: usize;
}
