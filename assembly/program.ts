import { Cursor } from "./cursor";

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
 * or after the first step whose loss or parameters are not finite.
 */
export function train(program: usize, cursor: usize, steps: i32): i32 {
  const at = changetype<Cursor>(cursor);
  let taken = 0;
  while (taken < steps && at.position < at.length) {
    const rows = min(at.batchSize, at.length - at.position);
    at.divisor = rows;
    run(program, rows);
    at.position += rows;
    at.samples += rows;
    at.step += 1;
    taken += 1;
    if (!isFinite(at.loss + at.health)) break;
  }
  return taken;
}
