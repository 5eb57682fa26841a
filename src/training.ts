import { divergedLayer, likelyCause } from "./divergence.ts";
import { judge, type Patience } from "./earlyStopping.ts";
import { DivergedError } from "./errors.ts";
import type { Settings } from "./fit.ts";
import { problemOf } from "./fullBatch.ts";
import { append, type EpochResult, type History, historyOf } from "./history.ts";
import { evaluation } from "./inference.ts";
import type { Machine } from "./machine.ts";
import { improves } from "./metrics/index.ts";
import { optimizerKind, rateOf } from "./optimizers/index.ts";
import type { Iteration, LeastSquares } from "./optimizers/problem.ts";
import { Rates } from "./rates.ts";
import { endEpoch, rateAt } from "./schedules/index.ts";
import type { Samples } from "./validation.ts";
import type { Feed } from "./windows.ts";

/** Where training stands. Counts belong to the network and go on from one call to the next. */
export interface Progress {
  /** The epoch that the last step belongs to; the network's first is 1. */
  epoch: number;
  /** The epoch at which the call ends. */
  epochs: number;
  /** Steps taken. */
  step: number;
  /** The step at which the call ends; Infinity for a stream without `stepsPerEpoch`. */
  steps: number;
  /** Mean loss over the samples of the epoch so far. */
  loss: number;
  /** Of the latest step; NaN for optimizers without one. */
  learningRate: number;
  /** At the end of an epoch: over the validation rows, where there are any. */
  validationLoss?: number | undefined;
  /** At the end of an epoch: those that were asked for. */
  metrics?: Readonly<Record<string, number>> | undefined;
}

/** Steps and epochs that a network has taken; never reset, so that no random draw repeats. */
export interface Counters {
  step: number;
  epoch: number;
}

/** Bytes of a network's state: parameters, statistics, the optimizer's slots and clock. */
export interface States {
  readonly state: Uint8Array;
  readonly whole?: Uint8Array | undefined;
  readonly best?: Uint8Array | undefined;
}

/** Where a call of `fit` stands, as plain data: part of a checkpoint. */
export interface Standing {
  /** Counters at the beginning of the call, at the end of its last whole epoch, and now. */
  readonly first: Counters;
  readonly whole: Counters;
  readonly now: Counters;
  /** Of the epoch; 0 before its first step and after its last. */
  readonly stepsLeft: number;
  /** Whether the last step of an epoch was taken, and its end not reached. */
  readonly unfinished: boolean;
  /** Whether `train` has a value to yield that it has not yielded. */
  readonly reportDue: boolean;
  /** What the latest epoch came to, until the next begins. */
  readonly result?: Measured | undefined;
  /** Of the latest step. */
  readonly learningRate: number;
  /** Passes over the rows that the epoch has begun, and the place in the latest. */
  readonly pass: number;
  readonly position: number;
  /** Sums of the epoch. */
  readonly loss: number;
  readonly samples: number;
  readonly patience: Patience;
  /** Whether early stopping has ended it. */
  readonly stopped: boolean;
  /** Whether a method has come to an end by itself. */
  readonly settled: boolean;
  readonly history: Omit<History, "seconds" | "stopped">;
}

/** The counters of a network whose training is left as it stands: the number of an epoch of which a step was taken is used up. */
export function countersAfter({ now, whole, stepsLeft, unfinished }: Standing): Counters {
  const begun = now.step > whole.step && (stepsLeft > 0 || unfinished);
  return begun ? { ...now, epoch: now.epoch + 1 } : now;
}

/** What an epoch came to, apart from its time: two equal trainings have equal checkpoints. */
type Measured = Omit<EpochResult, "seconds">;

/** About how long one call of the core may take, in ms: short enough for a slice, long enough that the call costs nothing. */
const CALL = 2;

