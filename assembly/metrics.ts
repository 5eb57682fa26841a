import { Cursor } from "./cursor";

/** The index of the first of the largest numbers; NaN is never larger. */
@inline
export function argmaxOf<T>(z: usize, count: i32): i32 {
  let top = 0;
  let largest = load<T>(z);
  for (let j = 1; j < count; j++) {
    const value = load<T>(z + <usize>j * sizeof<T>());
    if (value > largest) {
      largest = value;
      top = j;
    }
  }
  return top;
}

@unmanaged
class LabelRecord {
  /** Written: i32, one a row (argmax) or `outputs` a row (threshold). */
  labels: usize;
  values: usize;
  outputs: i32;
  /** Of one row of values, in bytes. */
  stride: usize;
  threshold: f64;
}

/** label ← the first index of the largest value of the row. */
export function argmax<T>(args: usize, rows: i32): void {
  const r = changetype<LabelRecord>(args);
  for (let i = 0; i < rows; i++) store<i32>(r.labels + (<usize>i << 2), argmaxOf<T>(r.values + <usize>i * r.stride, r.outputs));
}

/** label ← h(value − threshold): 1 where value ≥ threshold, else 0. */
export function threshold<T>(args: usize, rows: i32): void {
  const r = changetype<LabelRecord>(args);
  let to = r.labels;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < r.outputs; j++) {
      const value = load<T>(r.values + <usize>i * r.stride + <usize>j * sizeof<T>());
      store<i32>(to, i32(<f64>value >= r.threshold));
      to += 4;
    }
  }
}

@unmanaged
class CountEqualRecord {
  labels: usize;
  targets: usize;
  /** Labels of one row; a row counts when all of them agree. */
  width: i32;
  cursor: usize;
}

/** The text's 0-1 sum: adds the rows whose labels equal their targets to the cursor's `correct`. */
export function countEqual(args: usize, rows: i32): void {
  const r = changetype<CountEqualRecord>(args);
  let equal = 0;
  for (let i = 0; i < rows; i++) {
    let same = true;
    for (let j = 0; j < r.width; j++) {
      const at = <usize>(i * r.width + j) << 2;
      if (load<i32>(r.labels + at) != load<i32>(r.targets + at)) same = false;
    }
    if (same) equal += 1;
  }
  changetype<Cursor>(r.cursor).correct += equal;
}
