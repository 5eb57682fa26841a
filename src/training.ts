import type { Rows, Targets } from "./data.ts";
import { DivergedError } from "./errors.ts";
import type { Settings } from "./fit.ts";
import { problemOf } from "./fullBatch.ts";
import type { Machine } from "./machine.ts";
import { optimizerKind, rateOf } from "./optimizers/index.ts";
import type { Iteration, LeastSquares } from "./optimizers/problem.ts";
import { words } from "./random.ts";
import { Rates } from "./rates.ts";
import { endEpoch, rateAt } from "./schedules.ts";

/** What one call of `fit` or `train` has done so far. */
export interface History {
  /** For each whole epoch the mean loss over its samples as they were trained. */
  loss: number[];
}

/** Where training stands. Counts belong to the network and go on from one call to the next. */
export interface Progress {
  /** The epoch that the last step belongs to; the network's first is 1. */
  epoch: number;
  /** The epoch at which the call ends. */
  epochs: number;
  /** Steps taken. */
  step: number;
  /** The step at which the call ends. */
  steps: number;
  /** Mean loss over the samples of the epoch so far. */
  loss: number;
}

/** Steps and epochs that a network has taken; never reset, so that no random draw repeats. */
export interface Counters {
  step: number;
  epoch: number;
}

/** About how long one call of the core may take, in ms: short enough for a slice, long enough that the call costs nothing. */
const CALL = 2;

/** A call of `fit` in progress: epochs, passes over the order, and the way back when it diverges. */
export class Training {
  readonly history: History = { loss: [] };
  readonly #machine: Machine;
  readonly #counters: Counters;
  readonly #settings: Settings;
  /** What the latest `advance` came to: the end of an epoch, and a point at which `train` yields. */
  epochEnded = false;
  reportDue = false;
  readonly #last: { epoch: number; step: number };
  /** The network's state; and as it was at the end of the last whole epoch, with the counters then. */
  readonly #state: Uint8Array;
  readonly #snapshot: Uint8Array;
  #whole: Counters;
  #stepsLeft = 0;
  #untilReport: number;
  #pass = 0;
  /** Steps of the next call of the core. */
  #stride = 1;
  /** Steps whose learning rate is known. */
  #rated = Number.POSITIVE_INFINITY;
  /** For a method that takes the steps in place of a program, and whether it has come to an end. */
  readonly #problem: LeastSquares | undefined;
  #settled = false;

