import { Cursor } from "../cursor";

@unmanaged
class BatchNormCommitRecord {
  runningMean: usize;
  runningVariance: usize;
  mean: usize;
  variance: usize;
  /** Of each of the four. */
  bytes: usize;
  repeat: i32;
  cursor: usize;
  momentum: f64;
}

/**
 * running ← (1 − momentum)·running + momentum·batch, the batch's variance times N / (N − 1) (PyTorch's, unbiased); N > 1.
 * The cursor's health ← NaN where a new statistic is not finite.
 */
export function batchNormCommit<T>(args: usize, rows: i32): void {
  const r = changetype<BatchNormCommitRecord>(args);
  const n = <f64>(rows * r.repeat);
  assert(n > 1);
  const rest = v128.splat<T>(<T>(1 - r.momentum));
  const means = commit<T>(r.runningMean, r.mean, rest, v128.splat<T>(<T>r.momentum), r.bytes);
  const unbiased = v128.splat<T>(<T>((r.momentum * n) / (n - 1)));
  const variances = commit<T>(r.runningVariance, r.variance, rest, unbiased, r.bytes);
  const health = v128.add<T>(means, variances);
  if (v128.any_true(v128.ne<T>(health, health))) changetype<Cursor>(r.cursor).health = NaN;
}

/** running ← rest·running + share·batch. Returns 0, or NaN where the result is not finite. */
function commit<T>(running: usize, batch: usize, rest: v128, share: v128, bytes: usize): v128 {
  let health = i32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const kept = v128.mul<T>(rest, v128.load(running + at));
    const updated = v128.add<T>(kept, v128.mul<T>(share, v128.load(batch + at)));
    v128.store(running + at, updated);
    health = v128.add<T>(health, v128.sub<T>(updated, updated));
  }
  return health;
}
