import { Cursor } from "./cursor";
import { weightOfRows } from "./weights";

// The runner. A program is a flat list of records in linear memory:
//
//   | kernel u32 | bytes u32 | arguments … | kernel u32 | bytes u32 | arguments … | 0 u32 |
//
// `kernel` is an index into the module's table of functions, `bytes` the length of the record, a multiple of 8.

/** A kernel: it is given the address of its arguments and the rows of the batch. */
export type Kernel = (args: usize, rows: i32) => void;

/** Runs the program once, on `rows` rows. */
export function run(program: usize, rows: i32): void {
  assert(rows > 0);
  let record = program;
  for (;;) {
    const kernel = load<u32>(record);
    if (kernel == 0) return;
    call_indirect<void>(kernel, record + 8, rows);
    record += load<u32>(record, 4);
  }
}

/**
 * Takes up to `steps` training steps and returns how many it took: fewer where the order ends,
 * or after the first step whose loss or parameters are not finite. A step runs `program` on each of its batches and then, where it is
 * not 0, `update` once.
 */
export function train(program: usize, update: usize, cursor: usize, steps: i32): i32 {
  const at = changetype<Cursor>(cursor);
  const length = at.length, stepSize = at.stepSize, batchSize = at.batchSize;
  let taken = 0;
  let position = at.position;
  while (taken < steps && position < length) {
    const rows = min(stepSize, length - position);
    const end = position + rows;
    at.begin = position;
    at.divisor = weightOfRows(at, rows);
    do {
      const batch = min(batchSize, end - position);
      run(program, batch);
      position += batch;
      at.position = position;
    } while (position < end);
    if (update) run(update, rows);
    at.samples += at.divisor;
    at.step += 1;
    taken += 1;
    if (!isFinite(at.loss + at.health)) break;
  }
  return taken;
}