  constructor(machine: Machine, counters: Counters, settings: Settings, samples: { x: Rows; y: Targets }) {
    this.#machine = machine;
    this.#counters = counters;
    this.#settings = settings;
    this.#last = {
      epoch: counters.epoch + settings.epochs,
      step: counters.step + settings.epochs * settings.stepsPerEpoch,
    };
    this.#state = machine.view(machine.programs.state);
    this.#snapshot = this.#state.slice();
    this.#whole = { ...counters };
    this.#untilReport = settings.every;
    machine.cursor.step = counters.step;
    const rate = rateOf(settings.optimizer);
    if (typeof rate === "number") machine.setRates(rate);
    if (optimizerKind(settings.optimizer).method) {
      this.#problem = problemOf(machine, samples.x, samples.y);
      // The rows or the parameters may be others than a call before left: their loss and gradient are not known.
      this.#problem.numbers[0] = 0;
    }
  }

  get done(): boolean {
    return this.#settled || this.#counters.epoch === this.#last.epoch;
  }

  get progress(): Progress {
    const { loss, samples } = this.#machine.cursor;
    const { epoch, step } = this.#counters;
    return {
      epoch: this.#stepsLeft > 0 ? epoch + 1 : epoch,
      epochs: this.#last.epoch,
      step,
      steps: this.#last.step,
      loss: samples > 0 ? loss / samples : Number.NaN,
    };
  }

  /**
   * Takes steps until an epoch ends, a report is due or `deadline` (performance.now()) has passed.
   * @throws DivergedError after the first step whose loss or parameters are not finite; the network is back at the last whole epoch
   */
  advance(deadline: number): void {
    const { cursor } = this.#machine;
    if (this.#stepsLeft === 0) this.#beginEpoch();
    for (let started = performance.now(); ; ) {
      const taken = this.#problem ? this.#iterate(this.#problem) : this.#steps();
      this.#counters.step = cursor.step;
      this.#stepsLeft -= taken;
      this.#untilReport -= taken;
      this.#rated -= taken;
      if (!Number.isFinite(cursor.loss + cursor.health)) this.#diverge();
      this.epochEnded = this.#stepsLeft === 0;
      this.reportDue = this.#untilReport === 0 || this.#settled;
      if (this.epochEnded) this.#endEpoch();
      if (this.reportDue) this.#untilReport = this.#settings.every;
      const now = performance.now();
      if (taken === this.#stride) this.#stride = paced(taken, now - started);
      if (this.epochEnded || this.reportDue || now >= deadline) return;
      started = now;
    }
  }

  /** Takes steps with one call of the core. Returns how many. */
  #steps(): number {
    const { core, cursor, programs } = this.#machine;
    if (cursor.finished) this.#nextPass();
    if (this.#rated === 0) this.#nextRates();
    const steps = Math.min(this.#stride, this.#stepsLeft, this.#untilReport, this.#rated);
    return core.train(programs.train!.address, programs.cursor.address, steps);
  }

  /** Takes one step of a method over all rows. */
  #iterate(problem: LeastSquares): number {
    const { cursor } = this.#machine;
    const { optimizer, rows } = this.#settings;
    const { method } = optimizerKind(optimizer);
    const { loss, gradientNorm, moved, converged } =
      problem.bytes > 0 ? method!.iterate(problem as never, optimizer as never) : withoutParameters(problem);
    cursor.setMean(loss, rows);
    if (!Number.isFinite(gradientNorm)) cursor.health = Number.NaN;
    cursor.step += 1;
    this.#settled = converged || !moved;
    return 1;
  }

  /** Ends the call, perhaps in the middle of an epoch: once a step of it was taken its number is used up. */
  end(): void {
    if (this.#stepsLeft > 0 && this.#stepsLeft < this.#settings.stepsPerEpoch) {
      this.#counters.epoch += 1;
      this.#machine.clock.epochs += 1;
    }
    this.#stepsLeft = 0;
  }

  #beginEpoch(): void {
    const { cursor } = this.#machine;
    this.#snapshot.set(this.#state);
    this.#whole = { ...this.#counters };
    cursor.clear();
    this.#stepsLeft = this.#settings.stepsPerEpoch;
    this.#pass = 0;
    cursor.follow(0, 0, this.#settings.batchSize);
    const rate = rateOf(this.#settings.optimizer);
    if (rate !== undefined && typeof rate !== "number") this.#nextRates();
  }

  /** Looks up the learning rates of the next steps of the epoch. */
  #nextRates(): void {
    const { clock, core, cursor } = this.#machine;
    const { optimizer, stepsPerEpoch } = this.#settings;
    const first = stepsPerEpoch - this.#stepsLeft;
    const count = Math.min(this.#stepsLeft, Rates.TABLE);
    const rates: number[] = [];
    try {
      for (let i = 0; i < count; i++) {
        const time = { epoch: clock.epochs, step: first + i, steps: stepsPerEpoch };
        rates.push(rateAt(rateOf(optimizer)!, time, clock, core));
      }
    } catch (error) {
      // The steps before the one without a rate are taken; then it is asked for again.
      if (rates.length === 0) throw error;
    }
    this.#machine.setRates(rates, cursor.step);
    this.#rated = rates.length;
  }

  /** Fills the order: with the next shuffle or sequence of all rows, or with the next draws. */
  #nextPass(): void {
    const { core, cursor, programs, architecture } = this.#machine;
    const { sampling, rows, batchSize, stepsPerEpoch } = this.#settings;
    const order = programs.order.address;
    const scratch = programs.scratch.address;
    const { epoch } = this.#counters;
    let length = rows;
    if (sampling === "shuffle") core.shuffle(order, rows, ...words(architecture.seed), epoch, this.#pass, scratch);
    else if (sampling === "sequential") core.sequence(order, rows, 0);
    else {
      // As many whole batches as there is room for, which may have been planned for an earlier call.
      length = batchSize * Math.min(this.#stepsLeft, Math.floor(programs.order.bytes / 4 / batchSize));
      core.draw(
        order,
        length,
        rows,
        ...words(architecture.seed),
        epoch,
        batchSize * (stepsPerEpoch - this.#stepsLeft),
        scratch,
      );
    }
    cursor.follow(order, length, batchSize);
    this.#pass += 1;
  }

  #endEpoch(): void {
    const { loss, samples } = this.#machine.cursor;
    this.history.loss.push(loss / samples);
    this.#counters.epoch += 1;
    endEpoch(rateOf(this.#settings.optimizer), loss / samples, this.#machine.clock);
  }

  #diverge(): never {
    const { step, epoch } = this.#counters;
    const { loss, samples } = this.#machine.cursor;
    this.#state.set(this.#snapshot);
    Object.assign(this.#counters, this.#whole);
    this.#stepsLeft = 0;
    throw new DivergedError({
      step,
      epoch: epoch + 1,
      learningRate: rateOf(this.#settings.optimizer) === undefined ? undefined : this.#machine.rate,
      loss: loss / samples,
    });
  }
}

/** The core's vectors have at least one number: where there is no parameter there is nothing to do. */
function withoutParameters(problem: LeastSquares): Iteration {
  return { loss: problem.loss(), gradientNorm: 0, converged: true, moved: false, evaluations: 1 };
}

/** Steps for the next call of the core, when `steps` took `elapsed` ms. */
function paced(steps: number, elapsed: number): number {
  return elapsed < CALL / 2 ? steps * 2 : Math.max(1, Math.floor((steps * CALL) / elapsed));
}
