/// <reference lib="esnext.disposable" preserve="true" />
import {
  type Architecture,
  type ArchitectureOptions,
  checkArchitecture,
  outputsOf,
  withTrainable,
} from "./architecture.ts";
import { type Checkpoint, optionsPrint } from "./checkpoint.ts";
import type { NumbersOf, Precision, Rows } from "./data.ts";
import { derive } from "./derivatives.ts";
import { DivergedError, FormatError, StateError } from "./errors.ts";
import { writeFileAtomically } from "./files.ts";
import type { FitOptions, TrainOptions } from "./fit.ts";
import type { ForeignOptions } from "./foreign.ts";
import { type Given, givenRows, givenStream, type Trainee } from "./given.ts";
import { type History, historyOf, type Stopped } from "./history.ts";
import { infer, inferenceRows, inferLabels, measured, tally } from "./inference.ts";
import type { Name } from "./labels.ts";
import { lossName } from "./losses.ts";
import { Machine } from "./machine.ts";
import { planMemory } from "./memory.ts";
import { checkMetrics, type Metric } from "./metrics/index.ts";
import { CoreModule, type CoreSource, loadCore, type Numerics } from "./module.ts";
import { checkOptimizer, type Optimizer, optimizerKind } from "./optimizers/index.ts";
import { sgd } from "./optimizers/sgd.ts";
import { boolean, checkKnown, isPlainObject, oneOf, positiveInteger, unexpected } from "./options.ts";
import { givenNumbers, shapeOf } from "./parameters.ts";
import { type Preparation, prepare, prepareRows, readRows, readSamples } from "./preparation.ts";
import { type Needs, trainingOf } from "./programs.ts";
import type {
  Derivatives,
  Evaluation,
  Features,
  GivenParameters,
  Gradients,
  LayerParameters,
  TargetValues,
} from "./results.ts";
import { readSaved, writeSaved } from "./saved.ts";
import { invertScaler } from "./scalers.ts";
import { slices } from "./slices.ts";
import type { Source } from "./source.ts";
import { summaryOf } from "./summary.ts";
import { type Counters, countersAfter, type Progress, type Standing, Training } from "./training.ts";
import type { Samples } from "./validation.ts";
import { toWeights, type WeightOptions } from "./weights.ts";
import { bytesOf } from "./windows.ts";

/** Options of `Network.create`. */
export interface NetworkOptions<P extends Precision = Precision> extends ArchitectureOptions {
  precision?: P | undefined;
  /** Only 1 is possible so far. */
  threads?: 1;
  /** Default "reproducible". Where the engine does not fuse, "relaxed" falls back to it: `network.numerics` says which runs. */
  numerics?: Numerics;
  /** The core as its bytes, a URL or a compiled module, for hosts that cannot compile the bytes that are built in. */
  core?: CoreSource;
}

const NUMERICS: Numerics[] = ["reproducible", "relaxed"];

/** Resident rows above this are dropped when `fit` ends; below it they stay, so that a next `fit` need not plan anew. */
const KEPT_BYTES = 16 * 2 ** 20;

/**
 * A neural network that trains in WebAssembly. Made by `Network.create` or `Network.load`.
 * @example
 * const net = await Network.create({ inputs: 2, layers: [dense(4, "tanh"), dense(1)], loss: "binaryCrossEntropy" });
 * await net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { optimizer: sgd({ learningRate: 0.5 }), epochs: 3000 });
 * net.classify([[0, 1]]); // Int32Array [ 1 ]
 */
export class Network<P extends Precision = "f32"> {
  static {
    // The bundle names the class otherwise, which would show where one is printed.
    Object.defineProperty(Network, "name", { value: "Network" });
  }

  readonly #module: CoreModule;
  #architecture: Architecture;
  readonly #counters: Counters;
  /** What the first `fit` that was asked for one prepares data with from then on. */
  #preparation: Preparation = {};
  #machine: Machine<P> | undefined;
  #training = false;
  #history: History = historyOf();
  /** What the latest training, or the one in progress, stands at; absent before the first, and where the parameters were replaced since. */
  #checkpoint: (() => Checkpoint) | undefined;
  /** The counters of a network that is left in the middle of its training. */
  #left: (() => Counters) | undefined;
  /** Aborted by `dispose`, for a training that waits. */
  #disposal = new AbortController();
  /** What the network was resumed from, until it goes on. */
  #resumed: Checkpoint | undefined;

