/** sums ← Σ over the rows of Z, or sums + Σ where `accumulate`. Z [rows][n], `stride` bytes from row to row; sums [n]. */
export function columnSums<T>(sums: usize, z: usize, stride: usize, rows: i32, accumulate: bool): void {
  const zero = i32x4.splat(0);
  const end = sums + stride;
  // Four columns at a time hide the latency of an addition.
  for (; sums + 64 <= end; sums += 64) {
    let s0 = accumulate ? v128.load(sums) : zero, s1 = accumulate ? v128.load(sums, 16) : zero;
    let s2 = accumulate ? v128.load(sums, 32) : zero, s3 = accumulate ? v128.load(sums, 48) : zero;
    let at = z;
    for (let i = 0; i < rows; i++) {
      s0 = v128.add<T>(s0, v128.load(at));
      s1 = v128.add<T>(s1, v128.load(at, 16));
      s2 = v128.add<T>(s2, v128.load(at, 32));
      s3 = v128.add<T>(s3, v128.load(at, 48));
      at += stride;
    }
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    v128.store(sums, s2, 32);
    v128.store(sums, s3, 48);
    z += 64;
  }
  for (; sums < end; sums += 16) {
    let sum = accumulate ? v128.load(sums) : zero;
    let at = z;
    for (let i = 0; i < rows; i++) {
      sum = v128.add<T>(sum, v128.load(at));
      at += stride;
    }
    v128.store(sums, sum);
    z += 16;
  }
}