/** A call of `fit` in progress: epochs, passes over the order, and the way back when it diverges. */
export class Training {
  readonly history: History = historyOf();
  readonly #machine: Machine;
  readonly #counters: Counters;
  readonly #settings: Settings;
  readonly #samples: Samples;
  readonly #feed: Feed;
  readonly #validation: Samples | undefined;
  /** What the latest `advance` came to: the end of an epoch, and a point at which `train` yields, until it has. */
  epochEnded = false;
  reportDue = false;
  /** Counters when the call began, and when it ends. */
  #first: Counters;
  #last: Counters;
  /** The network's state; and as it was at the end of the last whole epoch, with the counters then. */
  readonly #state: Uint8Array;
  readonly #snapshot: Uint8Array;
  #whole: Counters;
  /** The state after the epoch that early stopping found best, where it is to be restored. */
  #best: Uint8Array | undefined;
  #patience: Patience = { epoch: 0, waited: 0 };
  /** What the latest epoch came to, until the next begins. */
  #result: Measured | undefined;
  /** When the epoch began, NaN before its first step, or went on after a resume; and when the latest call of the core ended, in ms. */
  #epochBegan = performance.now();
  #now = this.#epochBegan;
  /** The mean loss of the epoch's first steps. */
  #begun = Number.NaN;
  #stopping = false;
  /** Whether early stopping has ended it, perhaps together with a callback. */
  #stoppedEarly = false;
  #stepsLeft = 0;
  #untilReport: number;
  /** Steps of the next call of the core. */
  #stride = 1;
  /** Steps whose learning rate is known. */
  #rated = Number.POSITIVE_INFINITY;
  /** For a method that takes the steps in place of a program, and whether it has come to an end. */
  readonly #problem: LeastSquares | undefined;
  #settled = false;

  /** @param samples all rows that it trains on, or those that are at hand */
  constructor(
    machine: Machine,
    counters: Counters,
    settings: Settings,
    feed: Feed,
    samples: Samples,
    validation?: Samples,
  ) {
    this.#machine = machine;
    this.#feed = feed;
    this.#samples = samples;
    this.#validation = validation;
    this.#counters = counters;
    this.#settings = settings;
    this.#first = { ...counters };
    this.#last = this.#end();
    this.#state = machine.view(machine.programs.state);
    this.#snapshot = this.#state.slice();
    this.#whole = { ...counters };
    this.#untilReport = settings.every;
    machine.cursor.step = counters.step;
    const rate = rateOf(settings.optimizer);
    if (typeof rate === "number") machine.setRates(rate);
    if (optimizerKind(settings.optimizer).method) {
      this.#problem = problemOf(machine, samples);
      // The rows or the parameters may be others than a call before left: their loss and gradient are not known.
      this.#problem.numbers[0] = 0;
    }
  }

  #end(): Counters {
    const { epochs, stepsPerEpoch } = this.#settings;
    return { epoch: this.#first.epoch + epochs, step: this.#first.step + epochs * stepsPerEpoch };
  }

  /** Where it stands. */
  get standing(): Standing {
    const { cursor } = this.#machine;
    const { stepsPerEpoch } = this.#settings;
    const { stopped: _, ...history } = historyOf(this.history);
    return {
      first: this.#first,
      whole: this.#whole,
      now: { ...this.#counters },
      // Of a stream it may be known or not.
      stepsLeft: this.#stepsLeft > 0 ? Math.max(this.#stepsLeft, stepsPerEpoch - this.#taken) : 0,
      unfinished: this.#unfinished,
      reportDue: this.reportDue,
      result: this.#result,
      learningRate: this.#rate,
      pass: this.#feed.pass,
      position: this.#feed.position,
      loss: cursor.loss,
      samples: cursor.samples,
      patience: { ...this.#patience },
      stopped: this.#stoppedEarly,
      settled: this.#settled,
      history,
    };
  }

  /** Whether the last step of an epoch was taken, and its end not reached. */
  get #unfinished(): boolean {
    return this.epochEnded && !this.#result;
  }

  /** Steps of the epoch that were taken, as long as it has not ended. */
  get #taken(): number {
    return this.#counters.step - this.#whole.step;
  }

