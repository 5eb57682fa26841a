import { Gradient, Op } from "../assembly/opcodes.ts";
import { type Architecture, namedShapes, outputsOf, parameterShapes, statisticShapes } from "./architecture.ts";
import { type Augment, augmentInputs } from "./augment.ts";
import { Clock } from "./clock.ts";
import * as compile from "./compile.ts";
import { Cursor } from "./cursor.ts";
import type { Rows, Targets } from "./data.ts";
import { layerKind } from "./layers/index.ts";
import type { GradientTarget, LayerBlocks, ParameterShape, Trace } from "./layers/layer.ts";
import { link } from "./losses.ts";
import { type Optimizer, optimizerKind } from "./optimizers/index.ts";
import { normalBytes, normalWorkspaceBytes } from "./optimizers/levenbergMarquardt.ts";
import { Block, Matrix, Run } from "./plan.ts";
import { Double, Program } from "./program.ts";
import { Rates } from "./rates.ts";
import { sizeOf } from "./shape.ts";
import { addPenalties, descends, type Trained, tick, update } from "./update.ts";

/** What a network's memory is for, besides predicting. */
export interface Needs {
  /** Rows of the largest batch. */
  readonly rows: number;
  /** Gradients of the loss. */
  readonly gradients?: boolean;
  /** The derivatives of the outputs of one sample, with every value that leads there kept apart. */
  readonly derivatives?: boolean;
  /** What this optimizer keeps from step to step. */
  readonly optimizer?: Optimizer | undefined;
  /** Training on rows that stay in memory, with the optimizer. */
  readonly resident?: Resident | undefined;
}

export interface Resident {
  readonly x: Rows;
  readonly y: Targets;
  /** One for each row. */
  readonly weights?: Float64Array | undefined;
  /** Whether a step may have several batches, whose gradients are added up. */
  readonly accumulates: boolean;
  /** Row numbers that the order holds at most. */
  readonly orderLength: number;
  /** How images are varied. */
  readonly augment?: Required<Augment> | undefined;
}

/** Bytes that a gather may read past the last row. */
export const GATHER_EXCESS = 16;

/** The programs of a network and the blocks that they work on, before either has an address. */
export class Programs {
  readonly all: Program[] = [];
  /** Of training, and of evaluation. */
  readonly cursor = new Block(Cursor.BYTES);
  readonly tally = new Block(Cursor.BYTES);
  readonly rates: Rates;
  /** What the network itself is: its parameters and the statistics that layers gather. */
  readonly network: Run;
  /** The network, the optimizer's slots and its clock: what a network is and how it goes on. */
  readonly state: Run;
  /** Vectors as long as the parameters, and how far the optimizer is with them. */
  readonly slots: Run[];
  readonly clock = new Block(Clock.BYTES);
  /** Numbers that a full-batch method keeps. */
  readonly numbersKept: Block;
  /** For Levenberg–Marquardt: JᵀJ, Jᵀr, rows of J with their residuals, and room for their product. */
  readonly normal: LeastSquaresBlocks | undefined;
  /** Of each layer its parameters, its statistics, and both one after the other; `shapes` says what they are. */
  readonly parameters: Matrix[][];
  readonly statistics: Matrix[][];
  readonly numbers: Matrix[][];
  readonly shapes: ParameterShape[][];
  /** The same for the gradients; of no layer where nothing needs them. */
  readonly gradients: Matrix[][];
  readonly gradientRun: Run;
  /** Rows that the facade brings in, one batch at a time, in the network's precision and without padding. */
  readonly stagedInputs: Block;
  readonly stagedTargets: Block;
  /** Their weights, f64. */
  readonly stagedWeights: Block;
  /** Rows that stay, their weights where they have any, and the order of the steps. */
  readonly inputs: Block;
  readonly targets: Block;
  readonly weights: Block;
  readonly order: Block;
  /** For the core's draws. */
  readonly scratch = new Block(64);

  readonly logits: { program: Program; output: Matrix };
  readonly predict: { program: Program; output: Matrix };
  readonly classify: { program: Program; output: Matrix } | undefined;
  /** Sums of loss and, where there are labels, of agreeing rows. */
  readonly evaluate: Program;
  /** Adds the batch's gradient to `gradients`. */
  readonly gradient: Program | undefined;
  /** One step of training; or one batch of a step, and the update behind its batches. */
  readonly train: { program: Program; update: Program | undefined } | undefined;
  /** Of one sample: its logits and targets, and a row of the Jacobian for each output. */
  readonly jacobian: { program: Program; logits: Matrix; targets: Matrix; rows: Run } | undefined;
  /** One output of one sample, and its derivatives. */
  readonly derivative: { program: Program; output: Matrix; traces: Trace[]; deltas: compile.Deltas[] } | undefined;

