import { Clock } from "../clock";
import { Cursor } from "../cursor";

@unmanaged
class TickRecord {
  clock: usize;
  cursor: usize;
  /** | first f64 | last f64 | values f64 … |: the learning rates of the steps from `first` on; value `last` is kept. */
  table: usize;
  /** | multiplier f64 | rate f64 | …: where the updates find their rates. */
  cells: usize;
  /** How many cells; without any there need be no table. */
  count: i32;
}

/** Once a step, before its updates: steps ← steps + 1, and of each cell rate ← multiplier · values[min(step − first, last)]. */
export function tick(args: usize): void {
  const r = changetype<TickRecord>(args);
  changetype<Clock>(r.clock).steps += 1;
  if (r.count == 0) return;
  const index = min(changetype<Cursor>(r.cursor).step - load<f64>(r.table), load<f64>(r.table, 8));
  assert(index >= 0);
  const rate = load<f64>(r.table + (<usize>index << 3), 16);
  let cell = r.cells;
  for (let i = 0; i < r.count; i++) {
    store<f64>(cell, load<f64>(cell) * rate, 8);
    cell += 16;
  }
}
