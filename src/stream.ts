import type { Fingerprint } from "./checkpoint.ts";
import type { Settings } from "./fit.ts";
import { Hash } from "./hash.ts";
import type { Machine } from "./machine.ts";
import { pause } from "./pause.ts";
import type { Resident } from "./programs.ts";

export { checkStream } from "./streamOptions.ts";

import { itemReader, Pass, type Reading, type Source } from "./source.ts";
import type { Standing } from "./training.ts";
import type { Samples } from "./validation.ts";
import { bytesOf, type Feed, firstRows, windowRows } from "./windows.ts";

// Training on rows that are read as they come. They are cut anew into windows of whole steps; where a window ends changes nothing.

/** Rows are read for so long, in ms, before those that make whole steps are trained on. */
const READING = 10;

/** Windows of rows that a source yields, pass after pass. */
export class Stream implements Feed {
  readonly waits = true;
  pass = 0;
  readonly #where: string;
  readonly #open: () => Pass;
  readonly #settings: Settings;
  readonly #checkRows: (rows: number) => void;
  readonly #window: Samples;
  #machine: Machine | undefined;
  /** The pass in progress; at first one that is not begun. */
  #rows: Pass;
  #untouched = true;
  /** Whether the pass has no rows but those of the window. */
  #ended = false;
  /** The place in the pass of the first row of the window, rows of the window, and how many of them are in the hash. */
  #first = 0;
  #count = 0;
  #hashed = 0;
  /** Of the rows of the pass that were taken. */
  #hash = new Hash();
  /** What goes wrong behind the last step of the window. */
  #failure: { error: unknown } | undefined;

  private constructor(
    where: string,
    open: () => Pass,
    rows: Pass,
    window: Samples,
    settings: Settings,
    checkRows: (rows: number) => void,
  ) {
    this.#where = where;
    this.#open = open;
    this.#rows = rows;
    this.#window = window;
    this.#settings = settings;
    this.#checkRows = checkRows;
  }

  /**
   * Waits for the first item, which says what kind of rows there are. `checkRows` throws where an epoch cannot have so many.
   * @throws TypeError, RangeError, what the source throws
   */
  static async open(
    where: string,
    source: Source,
    reading: Reading,
    settings: Settings,
    checkRows: (rows: number) => void,
  ): Promise<Stream> {
    const read = itemReader(where, reading);
    const open = () => new Pass(where, source, read, settings.signal);
    const rows = open();
    try {
      if (!(await rows.more())) throw empty(where);
      const window = windowFor(where, firstRows(rows.item!, 1), settings);
      return new Stream(where, open, rows, window, settings, checkRows);
    } catch (error) {
      await rows.close().catch(() => undefined);
      throw error;
    }
  }

  /** The rows at hand. */
  get samples(): Samples {
    return this.#window;
  }

