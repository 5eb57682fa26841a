import { floats, isList, type Precision, type Rows, type Targets } from "./data.ts";
import type { Name } from "./labels.ts";
import { describe } from "./options.ts";
import type { Features, TargetValues } from "./results.ts";
import type { Samples } from "./validation.ts";

// Sources of rows that are read as they are trained on: iterables → items → checked rows.

/**
 * Rows and their targets, in any form that `fit` takes; of a single row x may be that row, and y its label, name or scalar. With a
 * weight for all of its rows, or one for each, where every item has some. Items without rows are passed over.
 */
export type Item = readonly [x: Features, y: TargetValues | Name, sampleWeight?: number | ArrayLike<number>];

/** What is called for each pass over the rows, and gives the same ones each time. */
export type Source = () => AsyncIterable<Item> | Iterable<Item>;

/** Kinds of features, each of which has all numbers of those before. */
const KINDS = [Uint8Array, Float32Array, Float64Array] as const;

/** What checks and prepares the rows of an item, as it does those that are in memory. `place` names the item. */
export interface Reading {
  readonly precision: Precision;
  /** Whether y has names whose labels are known, and whether missing numbers of x are filled in. */
  readonly named: boolean;
  readonly imputes: boolean;
  /** @throws TypeError, RangeError */
  read(place: string, x: unknown, y: unknown): Samples;
  /** @throws TypeError, RangeError */
  weights(place: string, weight: unknown, y: Targets, rows: number): Float64Array | undefined;
  /** @throws RangeError */
  prepare(place: string, samples: Samples): Samples;
}

/** Reads item i of a pass. @throws TypeError, RangeError for what is no pair of rows and targets like those of the first item */
export type ReadItem = (item: unknown, i: number) => Samples;

/** Reads items of one kind: that of the first. */
export function itemReader(where: string, { precision, named, imputes, ...reading }: Reading): ReadItem {
  let first: { kind: number; targets: string; weighted: boolean } | undefined;
  return (item, i) => {
    const place = `${where}: item ${i}`;
    if (!Array.isArray(item) || item.length < 2 || item.length > 3) {
      const length = Array.isArray(item) ? ` of ${item.length}` : "";
      throw new TypeError(`${place} is ${describe(item)}${length}, expected [x, y] or [x, y, sampleWeight]`);
    }
    const [x, given, weight] = item as [unknown, unknown, unknown];
    const y = isList(given) ? given : [given];
    if (!named) checkNoNames(place, y);
    const raw = reading.read(place, x, y);
    const weights = reading.weights(place, weight, raw.y, raw.x.rows);
    const samples = reading.prepare(place, { ...raw, weights });
    // What is filled in is so in the network's precision, and nothing else may be.
    const data = imputes ? toKind(floats(precision), samples.x.data) : samples.x.data;
    const kind = KINDS.findIndex((Kind) => data instanceof Kind);
    first ??= { kind, targets: samples.y.kind, weighted: weight !== undefined };
    const refuse = (what: string, found: string, expected: string) => {
      throw new TypeError(`${place}: ${what} is ${found}, and the first item's is ${expected}; expected the same`);
    };
    if (kind > first.kind) refuse("x", `a ${KINDS[kind]!.name}`, `a ${KINDS[first.kind]!.name}, which is smaller`);
    if (samples.y.kind !== first.targets) refuse("y", samples.y.kind, first.targets);
    if ((weight !== undefined) !== first.weighted) {
      const words = ["absent", "given"] as const;
      refuse("sampleWeight", words[Number(!first.weighted)]!, words[Number(first.weighted)]!);
    }
    return { ...samples, x: { ...samples.x, data: toKind(KINDS[first.kind]!, data) } };
  };
}

function toKind(Kind: (typeof KINDS)[number], data: Rows["data"]): Rows["data"] {
  return data instanceof Kind ? data : new Kind(data);
}