  /** Whether it is between the first step of an epoch, or what was to be that, and its end. */
  get #midst(): boolean {
    return this.#stepsLeft > 0 || this.#unfinished;
  }

  /** Copies of the network's state as it is, at the end of the last whole epoch if that is another, and of the best that is kept. */
  get states(): States {
    return {
      state: this.#state.slice(),
      whole: this.#midst ? this.#snapshot.slice() : undefined,
      best: this.#best?.slice(),
    };
  }

  /** Goes on where another training of the same kind stood. */
  restore(standing: Standing, { state, whole, best }: States): void {
    const { cursor } = this.#machine;
    const { optimizer, every } = this.#settings;
    this.#state.set(state);
    this.#snapshot.set(whole ?? state);
    this.#best = best;
    this.#first = standing.first;
    this.#whole = standing.whole;
    this.#last = this.#end();
    Object.assign(this.#counters, standing.now);
    this.#stepsLeft = standing.stepsLeft;
    this.#untilReport = every - ((standing.now.step - standing.first.step) % every);
    this.#patience = { ...standing.patience };
    this.#stopping = standing.stopped;
    this.#stoppedEarly = standing.stopped;
    Object.assign(this.history, historyOf(standing.history));
    this.history.seconds.push(...standing.history.loss.map(() => Number.NaN));
    if (standing.stopped) this.history.stopped = "earlyStopping";
    this.#settled = standing.settled;
    this.epochEnded = standing.unfinished;
    this.reportDue = standing.reportDue;
    this.#result = standing.result;
    if (rateOf(optimizer) !== undefined) this.#machine.setRates(standing.learningRate);
    cursor.step = standing.now.step;
    cursor.clear();
    cursor.setSums(standing.loss, standing.samples);
    const going = this.#stepsLeft > 0 && !this.#problem;
    this.#feed.restore(standing.pass, standing.position, going ? standing.now.epoch : undefined);
    if (going) this.#forgetRates();
  }

  get done(): boolean {
    return this.#stopping || this.#settled || this.#counters.epoch === this.#last.epoch;
  }

  /** When the latest call of the core ended, or the latest measurement (performance.now()). */
  get now(): number {
    return this.#now;
  }

  /** Whether a method has come to an end by itself. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Ends the training after the step, or the epoch, that is done. */
  stop(): void {
    this.#stopping = true;
    this.history.stopped ??= "callback";
  }

  get progress(): Progress {
    const { loss, samples } = this.#machine.cursor;
    const { epoch, step } = this.#counters;
    return {
      epoch: this.#midst ? epoch + 1 : epoch,
      epochs: this.#last.epoch,
      step,
      steps: this.#last.step,
      loss: samples > 0 ? loss / samples : Number.NaN,
      learningRate: this.#rate,
      ...(this.#result && {
        ...(this.#result.validationLoss === undefined ? {} : { validationLoss: this.#result.validationLoss }),
        ...(this.#result.metrics ? { metrics: this.#result.metrics } : {}),
      }),
    };
  }

  get #rate(): number {
    const rate = rateOf(this.#settings.optimizer);
    if (typeof rate === "number") return rate;
    return rate === undefined ? Number.NaN : this.#machine.rate;
  }

  /** Has the rows of the next step in memory, which may be an epoch's first. A promise where that has to wait. */
  supply(): Promise<void> | undefined {
    if (this.#stepsLeft === 0) this.#beginEpoch();
    if (this.#problem || !this.#machine.cursor.finished) return undefined;
    const waiting = this.#feed.bring(this.#counters.epoch, this.#stepsLeft);
    if (!waiting) return undefined;
    if (Number.isNaN(this.#epochBegan)) this.#epochBegan = performance.now();
    return waiting.then((stepsLeft) => {
      this.#stepsLeft = stepsLeft;
    });
  }

  /**
   * Takes steps until an epoch ends, a report is due, rows have to be waited for or `deadline` (performance.now()) has passed; one
   * step where each is told of. Before it `supply`, and after the last step of an epoch `finishEpoch`, has to run.
   * @throws DivergedError after the first step whose loss or parameters are not finite; the network is back at the last whole epoch
   */
  advance(deadline: number): void {
    const { cursor } = this.#machine;
    let started = performance.now();
    if (Number.isNaN(this.#epochBegan)) this.#epochBegan = started;
    for (;;) {
      const taken = this.#problem ? this.#iterate(this.#problem) : this.#steps();
      this.#counters.step = cursor.step;
      this.#stepsLeft -= taken;
      this.#untilReport -= taken;
      this.#rated -= taken;
      if (!Number.isFinite(cursor.loss + cursor.health)) this.#diverge();
      if (Number.isNaN(this.#begun)) this.#begun = cursor.loss / cursor.samples;
      this.epochEnded = this.#stepsLeft === 0;
      this.reportDue = this.#untilReport === 0 || this.#settled || (this.epochEnded && this.#settings.everyEpoch);
      if (this.#untilReport === 0) this.#untilReport = this.#settings.every;
      const now = performance.now();
      this.#now = now;
      if (taken === this.#stride) this.#stride = paced(taken, now - started);
      const ended = this.epochEnded || this.reportDue || this.checkpointDue;
      if (ended || this.#settings.onStep || now >= deadline) return;
      started = now;
      if (!cursor.finished || this.#problem) continue;
      if (this.#feed.waits) return;
      this.supply();
      started = performance.now();
    }
  }

  /** Whether `checkpointEvery` asks for a checkpoint here: after a step, or behind the end of an epoch. */
  get checkpointDue(): boolean {
    const { epochs } = this.#settings.checkpointEvery ?? {};
    if (epochs === undefined) return this.#untilCheckpoint === this.#settings.checkpointEvery?.steps;
    return this.epochEnded && (this.#counters.epoch - this.#first.epoch) % epochs === 0;
  }

  /** Steps to the next checkpoint that is due by steps. */
  get #untilCheckpoint(): number {
    const { steps } = this.#settings.checkpointEvery ?? {};
    return steps === undefined ? Number.POSITIVE_INFINITY : steps - ((this.#counters.step - this.#first.step) % steps);
  }

  /** Takes steps with one call of the core. Returns how many. */
  #steps(): number {
    const { core, programs } = this.#machine;
    if (this.#rated === 0) this.#nextRates();
    const most = this.#settings.onStep ? 1 : this.#stride;
    const steps = Math.min(most, this.#stepsLeft, this.#untilReport, this.#untilCheckpoint, this.#rated);
    const { program, update } = programs.train!;
    return core.train(program.address, update?.address ?? 0, programs.cursor.address, steps);
  }

  /** Takes one step of a method over all rows. */
  #iterate(problem: LeastSquares): number {
    const { cursor } = this.#machine;
    const { optimizer, rows } = this.#settings;
    const { method } = optimizerKind(optimizer);
    const { loss, gradientNorm, moved, converged } =
      problem.bytes > 0 ? method!.iterate(problem as never, optimizer as never) : withoutParameters(problem);
    cursor.setSums(loss * rows, rows);
    if (!Number.isFinite(gradientNorm)) cursor.health = Number.NaN;
    cursor.step += 1;
    this.#settled = converged || !moved;
    return 1;
  }

  /** So many ms are not the training's. */
  rested(ms: number): void {
    this.#epochBegan += ms;
  }

  /** Goes back to the best epoch, if that is kept. */
  restoreBest(): void {
    if (this.#best) this.#state.set(this.#best);
  }

  /** Ends the call, perhaps in the middle of an epoch: once a step of it was taken its number is used up. */
  end(): void {
    if (this.#midst && this.#taken > 0) {
      this.#counters.epoch += 1;
      this.#machine.clock.epochs += 1;
    }
    this.#stepsLeft = 0;
    this.epochEnded = false;
  }

  #beginEpoch(): void {
    const { cursor } = this.#machine;
    this.#snapshot.set(this.#state);
    this.#whole = { ...this.#counters };
    this.#result = undefined;
    this.epochEnded = false;
    this.#epochBegan = Number.NaN;
    this.#begun = Number.NaN;
    cursor.clear();
    this.#stepsLeft = this.#settings.stepsPerEpoch;
    this.#feed.begin();
    this.#forgetRates();
  }

  /** Has a rate that changes looked up again before the next step. */
  #forgetRates(): void {
    if (typeof (rateOf(this.#settings.optimizer) ?? 0) !== "number") this.#rated = 0;
  }

  /** Looks up the learning rates of the next steps of the epoch. */
  #nextRates(): void {
    const { clock, core, cursor } = this.#machine;
    const { optimizer, stepsPerEpoch } = this.#settings;
    const first = this.#taken;
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

  /** Measures the epoch that has ended, one batch at a time, and takes it into the history; at once where nothing is to be measured. */
  finishEpoch(): Iterable<undefined> {
    const { metrics } = this.#settings;
    const measured = this.#validation ?? (metrics.length > 0 ? this.#samples : undefined);
    if (measured) return this.#measure(measured);
    this.#closeEpoch();
    return NOTHING;
  }

  *#measure(samples: Samples): Generator<undefined, void> {
    const { metrics } = this.#settings;
    const found = yield* evaluation(this.#machine, samples, metrics);
    this.#now = performance.now();
    this.#closeEpoch(this.#validation && found.loss, metrics.length > 0 ? found.metrics : undefined);
  }

  #closeEpoch(validationLoss?: number, metrics?: Record<string, number>): void {
    const { loss: sum, samples } = this.#machine.cursor;
    const seconds = (this.#now - this.#epochBegan) / 1000;
    this.#result = { loss: sum / samples, validationLoss, metrics, learningRate: this.#rate };
    append(this.history, this.#result, seconds);
    this.#counters.epoch += 1;
    endEpoch(rateOf(this.#settings.optimizer), this.#result, this.#machine.clock);
    this.#judge(this.#result);
  }

  /** Early stopping: keeps the best state, and ends the training when patience is at its end. */
  #judge({ loss, validationLoss, metrics }: Measured): void {
    const { earlyStopping } = this.#settings;
    if (!earlyStopping) return;
    const { monitor, restoreBest } = earlyStopping;
    const larger = monitor !== "loss" && monitor !== "validationLoss" && improves(monitor as never) === "up";
    const value = monitor === "loss" ? loss : monitor === "validationLoss" ? validationLoss! : metrics![monitor]!;
    const { best, stop } = judge(earlyStopping, this.#patience, this.#counters.epoch, value, larger);
    if (best && restoreBest) this.#best = this.#state.slice();
    if (!stop) return;
    this.#stopping = true;
    this.#stoppedEarly = true;
    this.history.stopped ??= "earlyStopping";
  }

  #diverge(): never {
    const { step, epoch } = this.#counters;
    const { loss: sum, samples } = this.#machine.cursor;
    const rated = rateOf(this.#settings.optimizer) !== undefined;
    const loss = sum / samples;
    const losses = [...this.history.loss, this.#begun, loss];
    const layer = divergedLayer(this.#machine);
    const likely = likelyCause(this.#samples, this.#machine.architecture, losses, rated);
    const learningRate = rated ? this.#machine.rate : undefined;
    this.#state.set(this.#snapshot);
    Object.assign(this.#counters, this.#whole);
    this.#stepsLeft = 0;
    throw new DivergedError({ step, epoch: epoch + 1, learningRate, loss, layer, likely });
  }
}

/** The core's vectors have at least one number: where there is no parameter there is nothing to do. */
function withoutParameters(problem: LeastSquares): Iteration {
  return { loss: problem.loss(), gradientNorm: 0, converged: true, moved: false, evaluations: 1 };
}

/** Of an epoch that is finished at once. */
const NOTHING: Iterable<undefined> = [];

/** Steps for the next call of the core, when `steps` took `elapsed` ms. */
function paced(steps: number, elapsed: number): number {
  return elapsed < CALL / 2 ? steps * 2 : Math.max(1, Math.floor((steps * CALL) / elapsed));
}
