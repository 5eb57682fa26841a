// The random numbers of the core, plainly: exact integers, one value at a time, the words as in assembly/random.ts.

const MASK = 0xffffffffn;

export const INITIAL = 0n;
export const SHUFFLE = 1n;
export const DRAW = 2n;
export const DROPOUT = 3n;
export const AUGMENT = 4n;

/** Philox4x32-10 (Salmon et al. 2011): four words from a counter of four words and a key of two. */
export function philox(counter: readonly bigint[], key: readonly bigint[]): [bigint, bigint, bigint, bigint] {
  let [c0, c1, c2, c3] = counter as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = c0 * 0xd2511f53n;
    const p1 = c2 * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & MASK, (p0 >> 32n) ^ c3 ^ k1, p0 & MASK];
    k0 = (k0 + 0x9e3779b9n) & MASK;
    k1 = (k1 + 0xbb67ae85n) & MASK;
  }
  return [c0, c1, c2, c3];
}

/** The four words of one block. */
function block(seed: number, purpose: bigint, stream: number, epoch: number, number: bigint) {
  const key = [BigInt(seed) & MASK, BigInt(seed) >> 32n];
  const time = BigInt(epoch);
  return philox([number & MASK, BigInt(stream), time & MASK, (time >> 32n) + purpose * 2n ** 21n], key);
}

/** The 64 random bits at one place. */
export function randomBits(seed: number, purpose: bigint, stream: number, epoch: number, index: number): bigint {
  const words = block(seed, purpose, stream, epoch, BigInt(index) >> 1n);
  const half = index % 2 === 0 ? 0 : 2;
  return words[half]! + words[half + 1]! * 2n ** 32n;
}

/** The 32 random bits at places 0…count−1 of a layer's dropout. */
export function dropoutWords(count: number, seed: number, layer: number, step: number): number[] {
  return Array.from({ length: Math.ceil(count / 4) }, (_, i) =>
    block(seed, DROPOUT, layer, step, BigInt(i)).map(Number),
  )
    .flat()
    .slice(0, count);
}

/** ⌊bits · n / 2⁶⁴⌋. */
export function bounded(bits: bigint, n: number): number {
  return Number((bits * BigInt(n)) >> 64n);
}

/** A Fisher–Yates permutation of 0…count−1, from the identity, from the top down. */
export function shuffle(count: number, seed: number, epoch: number, pass: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = bounded(randomBits(seed, SHUFFLE, pass, epoch, i), i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Draws first…first+count−1 of an epoch, from 0…rows−1. */
export function draw(count: number, rows: number, seed: number, epoch: number, first: number): number[] {
  return Array.from({ length: count }, (_, j) => {
    const index = first + j;
    return bounded(randomBits(seed, DRAW, Math.floor(index / 2 ** 33), epoch, index), rows);
  });
}

/** The uniform initial values of a block at indexes 0…count−1, in (−1, 1): the middles of 2⁵² equal cells. */
export function uniform(count: number, seed: number, stream: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const cell = BigInt.asIntN(64, randomBits(seed, INITIAL, stream, 0, index)) >> 12n;
    return Number(2n * cell + 1n) / 2 ** 52;
  });
}
