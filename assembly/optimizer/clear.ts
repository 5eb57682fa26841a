import { Cursor } from "../cursor";

@unmanaged
class ClearGradientsRecord {
  dw: usize;
  /** Whole vectors. */
  bytes: usize;
  cursor: usize;
}

/** g ← 0 where the batch is the first of its step, so that the batches of a step can add their gradients up. */
export function clearGradients(args: usize): void {
  const r = changetype<ClearGradientsRecord>(args);
  const at = changetype<Cursor>(r.cursor);
  if (at.position == at.begin) memory.fill(r.dw, 0, r.bytes);
}
