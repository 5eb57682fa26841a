import { type Architecture, type ArchitectureOptions, checkArchitecture, outputsOf, widths } from "./architecture.ts";
import { type NumbersOf, type Precision, type Rows, type Targets, toRows, toTargets } from "./data.ts";
import { StateError } from "./errors.ts";
import { checkFit, type FitOptions, type TrainOptions } from "./fit.ts";
import { Machine } from "./machine.ts";
import { CoreModule, type CoreSource, loadCore } from "./module.ts";
import { checkKnown, unexpected } from "./options.ts";
import { pause } from "./pause.ts";
import type { Matrix } from "./plan.ts";
import type { Program } from "./program.ts";
import type { Needs } from "./programs.ts";
import { readSaved, writeSaved } from "./saved.ts";
import { type Counters, type History, type Progress, Training } from "./training.ts";

/** Rows of features: arrays of numbers or typed arrays, one for each row; or one flat row-major array of rows × inputs numbers. */
export type Features = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** Class labels or scalar targets, one for each row; or rows × outputs values, nested or flat. */
export type TargetValues = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** Options of `Network.create`. */
export interface NetworkOptions<P extends Precision = Precision> extends ArchitectureOptions {
  precision?: P | undefined;
  /** Only 1 is possible so far. */
  threads?: 1;
  /** Only "reproducible" is possible so far: the same bits in every engine. */
  numerics?: "reproducible";
  /** The core as its bytes, a URL or a compiled module, for hosts that cannot compile the bytes that are built in. */
  core?: CoreSource;
}

/** The parameters of one layer: weights [inputs × units] row-major, biases [units]; shape [inputs, units]. */
export interface LayerParameters<P extends Precision = Precision> {
  weights: NumbersOf<P>;
  biases: NumbersOf<P>;
  shape: [inputs: number, units: number];
}

/** The mean loss and, where there are labels, how many of them agree; NaN for a regression with one output. */
export interface Evaluation {
  /** Mean over the samples. */
  loss: number;
  /** Samples whose label agrees: the text's 0-1 sum. With several labels a sample, all must. */
  correct: number;
  /** correct / samples. */
  accuracy: number;
  /** samples − correct. */
  zeroOneLoss: number;
}

/** The gradient of the mean loss. */
export interface Gradients<P extends Precision = Precision> {
  loss: number;
  layers: { weights: NumbersOf<P>; biases: NumbersOf<P> }[];
}

/** What one sample's output is, and its derivative by everything that leads there. */
export interface Derivatives<P extends Precision = Precision> {
  /** ŷ_i, a logit. */
  output: number;
  /** Of each linear map T_l: Z^{l+1}, A^{l+1}, their derivatives, and those of W^l [inputs × units] and B^l. */
  layers: Record<"z" | "a" | "dz" | "da" | "weights" | "biases", NumbersOf<P>>[];
}

/** A slice of training: the event loop is served this often, in ms. */
const SLICE = 10;

/** Resident rows above this are dropped when `fit` ends; below it they stay, so that a next `fit` need not plan anew. */
const KEPT_BYTES = 16 * 2 ** 20;

/** Row numbers drawn at a time under "withReplacement". */
const DRAWS = 65536;

/**
 * A neural network that trains in WebAssembly. Made by `Network.create` or `Network.load`.
 * @example
 * const net = await Network.create({ inputs: 2, layers: [dense(3, "tanh"), dense(1)], loss: "binaryCrossEntropy" });
 * await net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { optimizer: sgd({ learningRate: 0.5 }), epochs: 3000 });
 * net.classify([[0, 1]]); // Int32Array [ 1 ]
 */