/** @throws TypeError for targets that only names can be */
function checkNoNames(where: string, y: ArrayLike<unknown>): void {
  const row = y[0];
  const value = isList(row) ? row[0] : row;
  if (typeof value !== "string" && typeof value !== "boolean") return;
  throw new TypeError(
    `${where}: y is ${describe(value)}, a name, and others may come later; expected labels: [ … ] among the options, all names of classes`,
  );
}

/** Whether it is a pair of no rows and their targets, as what filters rows may make. */
const isEmpty = (item: unknown) =>
  Array.isArray(item) && item.length >= 2 && item.slice(0, 2).every((list) => isList(list) && list.length === 0);

/** One pass over a source: its rows, item by item. */
export class Pass {
  readonly #iterator: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #read: ReadItem;
  readonly #signal: AbortSignal | undefined;
  #items = 0;
  #item: Samples | undefined;
  /** Rows of it that were taken. */
  #taken = 0;
  #waiting = false;
  #done = false;

  /** @throws TypeError for a source that returns no iterable, and what it throws itself */
  constructor(where: string, source: Source, read: ReadItem, signal: AbortSignal | undefined) {
    const iterable: unknown = source();
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = Object(iterable);
    const iterate = async ?? sync;
    const iterator: unknown = typeof iterate === "function" ? iterate.call(iterable) : undefined;
    if (typeof iterable !== "object" || typeof Object(iterator).next !== "function") {
      const given = typeof Object(iterable).then === "function" ? "a promise" : describe(iterable);
      throw new TypeError(
        `${where}: source returns ${given}, expected an iterable or async iterable of [x, y], as generators make`,
      );
    }
    this.#iterator = iterator as AsyncIterator<unknown>;
    this.#read = read;
    this.#signal = signal;
  }

  /** What was read last, as long as it has rows to be taken. */
  get item(): Samples | undefined {
    return this.#item;
  }

  /** Whether there is another row; waits for it. @throws what the source throws, what is wrong with an item, the signal's reason */
  async more(): Promise<boolean> {
    while (!this.#item && !this.#done) {
      const { done, value } = await this.#next();
      if (done) this.#done = true;
      else if (!isEmpty(value)) this.#item = this.#read(value, this.#items);
      this.#items += 1;
    }
    return this.#item !== undefined;
  }

  async #next(): Promise<IteratorResult<unknown>> {
    this.#signal?.throwIfAborted();
    this.#waiting = true;
    try {
      const result = await unlessAborted(this.#iterator.next(), this.#signal);
      this.#waiting = false;
      return result;
    } catch (error) {
      // Where it was the iterator that threw it has ended.
      if (!this.#signal?.aborted) this.#done = true;
      throw error;
    }
  }

  /** Copies at most so many rows of the latest item to `window`, from row `at` on. Returns how many. */
  take(window: Samples, at: number, most: number): number {
    const { x, y, weights } = this.#item!;
    const outputs = y.data.length / x.rows;
    const first = this.#taken;
    const end = Math.min(x.rows, first + most);
    // Of a single row a view takes as long as the rest.
    const part = <A extends Rows["data"] | Int32Array>(data: A, width: number) =>
      end - first < x.rows ? data.subarray(first * width, end * width) : data;
    window.x.data.set(part(x.data, x.width), at * x.width);
    window.y.data.set(part(y.data, outputs), at * outputs);
    if (weights) window.weights!.set(part(weights, 1), at);
    this.#taken = end < x.rows ? end : 0;
    if (end === x.rows) this.#item = undefined;
    return end - first;
  }

  /** Has the iterator return, unless it has ended; not waited for where it is at work on an item. */
  async close(): Promise<void> {
    this.#item = undefined;
    if (this.#done) return;
    this.#done = true;
    const returned = Promise.resolve(this.#iterator.return?.());
    if (this.#waiting) returned.catch(() => undefined);
    else await returned;
  }
}

/** What is waited for, or the signal's reason as an error as soon as it is aborted. */
function unlessAborted<T>(waited: T | PromiseLike<T>, signal: AbortSignal | undefined): T | PromiseLike<T> {
  if (!signal) return waited;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    const settled = () => signal.removeEventListener("abort", abort);
    Promise.resolve(waited).then(resolve, reject).finally(settled);
  });
}