  readonly #architecture: Architecture;
  /** Of the parameters. */
  readonly #shapes: ParameterShape[][];
  readonly #rows: number;
  readonly #size: 4 | 8;

  constructor(architecture: Architecture, { rows, gradients, derivatives, optimizer, resident }: Needs) {
    this.#architecture = architecture;
    this.#rows = rows;
    this.#size = architecture.precision === "f64" ? 8 : 4;
    this.#shapes = parameterShapes(architecture);
    this.parameters = this.#matrices(this.#shapes);
    this.statistics = this.#matrices(statisticShapes(architecture));
    this.numbers = this.parameters.map((matrices, l) => [...matrices, ...this.statistics[l]!]);
    this.shapes = namedShapes(architecture);
    this.gradients = gradients || derivatives || resident ? this.#matrices(this.#shapes) : [];
    this.gradientRun = new Run(this.gradients.flat());
    const vectors = optimizer ? optimizerKind(optimizer).slots(optimizer).length : 0;
    this.slots = Array.from({ length: vectors }, () => this.#vector());
    this.network = new Run([...this.parameters.flat(), ...this.statistics.flat()]);
    const kind = optimizer && optimizerKind(optimizer);
    // Whole vectors, as all that lies in a run.
    this.numbersKept = new Block(16 * Math.ceil((kind?.method?.numbers(optimizer as never) ?? 0) / 2));
    this.state = new Run([this.network, ...this.slots, this.clock, this.numbersKept]);
    this.rates = new Rates(this.#shapes.flat().map(({ rate }) => rate));
    this.stagedInputs = new Block(rows * sizeOf(architecture.inputs.shape) * this.#size + GATHER_EXCESS);
    this.stagedTargets = new Block(rows * outputsOf(architecture) * this.#size + GATHER_EXCESS);
    this.stagedWeights = new Block(8 * rows);
    this.inputs = new Block(resident ? resident.x.data.byteLength + GATHER_EXCESS : 0);
    this.targets = new Block(resident ? resident.y.data.byteLength + GATHER_EXCESS : 0);
    this.weights = new Block(resident?.weights?.byteLength ?? 0);
    this.order = new Block(4 * (resident?.orderLength ?? 0));

    this.logits = this.#output((_, logits) => logits);
    this.predict = this.#output((program, logits) => link(program, architecture.loss, logits));
    if (compile.labelWidth(architecture) > 0) {
      this.classify = this.#output((program, logits) => compile.labels(program, architecture, logits, "logits"));
    }
    this.evaluate = this.#evaluate();
    if (gradients) this.gradient = this.#gradient();
    if (optimizer && resident) this.train = this.#train(optimizer, resident);
    if (kind?.leastSquares) {
      this.normal = new LeastSquaresBlocks(this.gradientRun.bytes, outputsOf(architecture));
      this.jacobian = this.#jacobian(this.normal);
    }
    if (derivatives) this.derivative = this.#derivative();
  }

  #matrices(shapes: ParameterShape[][]): Matrix[][] {
    return shapes.map((list) => list.map(({ rows, columns }) => new Matrix(rows, columns, this.#size)));
  }

  /** As long as the parameters, and divided as they are. */
  #vector(): Run {
    return new Run(this.parameters.flat().map(({ bytes }) => new Block(bytes)));
  }

  #program(keepAll = false): Program {
    const program = new Program(this.#rows, this.#size, keepAll);
    this.all.push(program);
    return program;
  }

  #source(block: Block): compile.Source {
    return { block, kernel: this.#size === 8 ? Op.GatherDoubles : Op.GatherFloats };
  }

  /** Where each layer finds its numbers. */
  #blocks(training = false): LayerBlocks[] {
    const { seed } = this.#architecture;
    return this.parameters.map((parameters, layer) => ({
      parameters,
      statistics: this.statistics[layer]!,
      training: training ? { seed, layer, cursor: this.cursor } : undefined,
    }));
  }

  #forward(
    program: Program,
    source = this.#source(this.stagedInputs),
    blocks = this.#blocks(),
    augment?: Required<Augment>,
  ): { traces: Trace[]; logits: Matrix } {
    const { inputs, seed } = this.#architecture;
    const gathered = compile.gatherInputs(program, this.#architecture, source);
    const input = augment
      ? augmentInputs(program, augment, gathered, inputs.offset, { seed, cursor: this.cursor })
      : gathered;
    const traces = compile.forward(program, this.#architecture, input, blocks);
    return { traces, logits: traces.at(-1)?.a ?? input };
  }

  #output(make: (program: Program, logits: Matrix) => Matrix): { program: Program; output: Matrix } {
    const program = this.#program();
    const { logits } = this.#forward(program);
    return { program, output: program.keep(make(program, logits)) };
  }

  #evaluate(): Program {
    const program = this.#program();
    const architecture = this.#architecture;
    const { logits } = this.#forward(program);
    const targets = compile.gatherTargets(program, architecture, this.#source(this.stagedTargets));
    compile.loss(program, architecture, logits, targets, this.tally);
    if (this.classify) {
      const predicted = compile.labels(program, architecture, logits, "logits");
      const expected = compile.labels(program, architecture, targets, "targets");
      compile.countEqual(program, predicted, expected, this.tally);
    }
    return program;
  }

  #gradient(): Program {
    const program = this.#program();
    const architecture = this.#architecture;
    const { traces, logits } = this.#forward(program);
    const targets = compile.gatherTargets(program, architecture, this.#source(this.stagedTargets));
    const delta = compile.loss(program, architecture, logits, targets, this.tally);
    compile.backward(program, architecture, traces, delta, this.#blocks(), this.#targets(Gradient.Accumulate));
    addPenalties(program, this.#trained(), this.tally);
    return program;
  }

  #train(optimizer: Optimizer, { x, y, accumulates, augment }: Resident): Programs["train"] {
    const program = this.#program();
    const updating = accumulates ? this.#program() : program;
    const architecture = this.#architecture;
    const { cursor } = this;
    const blocks = this.#blocks(true);
    tick(updating, optimizer, this);
    if (accumulates) program.add(Op.ClearGradients, this.gradientRun, this.gradientRun.bytes, cursor);
    const source = { block: this.inputs, kernel: gatherKernel(x.data), cursor };
    const { traces, logits } = this.#forward(program, source, blocks, augment);
    const kernel = y.kind === "labels" ? Op.GatherLabels : gatherKernel(y.data);
    const targets = compile.gatherTargets(program, architecture, { block: this.targets, kernel, cursor });
    const delta = compile.loss(program, architecture, logits, targets, cursor);
    const atOnce = !accumulates && descends(optimizer);
    const kind = accumulates ? Gradient.Accumulate : Gradient.Store;
    const lowest = this.#shapes.findIndex((shapes) => shapes.some(({ rate }) => rate > 0));
    if (lowest >= 0) {
      compile.backward(program, architecture, traces, delta, blocks, this.#trainingTargets(kind, atOnce), lowest);
    }
    const trained = this.#trained(atOnce);
    addPenalties(program, trained, cursor);
    update(updating, optimizer, trained, this);
    for (const [l, layer] of architecture.layers.entries()) {
      layerKind(layer).commit?.(program, layer, traces[l]!, blocks[l]!);
    }
    return { program, update: accumulates ? updating : undefined };
  }

  /** DL6 for each output in place of the loss: BP1, D_ŷ_i ŷ_i := 1, and backward into row i. */
  #jacobian({ units }: LeastSquaresBlocks): Programs["jacobian"] {
    const program = this.#program();
    const { traces, logits } = this.#forward(program);
    program.keep(logits);
    const targets = program.keep(compile.gatherTargets(program, this.#architecture, this.#source(this.stagedTargets)));
    const rows = units.parts.map((unit) => {
      const matrices = this.#matrices(this.#shapes);
      const dOutput = program.scratch(logits.shape);
      const { kernel } = this.#source(unit);
      program.add(kernel, dOutput, unit, 0, dOutput.columns, dOutput.rowBytes, new Double(1), new Double(0));
      const gradients = this.#targets(Gradient.Store).map((target, l) => ({ ...target, matrices: matrices[l]! }));
      compile.backward(program, this.#architecture, traces, dOutput, this.#blocks(), gradients);
      return new Run(matrices.flat());
    });
    return { program, logits, targets, rows: new Run(rows) };
  }

  #derivative(): Programs["derivative"] {
    const program = this.#program(true);
    const { traces, logits } = this.#forward(program);
    // BP1: D_ŷ ŷ := 1 for one of the outputs, 0 for the others; the facade stages it.
    const dOutput = program.scratch(logits.shape);
    const { block, kernel } = this.#source(this.stagedTargets);
    program.add(kernel, dOutput, block, 0, dOutput.columns, dOutput.rowBytes, new Double(1), new Double(0));
    const targets = this.#targets(Gradient.Store);
    const deltas = compile.backward(program, this.#architecture, traces, dOutput, this.#blocks(), targets);
    return { program, output: logits, traces, deltas };
  }

  /** Whether layer l's parameters descend along their gradient as it is computed. */
  #descends(l: number): boolean {
    const layer = this.#architecture.layers[l]!;
    return !!layerKind(layer).descends && this.#shapes[l]!.every(({ l1, l2 }) => l1 === 0 && l2 === 0);
  }

  /** What becomes of each layer's gradient in a step of training: `kind`, where it is of use and not descended along at once. */
  #trainingTargets(kind: Gradient, atOnce: boolean): GradientTarget[] {
    return this.#targets(kind).map((target, l) => {
      if (this.#shapes[l]!.every(({ rate }) => rate === 0)) return { ...target, kind: Gradient.Skip };
      if (!atOnce || !this.#descends(l)) return target;
      return { ...target, kind: Gradient.Descend, matrices: this.parameters[l]! };
    });
  }

  #targets(kind: Gradient): GradientTarget[] {
    const { cursor } = this;
    return this.#shapes.map((shapes, l) => {
      const rates = shapes.map(({ rate }) => this.rates.cell(rate));
      return { kind, matrices: this.gradients[l]!, rates, cursor };
    });
  }

  /** The blocks of all parameters in the order in which they lie. */
  #trained(atOnce = false): Trained[] {
    const all = this.parameters.flat();
    return this.#shapes.flatMap((shapes, l) =>
      shapes.map((shape, b) => {
        const w = this.parameters[l]![b]!;
        const i = all.indexOf(w);
        const slots = this.slots.map(({ parts }) => parts[i]!);
        return { shape, w, dw: this.gradients[l]![b]!, slots, stored: !(atOnce && this.#descends(l)) };
      }),
    );
  }
}

/** The programs of a training on batches of `rows` rows, with room for the rows of none. */
export function trainingOf(architecture: Architecture, rows: number, optimizer: Optimizer): Programs {
  const none = { data: new Float32Array(0), rows: 0, width: 0 };
  const resident = {
    x: none,
    y: { kind: "labels", data: new Int32Array(0) },
    accumulates: false,
    orderLength: 0,
  } as const;
  return new Programs(architecture, { rows, gradients: true, optimizer, resident });
}

/** What Levenberg–Marquardt works on, for vectors of `bytes` bytes and a number of outputs; all numbers are f64. */
class LeastSquaresBlocks {
  /** Rows of J that are added to JᵀJ at a time, at least those of one sample. */
  readonly rows: number;
  readonly matrix: Block;
  readonly projection: Block;
  readonly jacobian: Block;
  readonly residuals: Block;
  readonly workspace: Block;
  /** The rows of the identity: D_ŷ of each output. */
  readonly units: Run;

  constructor(bytes: number, outputs: number) {
    this.rows = outputs * Math.max(1, Math.floor(128 / outputs));
    this.matrix = new Block(normalBytes(bytes));
    this.projection = new Block(bytes);
    this.jacobian = new Block(this.rows * bytes);
    this.residuals = new Block(8 * this.rows + GATHER_EXCESS);
    this.workspace = new Block(normalWorkspaceBytes(this.rows, bytes));
    // A gather reads whole vectors.
    this.units = new Run(Array.from({ length: outputs }, () => new Block(16 * Math.ceil(outputs / 2) + GATHER_EXCESS)));
  }

  get all(): Block[] {
    return [this.matrix, this.projection, this.jacobian, this.residuals, this.workspace, this.units];
  }
}

/** The kernel that gathers rows of an array's kind. */
function gatherKernel(data: Rows["data"]): compile.Source["kernel"] {
  if (data instanceof Float32Array) return Op.GatherFloats;
  return data instanceof Float64Array ? Op.GatherDoubles : Op.GatherBytes;
}
