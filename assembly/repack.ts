@unmanaged
class RepackRecord {
  out: usize;
  from: usize;
  /** Rows of a sample. */
  count: i32;
  /** Numbers of a row. */
  width: i32;
  /** Bytes from row to row within a sample. */
  outRow: usize;
  fromRow: usize;
  /** Bytes from sample to sample. */
  outStride: usize;
  fromStride: usize;
}

/**
 * OUT ← FROM, [rows][count][width], from one spacing to another: compact rows become padded ones, or padded ones compact. What lies
 * behind a row of OUT, and behind the last one up to the next sample, ← 0. Its backward is itself the other way round.
 */
export function repack<T>(args: usize, rows: i32): void {
  const r = changetype<RepackRecord>(args);
  const bytes = <usize>r.width * sizeof<T>();
  assert(r.outRow >= bytes && r.outStride >= r.outRow * r.count);
  for (let n = 0; n < rows; n++) {
    let out = r.out + r.outStride * n, from = r.from + r.fromStride * n;
    const end = out + r.outStride;
    for (let i = 0; i < r.count; i++) {
      copyRow<T>(out, from, bytes, out + r.outRow);
      out += r.outRow;
      from += r.fromRow;
    }
    clearNumbers<T>(out, end);
  }
}

/** A row, and 0 behind it up to `end`. Nothing behind the row is read. */
function copyRow<T>(out: usize, from: usize, bytes: usize, end: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(out + at, v128.load(from + at));
  for (; at < bytes; at += sizeof<T>()) store<T>(out + at, load<T>(from + at));
  clearNumbers<T>(out + at, end);
}

/** 0 from `at` up to `end`. */
function clearNumbers<T>(at: usize, end: usize): void {
  for (; at < end; at += sizeof<T>()) store<T>(at, 0);
}