  private constructor(module: CoreModule, architecture: Architecture, counters: Counters) {
    // A caller in JavaScript can get here too.
    if (!(module instanceof CoreModule)) {
      throw new TypeError("new Network() is not public, expected Network.create or Network.load");
    }
    this.#module = module;
    this.#architecture = architecture;
    this.#counters = counters;
    this.#machine = new Machine(module, architecture, { rows: inferenceRows(architecture) });
  }

  /**
   * Makes a network with initial values drawn from the seed.
   * @throws TypeError, RangeError for an unknown option or a value out of its range
   * @example await Network.create({ inputs: 4, layers: [dense(16, "relu"), dense(3)], loss: "softmaxCrossEntropy", seed: 1 })
   */
  static async create<P extends Precision = "f32">(options: NetworkOptions<P>): Promise<Network<P>> {
    const where = "Network.create";
    checkKnown(where, options, ["inputs", "layers", "loss", "precision", "seed", "threads", "numerics", "core"]);
    const { threads = 1, numerics = "reproducible", core } = options;
    if (threads !== 1) throw unexpected(`${where}: threads`, threads, "1", "number");
    oneOf(where, "numerics", numerics, NUMERICS);
    const architecture = checkArchitecture(where, options);
    const network = new Network<P>(await loadCore(numerics, core), architecture, { step: 0, epoch: 0 });
    network.#alive("create").initialize();
    return network;
  }

  /**
   * The network that `save` wrote.
   * @throws FormatError for anything else
   * @example const net = await Network.load(await readFile("net.safetensors"))
   */
  static load(
    bytes: Uint8Array | ArrayBuffer,
    options: { numerics?: Numerics; core?: CoreSource } = {},
  ): Promise<Network<Precision>> {
    return Network.#read("Network.load", bytes, options, false);
  }

  /**
   * The network that `checkpoint` wrote, with everything that its training needs to go on: the next `fit` or `train` with the same
   * data and options continues bit for bit as if it had never stopped, `epochs` being the total.
   * @throws FormatError for a file that `save` wrote, one that is cut short or altered, or of another version
   * @example
   * const net = await Network.resume(await readFile("run.checkpoint"));
   * await net.fit(x, y, options); // RangeError for other data or options
   */
  static resume(
    bytes: Uint8Array | ArrayBuffer,
    options: { numerics?: Numerics; core?: CoreSource } = {},
  ): Promise<Network<Precision>> {
    return Network.#read("Network.resume", bytes, options, true);
  }