  /** What memory is needed for. */
  get resident(): Resident {
    const { stepSize, batchSize, augment } = this.#settings;
    return { ...this.#window, accumulates: stepSize > batchSize, orderLength: this.#window.x.rows, augment };
  }

  /** Lets the rows go to a machine. */
  into(machine: Machine): this {
    this.#machine = machine;
    machine.core.sequence(machine.programs.order.address, this.#window.x.rows, 0);
    return this;
  }

  get position(): number {
    return this.#first + this.#taken;
  }

  /** Rows of the window that were taken. */
  get #taken(): number {
    return this.#machine?.cursor.position ?? 0;
  }

  /** The rows of the pass that were taken, as the training stands; none between two epochs. */
  print({ stepsLeft }: Pick<Standing, "stepsLeft">): Fingerprint {
    if (stepsLeft === 0) return { taken: 0 };
    this.#hashTo(this.#taken);
    return { taken: this.position, samples: this.#hash.digest };
  }

  /** Reads again what a training had taken of a pass when it was cut. @throws RangeError where the rows end there and the epoch does not */
  async skip(pass: number, position: number): Promise<void> {
    if (pass === 0) return;
    this.#untouched = false;
    for (let ended = false; !ended && this.#first < position; ) {
      ended = await this.#fill(Math.min(this.#window.x.rows, position - this.#first), false);
      this.#hashTo(this.#count);
      this.#first += this.#count;
      this.#empty();
    }
    if (this.#first < position || this.#settings.stepsPerEpoch < Number.POSITIVE_INFINITY) return;
    if (await this.#rows.more()) return;
    throw new RangeError(
      `${this.#where}: x or y are not those (${position} rows, then more) of the checkpoint that the network was resumed from; expected the same`,
    );
  }

  begin(): void {
    this.pass = 0;
    this.#first = 0;
    this.#ended = false;
    this.#hash = new Hash();
    this.#empty();
    this.#follow(0);
  }

  restore(pass: number, position: number): void {
    this.pass = pass;
    this.#first = position;
    this.#follow(0);
  }

  async bring(_: number, stepsLeft: number): Promise<number> {
    const { stepSize, stepsPerEpoch } = this.#settings;
    if (this.#failure) throw this.#failure.error;
    this.#hashTo(this.#taken);
    this.#first = this.position;
    this.#empty();
    this.#follow(0);
    const most = Math.min(this.#window.x.rows, stepsLeft * stepSize);
    const unknown = stepsPerEpoch === Number.POSITIVE_INFINITY;
    try {
      // A pass may have ended with the window before.
      do {
        if (this.pass === 0 || this.#ended) await this.#nextPass();
        this.#ended = await this.#fill(most, unknown);
        if (this.position + this.#count === 0) throw empty(this.#where);
      } while (this.#count === 0);
      if (this.#ended) this.#checkRows(this.#first + this.#count);
    } catch (error) {
      // The steps before are taken first, so that they do not depend on where windows end.
      this.#count -= this.#count % stepSize;
      if (this.#count === 0 || this.#settings.signal?.aborted) throw error;
      this.#failure = { error };
    }
    this.#machine!.bringIn(firstRows(this.#window, this.#count));
    this.#follow(this.#count);
    if (!unknown) return stepsLeft;
    return this.#ended && !this.#failure ? Math.ceil(this.#count / stepSize) : Number.POSITIVE_INFINITY;
  }

  async #nextPass(): Promise<void> {
    if (!this.#untouched) {
      await this.#rows.close();
      this.#rows = this.#open();
    }
    this.#untouched = false;
    this.pass += 1;
    this.#first = 0;
    this.#hash = new Hash();
  }

  /**
   * Reads up to `most` rows into the window; fewer, but whole steps, where that takes long. Returns whether the pass has ended, which
   * is waited for after the last of them where `foresee` says so.
   */
  async #fill(most: number, foresee: boolean): Promise<boolean> {
    const { stepSize } = this.#settings;
    let until = performance.now() + READING;
    let wanted = most;
    for (;;) {
      if (this.#count === wanted && !foresee) return false;
      if (!this.#rows.item && !(await this.#rows.more())) return true;
      if (this.#count === wanted) return false;
      this.#count += this.#rows.take(this.#window, this.#count, wanted - this.#count);
      if (performance.now() < until) continue;
      wanted = Math.min(most, Math.ceil(this.#count / stepSize) * stepSize);
      await pause();
      until = performance.now() + READING;
    }
  }

  #empty(): void {
    this.#count = 0;
    this.#hashed = 0;
  }

  /** Takes the rows of the window up to `end` into the hash, step by step. */
  #hashTo(end: number): void {
    const { x, y, weights } = this.#window;
    const outputs = y.data.length / x.rows;
    for (let first = this.#hashed; first < end; first = this.#hashed) {
      const last = Math.min(end, first + this.#settings.stepSize);
      this.#hash.add(x.data.subarray(first * x.width, last * x.width));
      this.#hash.add(y.data.subarray(first * outputs, last * outputs));
      if (weights) this.#hash.add(weights.subarray(first, last));
      this.#hashed = last;
    }
  }

  #follow(length: number): void {
    const { batchSize, stepSize } = this.#settings;
    const { cursor, programs } = this.#machine!;
    cursor.follow(programs.order.address, length, batchSize, stepSize);
  }

  /** Has the iterator of the pass return. */
  close(): Promise<void> {
    return this.#rows.close();
  }
}

/** Room for the rows of a window. @throws RangeError beyond what a memory can hold */
function windowFor(where: string, row: Samples, { stepSize, residentBytes }: Settings): Samples {
  const rowBytes = bytesOf(row);
  const rows = windowRows(residentBytes, rowBytes, stepSize);
  if (rows * rowBytes > 2 ** 32) {
    throw new RangeError(
      `${where}: a step of ${stepSize} rows takes ${((rows * rowBytes) / 2 ** 30).toFixed(1)} GiB, 4 GiB are the most`,
    );
  }
  const room = <A extends { length: number }>(array: A) =>
    new (array.constructor as new (length: number) => A)(rows * array.length);
  return {
    ...row,
    x: { ...row.x, data: room(row.x.data), rows },
    y: { ...row.y, data: room(row.y.data) } as Samples["y"],
    weights: row.weights && room(row.weights),
  };
}

const empty = (where: string) =>
  new RangeError(`${where}: source yields nothing, expected at least one item from each of its calls`);
