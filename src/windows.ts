import type { Settings } from "./fit.ts";
import type { Machine } from "./machine.ts";
import { optimizerKind } from "./optimizers/index.ts";
import type { Resident } from "./programs.ts";
import { words } from "./random.ts";
import { gather, type Samples } from "./validation.ts";

// The rows that steps take have to be in linear memory: all of them, or a window, whole steps in the order of the pass. The steps of
// a window follow a plain sequence over it and so take the same numbers in the same order, whatever its size.

/** Bytes of a window, unless one step takes more: about what is copied within a slice of training, and stays in cache. */
export const WINDOW = 4 * 2 ** 20;

/** Row numbers drawn at a time under "withReplacement". */
const DRAWS = 65536;

/** What brings the rows of the next steps into memory. */
export interface Feed {
  /** Whether it has to wait for them. */
  readonly waits: boolean;
  /** Passes over the rows that the epoch has begun, and the place in the latest of the row that is taken next. */
  readonly pass: number;
  readonly position: number;
  /** Begins an epoch. */
  begin(): void;
  /** Goes on in the middle of an epoch, or behind its last step, where `epoch` is left out. */
  restore(pass: number, position: number, epoch?: number): void;
  /** Brings rows in, when those before were taken. Where it waits it resolves to the steps that are left of the epoch. */
  bring(epoch: number, stepsLeft: number): Promise<number> | undefined;
}

/** Bytes of samples in memory. */
export const bytesOf = ({ x, y, weights }: Samples) =>
  x.data.byteLength + y.data.byteLength + (weights?.byteLength ?? 0);

/** Rows of a window of at most so many bytes, when one row has `rowBytes`: whole steps, at least one. */
export const windowRows = (bytes: number, rowBytes: number, stepSize: number) =>
  stepSize * Math.max(1, Math.floor(Math.min(bytes, WINDOW) / rowBytes / stepSize));

/**
 * Rows of a window, all where there is room for them; and row numbers of a pass that are known at a time. A method brings its rows in
 * by itself.
 */
function sizesOf(samples: Samples, settings: Settings): { window: number; order: number; whole: boolean } {
  const { optimizer, sampling, rows, stepSize, stepsPerEpoch, residentBytes } = settings;
  const bytes = bytesOf(samples);
  const large = bytes > residentBytes && !optimizerKind(optimizer).method;
  const window = large ? windowRows(residentBytes, bytes / rows, stepSize) : rows;
  const whole = window === rows;
  if (!whole) return { window, order: sampling === "shuffle" ? rows : window, whole };
  const drawn = stepSize * Math.min(stepsPerEpoch, Math.max(1, Math.floor(DRAWS / stepSize)));
  return { window, order: sampling === "withReplacement" ? drawn : rows, whole };
}

/** What memory is needed for. */
export function residentOf(samples: Samples, settings: Settings): Resident {
  const { window, order, whole } = sizesOf(samples, settings);
  return {
    ...firstRows(samples, window),
    accumulates: settings.stepSize > settings.batchSize,
    orderLength: whole ? order : order + window,
    augment: settings.augment,
  };
}

/** The first rows of samples, in the same memory. */
export function firstRows({ x, y, weights }: Samples, rows: number): Samples {
  const width = y.data.length / x.rows;
  return {
    x: { ...x, data: x.data.subarray(0, rows * x.width), rows },
    y: { ...y, data: y.data.subarray(0, rows * width) } as Samples["y"],
    weights: weights?.subarray(0, rows),
  };
}

/** Windows of rows that the caller has passed in, in orders that the core draws. */
export class Windows implements Feed {
  readonly waits = false;
  pass = 0;
  /** The place in the pass of the first row of the window. */
  #first = 0;
  readonly #machine: Machine;
  readonly #settings: Settings;
  readonly #samples: Samples;
  /** Row numbers that are followed at a time, at most. */
  readonly #most: number;
  /** Where the rows of a window lie, and the address of their numbers, 0, 1, 2 …; absent where all rows stay. */
  readonly #window: Samples | undefined;
  readonly #sequence: number;

  constructor(machine: Machine, settings: Settings, samples: Samples) {
    this.#machine = machine;
    this.#settings = settings;
    this.#samples = samples;
    const { window, order, whole } = sizesOf(samples, settings);
    this.#most = whole ? order : window;
    this.#sequence = machine.programs.order.address + 4 * order;
    if (whole) return;
    this.#window = machine.resident(samples);
    machine.core.sequence(this.#sequence, window, 0);
  }

  get position(): number {
    return this.#first + this.#machine.cursor.position;
  }

  /** Places in a pass: the draws of an epoch are one. */
  get #length(): number {
    const { sampling, rows, stepSize, stepsPerEpoch } = this.#settings;
    return sampling === "withReplacement" ? stepSize * stepsPerEpoch : rows;
  }

  begin(): void {
    this.pass = 0;
    this.#follow(0, 0, 0);
  }

  restore(pass: number, position: number, epoch?: number): void {
    this.pass = pass;
    this.#follow(position, 0, 0);
    if (epoch === undefined || pass === 0 || position >= this.#length) return;
    this.#order(epoch);
    this.#open(epoch, position);
  }

  bring(epoch: number): undefined {
    const { position } = this;
    if (this.pass > 0 && position < this.#length) return this.#open(epoch, position);
    this.pass += 1;
    this.#order(epoch);
    return this.#open(epoch, 0);
  }

  /** Shuffles the rows of the pass; other orders are known for each of their parts. */
  #order(epoch: number): void {
    const { core, programs, architecture } = this.#machine;
    const { sampling, rows } = this.#settings;
    if (sampling !== "shuffle") return;
    const { order, scratch } = programs;
    core.shuffle(order.address, rows, ...words(architecture.seed), epoch, this.pass - 1, scratch.address);
  }

  /** Has the rows from place `first` of the pass on in memory. */
  #open(epoch: number, first: number): undefined {
    const { core, programs, architecture } = this.#machine;
    const { sampling, rows } = this.#settings;
    const { scratch } = programs;
    const count = Math.min(this.#most, this.#length - first);
    let { address } = programs.order;
    if (sampling === "shuffle") address += 4 * first;
    else if (sampling === "sequential") core.sequence(address, count, first);
    else core.draw(address, count, rows, ...words(architecture.seed), epoch, first, scratch.address);
    if (this.#window) {
      this.#gather(this.#window, this.#machine.words(address, count));
      address = this.#sequence;
    }
    this.#follow(first, address, count);
  }

  #gather(window: Samples, places: Uint32Array): void {
    const { x, y, weights } = this.#samples;
    gather(window.x.data, x.data, places, x.width);
    gather(window.y.data, y.data, places, y.data.length / x.rows);
    if (weights) gather(window.weights!, weights, places, 1);
  }

  #follow(first: number, order: number, length: number): void {
    const { batchSize, stepSize } = this.#settings;
    this.#first = first;
    this.#machine.cursor.follow(order, length, batchSize, stepSize);
  }
}