  static async #read(
    where: string,
    bytes: Uint8Array | ArrayBuffer,
    options: { numerics?: Numerics; core?: CoreSource },
    resume: boolean,
  ): Promise<Network<Precision>> {
    checkKnown(where, options, ["numerics", "core"]);
    const { numerics = "reproducible", core } = options;
    oneOf(where, "numerics", numerics, NUMERICS);
    const { architecture, counters, parameters, preparation, checkpoint } = readSaved(
      bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes,
      resume,
    );
    const module = await loadCore(numerics, core);
    let network: Network<Precision>;
    try {
      network = new Network(module, architecture, counters);
    } catch (error) {
      throw new FormatError(`Cannot load: ${(error as Error).message}`, { cause: error });
    }
    const machine = network.#alive("load");
    for (const [l, matrices] of machine.programs.numbers.entries()) {
      for (const [b, matrix] of matrices.entries()) machine.write(matrix, parameters[l]![b]!);
    }
    network.#preparation = preparation;
    network.#resumed = checkpoint;
    if (checkpoint) network.#checkpoint = () => checkpoint;
    if (checkpoint?.training) network.#history = historyOf(checkpoint.training.standing.history);
    return network;
  }

  /** What the network computes with, "f32" or "f64": the kind of the arrays that it returns. */
  get precision(): P {
    return this.#architecture.precision as P;
  }

  /** Epochs and steps are counted from the network's first, over all calls of `fit`. */
  get epoch(): number {
    return this.#counters.epoch;
  }

  get step(): number {
    return this.#counters.step;
  }

  /** What runs: "relaxed" only where it was asked for, and the engine fuses. */
  get numerics(): Numerics {
    return this.#module.numerics;
  }

  /** What the latest call of `fit` or `train` did, also when it was stopped. */
  get history(): History {
    return historyOf(this.#history);
  }

  /**
   * Trains. Resolves when all epochs are done; the event loop is served about every 10 ms.
   * @param x rows of features
   * @param y class labels, their names or scalar targets, one for each row, or rows × outputs values
   * @throws (rejects with) TypeError, RangeError for bad input, before anything changes; DivergedError for a loss or a
   * parameter that is not finite, with the network back at the last whole epoch; the signal's reason; StateError during another fit
   * @example const history = await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), epochs: 10, batchSize: 32 })
   */
  fit(x: Features, y: TargetValues, options: FitOptions): Promise<History>;
  /**
   * Trains on rows that are read as they are needed, in their order: with the bits of `fit` with all of them and `sampling: "sequential"`,
   * whatever items they come in. Between steps it waits for the next rows, at most `residentBytes` or 4 MiB of them, one step at least.
   * @param source returns, for each pass over the rows, an iterable or async iterable of items [x, y] or [x, y, sampleWeight]: rows as
   * above, or a single row and its target. An epoch is one pass; or `stepsPerEpoch` steps, for which it is called again where a pass
   * ends before. After `Network.resume` the rows of the pass that were taken are read again, and compared by a hash. An iterator that is
   * left before its end is told by `return`
   * @param options those that need all rows are refused: `validationSplit`, `classWeight: "balanced"`, metrics without `validationData`,
   * optimizers over all rows; and, where they are not fitted yet, `scale`, `images` and `missing`, but for a constant. Rates that go by the
   * steps of an epoch want `stepsPerEpoch`; names in y want `labels`
   * @throws (rejects with) also what the source throws, and what is wrong with an item, with the network behind its last whole step
   * @example
   * await net.fit(async function* () {
   *   for await (const line of readline.createInterface({ input: createReadStream("rows.csv") })) {
   *     const [label, ...row] = line.split(",").map(Number);
   *     yield [row, label!];
   *   }
   * }, { optimizer: sgd({ learningRate: 0.1 }), epochs: 10, batchSize: 32 })
   */
  fit(source: Source, options: FitOptions): Promise<History>;
  async fit(x: Features | Source, y: TargetValues | FitOptions, options?: FitOptions): Promise<History> {
    for await (const _ of this.#train("fit", x, y, options)) {
      // onEpoch has been called; nothing else is to be done between the epochs
    }
    return this.history;
  }

  /**
   * Trains as `fit` does, and yields after each epoch, or every `every` steps. Nothing runs between two calls of `next`;
   * leaving the loop stops after a whole step.
   * @example for await (const { epoch, loss } of net.train(x, y, options)) { if (loss < 0.1) break; }
   */
  train(x: Features, y: TargetValues, options: TrainOptions): AsyncGenerator<Progress, History, undefined>;
  /** The same on a stream: `source` as for `fit`. */
  train(source: Source, options: TrainOptions): AsyncGenerator<Progress, History, undefined>;
  train(
    x: Features | Source,
    y: TargetValues | TrainOptions,
    options?: TrainOptions,
  ): AsyncGenerator<Progress, History, undefined> {
    return this.#train("train", x, y, options);
  }

  #train(where: "fit" | "train", x: unknown, y: unknown, options?: TrainOptions) {
    if (typeof x === "function" || (options === undefined && isPlainObject(y))) {
      return this.#trainOnStream(where, x as Source, y as TrainOptions);
    }
    return this.#run(where, () => givenRows(where, x as Features, y as TargetValues, options!, this.#trainee));
  }

  async *#trainOnStream(
    where: "fit" | "train",
    source: Source,
    options: TrainOptions,
  ): AsyncGenerator<Progress, History, undefined> {
    this.#alive(where);
    this.#idle(where);
    this.#training = true;
    this.#disposal = new AbortController();
    const stream = await givenStream(where, source, options, this.#trainee).finally(() => {
      this.#training = false;
    });
    try {
      return yield* this.#run(where, () => stream);
    } catch (error) {
      // What ended the training says more than what its end fails with.
      await stream.close().catch(() => undefined);
      throw error;
    } finally {
      await stream.close();
    }
  }

  get #trainee(): Trainee {
    return {
      module: this.#module,
      architecture: this.#architecture,
      counters: this.#counters,
      preparation: this.#preparation,
      disposed: this.#disposal.signal,
      resumed: this.#resumed,
    };
  }

  async *#run(where: "fit" | "train", give: () => Given): AsyncGenerator<Progress, History, undefined> {
    this.#alive(where);
    this.#idle(where);
    const given = give();
    const { settings, samples, validation, resident } = given;
    const { optimizer, batchSize, checkpointEvery, signal, onEnd } = settings;
    // A method takes the rows batch by batch as predictions do; a program has them in memory.
    const needs = optimizerKind(optimizer).method
      ? { rows: 1, gradients: true, optimizer }
      : { rows: batchSize, gradients: true, optimizer, resident };
    const machine = this.#prepare(needs);
    const training = new Training(machine, this.#counters, settings, given.feed(machine), samples, validation);
    if (this.#resumed?.training) training.restore(this.#resumed.training.standing, this.#resumed.states);
    this.#resumed = undefined;
    this.#preparation = given.preparation;
    this.#history = training.history;
    this.#training = true;
    const standsAt = (standing: Standing) => ({
      standing,
      options: optionsPrint(settings),
      data: given.data(standing),
    });
    this.#checkpoint = () => ({ training: standsAt(training.standing), states: training.states });
    this.#left = () => countersAfter(training.standing);
    let stopped: Stopped = "break";
    try {
      const { to } = checkpointEvery ?? {};
      const keep = () => (typeof to === "function" ? to(this.checkpoint()) : this.checkpointTo(to!));
      yield* slices(training, settings, () => this.#alive(where), keep);
      stopped = training.settled ? "converged" : "epochs";
    } catch (error) {
      stopped = error instanceof DivergedError ? "divergence" : signal?.aborted ? "abort" : "error";
      throw error;
    } finally {
      // Neither the best epoch nor, in the middle of one, its end is what the training would have gone on with.
      const { standing, states } = training;
      if (["epochs", "converged", "divergence"].includes(stopped)) training.restoreBest();
      training.end();
      const checkpoint = () => ({ training: standsAt(standing), states });
      // A checkpoint that is made already holds on to no rows, and to no place in a stream.
      const large = Math.max(machine.bytes, bytesOf(samples)) > KEPT_BYTES;
      this.#checkpoint = large || "close" in given ? always(checkpoint()) : checkpoint;
      training.history.stopped ??= stopped;
      this.#training = false;
      this.#left = undefined;
      if (machine.bytes > KEPT_BYTES && this.#machine) this.#prepare({ rows: 1 }, true);
    }
    await onEnd?.(this.history);
    return this.history;
  }

  /**
   * Predictions [rows × outputs]: ŷ, or the probabilities that the loss makes of it; where y is scaled, in the units it had before.
   * @throws TypeError, RangeError for bad input
   * @example net.predict([[5.1, 3.5, 1.4, 0.2]])
   */
  predict(x: Features): NumbersOf<P> {
    const machine = this.#alive("predict");
    return this.#unscaled("predict", infer(machine, machine.programs.predict, this.#rows("predict", x)));
  }

  /** ŷ [rows × outputs], before the loss's link; for meanSquaredError the same as `predict`. @throws TypeError, RangeError */
  logits(x: Features): NumbersOf<P> {
    const machine = this.#alive("logits");
    return this.#unscaled("logits", infer(machine, machine.programs.logits, this.#rows("logits", x)));
  }

  /**
   * Labels: for each row the class of the largest output; with binaryCrossEntropy 0 or 1 for each output [rows × outputs].
   * @param options.names gives the names of the labels, as they stood in y
   * @throws TypeError, RangeError for bad input; RangeError for a regression with one output or scaled targets, which has no labels, and
   * where names are asked for and y had none
   */
  classify(x: Features, options?: { names?: false | undefined }): Int32Array;
  classify(x: Features, options: { names: true }): Name[];
  classify(x: Features, options: { names?: boolean | undefined } = {}): Int32Array | Name[] {
    const machine = this.#alive("classify");
    checkKnown("classify", options, ["names"]);
    const { names, y } = this.#preparation;
    const named = boolean("classify", "names", options.names ?? false);
    if (y) throw new RangeError("classify: y is scaled, and values have no labels; use predict");
    if (named && !names) {
      throw new RangeError(
        "classify: names is true, and the network has none, expected a fit with names in y or labels",
      );
    }
    const { classify } = machine.programs;
    if (!classify) {
      throw new RangeError(
        `classify: ${lossName(this.#architecture.loss)} with 1 output has no labels, expected at least 2 outputs; use predict`,
      );
    }
    const labels = inferLabels(machine, classify, this.#rows("classify", x));
    return named ? Array.from(labels, (label) => names![label]!) : labels;
  }

  /**
   * The mean loss, of scaled targets where y is scaled, how many labels agree, and the metrics that are asked for.
   * @param options.sampleWeight a finite number from 0 for each row, not all 0: the loss is Σ w·loss / Σ w, and metrics are weighted too;
   * labels are counted as they are
   * @param options.metrics names as in `fit`
   * @throws TypeError, RangeError for bad input
   * @example net.evaluate(x, y, { metrics: ["f1", "rocAuc"] }).metrics.f1
   */
  evaluate(x: Features, y: TargetValues, options?: Pick<WeightOptions, "sampleWeight">): Evaluation;
  evaluate<M extends Metric>(
    x: Features,
    y: TargetValues,
    options: Pick<WeightOptions, "sampleWeight"> & { metrics: readonly M[] },
  ): Evaluation & { metrics: Record<M, number> };
  evaluate(
    x: Features,
    y: TargetValues,
    options: Pick<WeightOptions, "sampleWeight"> & { metrics?: readonly Metric[] } = {},
  ): Evaluation & { metrics?: Record<Metric, number> } {
    const where = "evaluate";
    const machine = this.#alive(where);
    checkKnown(where, options, ["sampleWeight", "metrics"]);
    const { metrics, ...weighted } = options;
    const { loss: kind } = this.#architecture;
    const outputs = outputsOf(this.#architecture);
    const known = metrics === undefined ? undefined : checkMetrics(where, metrics, { loss: kind, outputs });
    const samples = this.#weighted(where, x, y, weighted);
    const { evaluate, classify, predict } = machine.programs;
    const { loss, correct } = tally(machine, evaluate, samples);
    const { rows } = samples.x;
    const agree = classify && !this.#preparation.y ? correct : Number.NaN;
    return {
      loss,
      correct: agree,
      accuracy: agree / rows,
      zeroOneLoss: rows - agree,
      ...(known && { metrics: measured(machine, samples, known, infer(machine, predict, samples.x)) }),
    };
  }

  /**
   * DL6: the gradient of the mean loss over all rows.
   * @param options.sampleWeight a finite number from 0 for each row, not all 0: the mean is Σ w·loss / Σ w
   * @throws TypeError, RangeError for bad input
   */
  gradients(x: Features, y: TargetValues, options: Pick<WeightOptions, "sampleWeight"> = {}): Gradients<P> {
    this.#alive("gradients");
    const samples = this.#weighted("gradients", x, y, options);
    const machine = this.#prepare({ rows: 1, gradients: true });
    machine.view(machine.programs.gradientRun).fill(0);
    const { loss } = tally(machine, machine.programs.gradient!, samples);
    const { gradients } = machine.programs;
    return { loss, layers: gradients.map((_, l) => machine.named(gradients, l)) };
  }

  /**
   * BP1, BP2: output ŷ_i of one sample, and its derivative by every W, B, A and Z.
   * @param x one row
   * @param options.output i, from 0; default 0
   * @throws TypeError, RangeError for bad input
   */
  derivatives(x: Features, options: { output?: number } = {}): Derivatives<P> {
    const where = "derivatives";
    const source = this.#alive(where);
    checkKnown(where, options, ["output"]);
    const { output = 0 } = options;
    const outputs = outputsOf(this.#architecture);
    if (!(Number.isInteger(output) && output >= 0 && output < outputs)) {
      throw unexpected(`${where}: output`, output, `an integer from 0 to ${outputs - 1}`, "number");
    }
    const { data, rows } = this.#rows(where, x);
    if (rows !== 1) throw new RangeError(`${where}: x has ${rows} rows, expected 1`);
    return derive(this.#module, source, data, output);
  }

  /**
   * A table to print: the layers with the shapes of their outputs, their parameters and the multiplications with an addition that a
   * prediction of one row takes; and the memory that training needs besides the rows.
   * @param options.batchSize rows of a batch of training, a positive integer; default 32
   * @param options.optimizer of the training; default `sgd` without momentum, which keeps nothing
   * @throws TypeError, RangeError
   * @example console.log(net.summary({ batchSize: 64, optimizer: adam({ learningRate: 0.001 }) }))
   */
  summary(options: { batchSize?: number; optimizer?: Optimizer } = {}): string {
    const where = "summary";
    this.#alive(where);
    checkKnown(where, options, ["batchSize", "optimizer"]);
    const { batchSize = 32, optimizer = sgd({ learningRate: 1 }) } = options;
    const architecture = this.#architecture;
    const rows = positiveInteger(where, "batchSize", batchSize);
    checkOptimizer(where, optimizer, architecture.precision);
    const memory = planMemory(trainingOf(architecture, rows, optimizer), this.#module.heapBase);
    return summaryOf(architecture, memory, rows);
  }

  /** Copies of the parameters, one entry for each layer; with the statistics of layers that gather any. */
  parameters(): LayerParameters<P>[] {
    const machine = this.#alive("parameters");
    const { numbers, shapes } = machine.programs;
    return numbers.map((_, l) => ({ ...machine.named(numbers, l), shape: [...shapeOf(shapes[l]!)] }));
  }

  /**
   * Replaces all parameters: for each layer weights [inputs × units], of a convolution [height × width × channels × filters], flat or
   * nested as rows of the last dimension, and biases [units]. The running mean and variance of `batchNorm` stay where they are left out.
   * @throws TypeError, RangeError for another number of layers or values, or one that is not finite; StateError during `fit`
   * @example net.setParameters([{ weights: [[2, 1], [-1, 4], [-2, 5]], biases: [2, 3] }])
   */
  setParameters(layers: readonly GivenParameters[]): void;
  /**
   * Replaces all parameters by those of a safetensors file that another library wrote, in F32, F64, F16 or BF16.
   * @throws FormatError for a tensor that is missing, not named, or of another shape or dtype; nothing has changed then
   * @example
   * net.setParameters(await readFile("model.safetensors"), {
   *   names: { "fc1.weight": "layers.0.weights", "fc1.bias": "layers.0.biases" },
   *   transpose: true, // PyTorch's matrices are [units, inputs]
   * });
   */
  setParameters(file: Uint8Array | ArrayBuffer, options: ForeignOptions): void;
  setParameters(given: readonly GivenParameters[] | Uint8Array | ArrayBuffer, options?: ForeignOptions): void {
    const where = "setParameters";
    const machine = this.#alive(where);
    this.#idle(where);
    const values = givenNumbers(where, given, options, this.#architecture);
    this.#checkpoint = undefined;
    this.#resumed = undefined;
    for (const [l, matrices] of machine.programs.numbers.entries()) {
      for (const [b, matrix] of matrices.entries()) {
        const numbers = values[l]![b];
        if (numbers) machine.write(matrix, numbers);
      }
    }
  }

  /**
   * The network as a safetensors file: the parameters as `layers.0.weights` [inputs, units] and `layers.0.biases` [units] …,
   * the architecture and the counts of steps and epochs in the metadata, without what an optimizer keeps. `Network.load` reads it.
   */
  save(): Uint8Array {
    this.#alive("save");
    const parameters = this.parameters();
    return writeSaved(this.#architecture, this.#left?.() ?? this.#counters, parameters, this.#preparation);
  }

  /**
   * All that the network and its training need to go on elsewhere: what `save` writes, the optimizer's state, the position in the
   * epoch, the history, early stopping's best, and fingerprints of data and options. Also in the body of `train` and in callbacks, and
   * after a training was broken off: then it stands where that stopped. `Network.resume` reads it; `Network.load` takes the network alone.
   * @example await writeFile("run.checkpoint", net.checkpoint())
   */
  checkpoint(): Uint8Array {
    const machine = this.#alive("checkpoint");
    const checkpoint = this.#checkpoint?.() ?? { states: { state: machine.view(machine.programs.state) } };
    const { training } = checkpoint;
    const counters = training ? countersAfter(training.standing) : this.#counters;
    return writeSaved(this.#architecture, counters, this.parameters(), this.#preparation, checkpoint);
  }

  /**
   * Writes what `save` returns now, also during `fit`, to a file (Node, Deno, Bun), so that a crash at any moment leaves the old
   * file or the new one, whole. Browsers have `writeToOpfs`.
   * @param path a path or a file: URL; the folder exists. A symbolic link stays, and so do the permissions of an existing file
   * @throws (rejects with) TypeError, RangeError for what is no path; an Error that says what failed, with the system's as its `cause`
   * @example await net.saveTo("net.safetensors")
   */
  async saveTo(path: string | URL): Promise<void> {
    await writeFileAtomically(path, this.save());
  }

  /** The same for what `checkpoint` returns. @example await net.checkpointTo("run.checkpoint") */
  async checkpointTo(path: string | URL): Promise<void> {
    await writeFileAtomically(path, this.checkpoint());
  }

  /**
   * A network of its own with the same parameters, statistics, counters and architecture, the seed included, and what its first `fit`
   * prepares data with; without a history and without what an optimizer keeps.
   */
  clone(): Network<P> {
    const source = this.#alive("clone");
    const copy = new Network<P>(this.#module, this.#architecture, { ...(this.#left?.() ?? this.#counters) });
    copy.#machine!.copyState(source);
    copy.#preparation = this.#preparation;
    return copy;
  }

  /**
   * Keeps the parameters of layers as they are in later trainings, as `trainable: false` does, with which it is saved: `batchNorm` then
   * uses its running statistics. Other layers go on with what the optimizer keeps of them, but for `lbfgs` and `levenbergMarquardt`,
   * which begin anew; a resumed training ends.
   * @param layers indices, from 0, of layers with parameters; default all of them
   * @throws TypeError, RangeError for other indices; StateError during `fit`
   * @example net.freeze([0, 1])
   */
  freeze(layers?: readonly number[]): void {
    this.#setTrainable("freeze", layers, false);
  }

  /** Lets the parameters of layers be trained again: undoes `freeze` and `trainable: false`. */
  unfreeze(layers?: readonly number[]): void {
    this.#setTrainable("unfreeze", layers, true);
  }

  #setTrainable(where: string, indices: readonly number[] | undefined, trainable: boolean): void {
    const { needs } = this.#alive(where);
    this.#idle(where);
    this.#architecture = withTrainable(where, this.#architecture, indices, trainable);
    this.#checkpoint = undefined;
    this.#resumed = undefined;
    // A method's directions are of all that was trained.
    const optimizer = needs.optimizer && !optimizerKind(needs.optimizer).method ? needs.optimizer : undefined;
    this.#prepare({ rows: 1, optimizer }, true);
  }

  /** Lets go of the memory at once instead of when the network is no longer reachable; later calls throw, a running `fit` rejects. */
  dispose(): void {
    this.#machine = undefined;
    this.#disposal.abort(new StateError("fit: the network was disposed of"));
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The machine, unless the network was disposed of. */
  #alive(where: string): Machine<P> {
    if (!this.#machine) throw new StateError(`${where}: the network was disposed of`);
    return this.#machine;
  }

  #idle(where: string): void {
    if (this.#training) {
      throw new StateError(`${where}: the network is training; wait for fit to end, or finish the iterator of train`);
    }
  }

  /** The machine, planned anew where the present one cannot do what is needed, with the same parameters. */
  #prepare(needs: Needs, anew = false): Machine<P> {
    const present = this.#machine!;
    const rows = Math.max(needs.rows, inferenceRows(this.#architecture));
    const all = { optimizer: present.needs.optimizer, ...needs, rows };
    if (anew || !present.serves(all)) {
      const next = new Machine<P>(this.#module, this.#architecture, all);
      next.copyState(present);
      this.#machine = next;
    } else if (needs.resident) present.bringIn(needs.resident);
    return this.#machine!;
  }

  #rows(where: string, x: unknown): Rows {
    const { precision } = this.#architecture;
    return prepareRows(where, this.#preparation, readRows(where, x, this.#preparation, this.#architecture), precision);
  }

  #samples(where: string, features: unknown, targets: unknown): Samples {
    const samples = readSamples(where, features, targets, this.#preparation, this.#architecture);
    return prepare(where, this.#preparation, samples, this.#architecture.precision);
  }

  /** Outputs in y's own units. */
  #unscaled(where: string, outputs: NumbersOf<P>): NumbersOf<P> {
    const { y } = this.#preparation;
    return y ? invertScaler(`${where}: output`, y, outputs) : outputs;
  }

  #weighted(where: string, features: unknown, targets: unknown, options: WeightOptions): Samples {
    checkKnown(where, options, ["sampleWeight"]);
    const samples = this.#samples(where, features, targets);
    const { x, y } = samples;
    return { ...samples, weights: toWeights(where, options, y, x.rows, outputsOf(this.#architecture)) };
  }
}

/** A function that has nothing but its value to hold on to. */
const always =
  <T>(value: T) =>
  () =>
    value;