export class Network<P extends Precision = "f32"> {
  readonly #module: CoreModule;
  readonly #architecture: Architecture;
  readonly #counters: Counters;
  #machine: Machine<P> | undefined;
  #training = false;
  #history: History = { loss: [] };

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
    if (numerics !== "reproducible") throw unexpected(`${where}: numerics`, numerics, '"reproducible"', "string");
    const architecture = checkArchitecture(where, options);
    const network = new Network<P>(await loadCore(core), architecture, { step: 0, epoch: 0 });
    network.#alive("create").initialize();
    return network;
  }

  /**
   * The network that `save` wrote.
   * @throws FormatError for anything else
   * @example const net = await Network.load(await readFile("net.safetensors"))
   */
  static async load(bytes: Uint8Array, options: { core?: CoreSource } = {}): Promise<Network<Precision>> {
    checkKnown("Network.load", options, ["core"]);
    const { architecture, counters, parameters } = readSaved(bytes);
    const network = new Network<Precision>(await loadCore(options.core), architecture, counters);
    const machine = network.#alive("load");
    for (const [l, matrices] of machine.programs.parameters.entries()) {
      for (const [b, matrix] of matrices.entries()) machine.write(matrix, parameters[l]![b]!);
    }
    return network;
  }

  /** Epochs and steps are counted from the network's first, over all calls of `fit`. */
  get epoch(): number {
    return this.#counters.epoch;
  }

  get step(): number {
    return this.#counters.step;
  }

  /** What the latest call of `fit` or `train` did, also when it was stopped. */
  get history(): History {
    return { loss: [...this.#history.loss] };
  }

  /**
   * Trains. Resolves when all epochs are done; the event loop is served about every 10 ms.
   * @param x rows of features
   * @param y class labels or scalar targets, one for each row, or rows × outputs values
   * @throws (rejects with) TypeError, RangeError for bad input, before anything changes; DivergedError for a loss or a
   * parameter that is not finite, with the network back at the last whole epoch; the signal's reason; StateError during another fit
   * @example const history = await net.fit(x, y, { optimizer: sgd({ learningRate: 0.1 }), epochs: 10, batchSize: 32 })
   */
  async fit(x: Features, y: TargetValues, options: FitOptions): Promise<History> {
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
  train(x: Features, y: TargetValues, options: TrainOptions): AsyncGenerator<Progress, History, undefined> {
    return this.#train("train", x, y, options);
  }

  async *#train(
    where: "fit" | "train",
    features: Features,
    targets: TargetValues,
    options: TrainOptions,
  ): AsyncGenerator<Progress, History, undefined> {
    this.#alive(where);
    this.#idle(where);
    const { x, y } = this.#samples(where, features, targets);
    const settings = checkFit(where, options, x.rows);
    const { optimizer, batchSize, stepsPerEpoch, sampling, signal, onEpoch, onProgress } = settings;
    signal?.throwIfAborted();
    const drawn = batchSize * Math.min(stepsPerEpoch, Math.max(1, Math.floor(DRAWS / batchSize)));
    const orderLength = sampling === "withReplacement" ? drawn : x.rows;
    const machine = this.#prepare({ rows: batchSize, gradients: true, training: { optimizer, x, y, orderLength } });
    const first = this.#counters.step;
    const training = new Training(machine, this.#counters, settings);
    this.#history = training.history;
    this.#training = true;
    try {
      for (let deadline = performance.now() + SLICE; !training.done; ) {
        const event = training.advance(deadline);
        const { progress } = training;
        if (event === "epoch") onEpoch?.(progress);
        if (event && (progress.step - first) % (settings.every ?? stepsPerEpoch) === 0) yield progress;
        if (performance.now() >= deadline) {
          onProgress?.(progress);
          await pause();
          deadline = performance.now() + SLICE;
        }
        this.#alive(where);
        if (!training.done) signal?.throwIfAborted();
      }
      return this.history;
    } finally {
      training.end();
      this.#training = false;
      if (machine.bytes > KEPT_BYTES && this.#machine) this.#prepare({ rows: 1 }, true);
    }
  }

  /**
   * Predictions [rows × outputs]: ŷ, or the probabilities that the loss makes of it.
   * @throws TypeError, RangeError for bad input
   * @example net.predict([[5.1, 3.5, 1.4, 0.2]])
   */
  predict(x: Features): NumbersOf<P> {
    return this.#outputs("predict", x, ({ predict }) => predict);
  }

  /** ŷ [rows × outputs], before the loss's link; for meanSquaredError the same as `predict`. @throws TypeError, RangeError */
  logits(x: Features): NumbersOf<P> {
    return this.#outputs("logits", x, ({ logits }) => logits);
  }

  /**
   * Labels: for each row the class of the largest output; with binaryCrossEntropy 0 or 1 for each output [rows × outputs].
   * @throws TypeError, RangeError for bad input; RangeError for a regression with one output, which has no labels
   */
  classify(x: Features): Int32Array {
    const machine = this.#alive("classify");
    const { classify } = machine.programs;
    if (!classify) {
      throw new RangeError(
        "classify: meanSquaredError with 1 output has no labels, expected at least 2 outputs; use predict",
      );
    }
    const { output, program } = classify;
    const rows = this.#rows("classify", x);
    const labels = new Int32Array(rows.rows * output.columns);
    this.#chunks(rows, machine, (first, count) => {
      machine.run(program, count);
      labels.set(machine.labels(output, count * output.columns), first * output.columns);
    });
    return labels;
  }

  /** The mean loss, and how many labels agree. @throws TypeError, RangeError for bad input */
  evaluate(x: Features, y: TargetValues): Evaluation {
    const machine = this.#alive("evaluate");
    const samples = this.#samples("evaluate", x, y);
    const { loss, correct } = this.#tally(machine, machine.programs.evaluate, samples);
    const { rows } = samples.x;
    const agree = machine.programs.classify ? correct : Number.NaN;
    return { loss: loss / rows, correct: agree, accuracy: agree / rows, zeroOneLoss: rows - agree };
  }

  /** DL6: the gradient of the mean loss over all rows. @throws TypeError, RangeError for bad input */
  gradients(x: Features, y: TargetValues): Gradients<P> {
    this.#alive("gradients");
    const samples = this.#samples("gradients", x, y);
    const machine = this.#prepare({ rows: 1, gradients: true });
    machine.view(machine.programs.gradientRun).fill(0);
    const { loss } = this.#tally(machine, machine.programs.gradient!, samples);
    const layers = machine.programs.gradients.map(([weights, biases]) => ({
      weights: machine.copyOf(weights!),
      biases: machine.copyOf(biases!),
    }));
    return { loss: loss / samples.x.rows, layers };
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
    const machine = new Machine<P>(this.#module, this.#architecture, { rows: 1, derivatives: true });
    machine.copyState(source);
    const { stagedInputs, stagedTargets, derivative, gradients } = machine.programs;
    const { program, output: logits, traces, deltas } = derivative!;
    machine.stage(stagedInputs, data);
    machine.stage(
      stagedTargets,
      Float64Array.from({ length: outputs }, (_, i) => Number(i === output)),
    );
    machine.run(program, 1);
    return {
      output: machine.copyOf(logits)[output]!,
      layers: traces.map(({ z, a }, l) => ({
        z: machine.copyOf(z),
        a: machine.copyOf(a),
        dz: machine.copyOf(deltas[l]!.dz),
        da: machine.copyOf(deltas[l]!.da),
        weights: machine.copyOf(gradients[l]![0]!),
        biases: machine.copyOf(gradients[l]![1]!),
      })),
    };
  }

  /** Copies of the parameters, one entry for each layer. */
  parameters(): LayerParameters<P>[] {
    const machine = this.#alive("parameters");
    return machine.programs.parameters.map(([weights, biases]) => ({
      weights: machine.copyOf(weights!),
      biases: machine.copyOf(biases!),
      shape: [weights!.rows, weights!.columns],
    }));
  }

  /**
   * Replaces all parameters: for each layer weights [inputs × units], nested or flat, and biases [units].
   * @throws TypeError, RangeError for another number of layers or values, or one that is not finite; StateError during `fit`
   * @example net.setParameters([{ weights: [[2, 1], [-1, 4], [-2, 5]], biases: [2, 3] }])
   */
  setParameters(layers: readonly { weights: Features; biases: ArrayLike<number> }[]): void {
    const where = "setParameters";
    const machine = this.#alive(where);
    this.#idle(where);
    const { parameters } = machine.programs;
    if (!Array.isArray(layers)) throw unexpected(`${where}: layers`, layers, "an array of one entry for each layer");
    if (layers.length !== parameters.length) {
      throw new RangeError(`${where}: layers has ${layers.length} entries, expected ${parameters.length}`);
    }
    const values = Array.from(layers, (layer, l) => {
      checkKnown(`${where}: layer ${l}`, layer, ["weights", "biases", "shape"]);
      const [weights, biases] = parameters[l]!;
      return [
        this.#values(where, l, "weights", layer.weights, weights!),
        this.#values(where, l, "biases", layer.biases, biases!),
      ];
    });
    for (const [l, matrices] of parameters.entries()) {
      for (const [b, matrix] of matrices.entries()) machine.write(matrix, values[l]![b]!);
    }
  }

  /**
   * The network as a safetensors file: the parameters as `layers.0.weights` [inputs, units] and `layers.0.biases` [units] …,
   * the architecture as JSON in the metadata. `Network.load` reads it.
   */
  save(): Uint8Array {
    const parameters = this.parameters();
    return writeSaved(this.#architecture, this.#counters, parameters);
  }

  /** Lets go of the memory at once instead of when the network is no longer reachable; later calls throw, a running `fit` rejects. */
  dispose(): void {
    this.#machine = undefined;
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
    if (this.#training) throw new StateError(`${where}: the network is training; wait for fit to end`);
  }

  /** The machine, planned anew where the present one cannot do what is needed, with the same parameters. */
  #prepare(needs: Needs, anew = false): Machine<P> {
    const present = this.#machine!;
    const rows = Math.max(needs.rows, inferenceRows(this.#architecture));
    if (anew || !present.serves({ ...needs, rows })) {
      const next = new Machine<P>(this.#module, this.#architecture, { ...needs, rows });
      next.copyState(present);
      this.#machine = next;
    } else if (needs.training) present.bringIn(needs.training);
    return this.#machine!;
  }

  #rows(where: string, x: unknown): Rows {
    return toRows(where, x, this.#architecture.inputs.shape[0], this.#architecture.precision);
  }

  #samples(where: string, features: unknown, targets: unknown): { x: Rows; y: Targets } {
    const x = this.#rows(where, features);
    const { loss, precision } = this.#architecture;
    return { x, y: toTargets(where, targets, x.rows, outputsOf(this.#architecture), loss, precision) };
  }

  #values(where: string, layer: number, name: string, given: unknown, { rows, columns }: Matrix): Rows["data"] {
    const what = `layer ${layer} ${name}`;
    const values = toRows(where, given, columns, this.#architecture.precision, what);
    if (values.rows !== rows) {
      throw new RangeError(`${where}: ${what} has ${values.rows} rows of ${columns}, expected ${rows}`);
    }
    return values.data;
  }

  /** Calls `visit` for each batch of the rows, after it was staged. */
  #chunks({ data, rows, width }: Rows, machine: Machine<P>, visit: (first: number, count: number) => void): void {
    for (let first = 0; first < rows; first += machine.needs.rows) {
      const count = Math.min(machine.needs.rows, rows - first);
      machine.stage(machine.programs.stagedInputs, data.subarray(first * width, (first + count) * width));
      visit(first, count);
    }
  }

  #outputs(
    where: string,
    x: unknown,
    of: (programs: Machine<P>["programs"]) => { program: Program; output: Matrix },
  ): NumbersOf<P> {
    const machine = this.#alive(where);
    const rows = this.#rows(where, x);
    const { program, output } = of(machine.programs);
    const result = machine.numbers(rows.rows * output.columns);
    this.#chunks(rows, machine, (first, count) => {
      machine.run(program, count);
      machine.read(output, result, first * output.columns, count);
    });
    return result;
  }

  /** Runs a program over all samples and returns the sums that it leaves in the tally. */
  #tally(machine: Machine<P>, program: Program, { x, y }: { x: Rows; y: Targets }): { loss: number; correct: number } {
    const { tally } = machine;
    const outputs = outputsOf(this.#architecture);
    tally.clear();
    tally.divisor = x.rows;
    this.#chunks(x, machine, (first, count) => {
      machine.stage(machine.programs.stagedTargets, targetValues(y, first, count, outputs));
      machine.run(program, count);
    });
    return tally;
  }
}

/** Rows `first`…`first + count − 1` of the targets as values: labels as one-hot rows. */
function targetValues(y: Targets, first: number, count: number, outputs: number): ArrayLike<number> {
  if (y.kind === "values") return y.data.subarray(first * outputs, (first + count) * outputs);
  const values = new Uint8Array(count * outputs);
  for (let i = 0; i < count; i++) values[i * outputs + y.data[first + i]!] = 1;
  return values;
}

/** Rows that are predicted at a time: as many as keep the widest activation in 256 KiB of cache, 256 at most. */
function inferenceRows(architecture: Architecture): number {
  const bytes = Math.max(...widths(architecture)) * (architecture.precision === "f64" ? 8 : 4);
  return Math.max(1, Math.min(256, Math.floor(2 ** 18 / bytes)));
}
