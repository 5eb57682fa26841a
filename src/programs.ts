import { Gradient, Op } from "../assembly/opcodes.ts";
import { type Architecture, outputsOf, parameterShapes } from "./architecture.ts";
import * as compile from "./compile.ts";
import { Cursor } from "./cursor.ts";
import type { Rows, Targets } from "./data.ts";
import type { Trace } from "./layers/layer.ts";
import { type Optimizer, optimizerKind } from "./optimizers/index.ts";
import { Block, Matrix, Run } from "./plan.ts";
import { Program } from "./program.ts";

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
  /** Row numbers that the order holds at most. */
  readonly orderLength: number;
}

/** Bytes that a gather may read past the last row. */
export const GATHER_EXCESS = 16;

/** The programs of a network and the blocks that they work on, before either has an address. */
export class Programs {
  readonly all: Program[] = [];
  /** Of training, and of evaluation. */
  readonly cursor = new Block(Cursor.BYTES);
  readonly tally = new Block(Cursor.BYTES);
  readonly rate = new Block(8);
  /** Parameters, the optimizer's slots and its clock: what a network is and how it goes on. */
  readonly state: Run;
  /** Blocks as long as the parameters, and how far the optimizer is with them. */
  readonly slots: Block[];
  readonly clock = new Block(64);
  /** Of each layer, in the order of its `parameters`. */
  readonly parameters: Matrix[][];
  readonly parameterRun: Run;
  /** The same for the gradients; of no layer where nothing needs them. */
  readonly gradients: Matrix[][];
  readonly gradientRun: Run;
  /** Rows that the facade brings in, one batch at a time, in the network's precision and without padding. */
  readonly stagedInputs: Block;
  readonly stagedTargets: Block;
  /** Rows that stay, and the order of the steps. */
  readonly inputs: Block;
  readonly targets: Block;
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
  /** One step of training. */
  readonly train: Program | undefined;
  /** One output of one sample, and its derivatives. */
  readonly derivative: { program: Program; output: Matrix; traces: Trace[]; deltas: compile.Deltas[] } | undefined;

  readonly #architecture: Architecture;
  readonly #rows: number;
  readonly #size: 4 | 8;

  constructor(architecture: Architecture, { rows, gradients, derivatives, optimizer, resident }: Needs) {
    this.#architecture = architecture;
    this.#rows = rows;
    this.#size = architecture.precision === "f64" ? 8 : 4;
    this.parameters = this.#parameterMatrices();
    this.gradients = gradients || derivatives || resident ? this.#parameterMatrices() : [];
    this.parameterRun = new Run(this.parameters.flat());
    this.gradientRun = new Run(this.gradients.flat());
    const slots = optimizer ? optimizerKind(optimizer).slots : 0;
    this.slots = Array.from({ length: slots }, () => new Block(this.parameterRun.bytes));
    this.state = new Run([this.parameterRun, ...this.slots, this.clock]);
    this.stagedInputs = new Block(rows * architecture.inputs.shape[0] * this.#size + GATHER_EXCESS);
    this.stagedTargets = new Block(rows * outputsOf(architecture) * this.#size + GATHER_EXCESS);
    this.inputs = new Block(resident ? resident.x.data.byteLength + GATHER_EXCESS : 0);
    this.targets = new Block(resident ? resident.y.data.byteLength + GATHER_EXCESS : 0);
    this.order = new Block(4 * (resident?.orderLength ?? 0));

    this.logits = this.#output((_, logits) => logits);
    this.predict = this.#output((program, logits) => compile.link(program, architecture, logits));
    if (compile.labelWidth(architecture) > 0) {
      this.classify = this.#output((program, logits) => compile.labels(program, architecture, logits, "logits"));
    }
    this.evaluate = this.#evaluate();
    if (gradients) this.gradient = this.#gradient();
    if (optimizer && resident) this.train = this.#train(optimizer, resident);
    if (derivatives) this.derivative = this.#derivative();
  }

  #parameterMatrices(): Matrix[][] {
    return parameterShapes(this.#architecture).map((shapes) =>
      shapes.map(({ rows, columns }) => new Matrix(rows, columns, this.#size)),
    );
  }

  #program(keepAll = false): Program {
    const program = new Program(this.#rows, this.#size, keepAll);
    this.all.push(program);
    return program;
  }

  #source(block: Block): compile.Source {
    return { block, kernel: this.#size === 8 ? Op.GatherDoubles : Op.GatherFloats };
  }

  #forward(program: Program, source = this.#source(this.stagedInputs)): { traces: Trace[]; logits: Matrix } {
    const input = compile.gatherInputs(program, this.#architecture, source);
    const traces = compile.forward(program, this.#architecture, input, this.parameters);
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
    const { traces, logits } = this.#forward(program);
    const targets = compile.gatherTargets(program, this.#architecture, this.#source(this.stagedTargets));
    this.#backward(
      program,
      traces,
      compile.loss(program, this.#architecture, logits, targets, this.tally),
      Gradient.Accumulate,
    );
    return program;
  }

  #train(optimizer: Optimizer, { x, y }: Resident): Program {
    const program = this.#program();
    const architecture = this.#architecture;
    const { cursor } = this;
    const { traces, logits } = this.#forward(program, { block: this.inputs, kernel: gatherKernel(x.data), cursor });
    const kernel = y.kind === "labels" ? Op.GatherLabels : gatherKernel(y.data);
    const targets = compile.gatherTargets(program, architecture, { block: this.targets, kernel, cursor });
    const delta = compile.loss(program, architecture, logits, targets, cursor);
    const { update } = optimizerKind(optimizer);
    this.#backward(program, traces, delta, update ? Gradient.Store : Gradient.Descend);
    if (this.parameterRun.bytes > 0) update?.(program, optimizer, this);
    return program;
  }

  #derivative(): Programs["derivative"] {
    const program = this.#program(true);
    const { traces, logits } = this.#forward(program);
    // BP1: D_ŷ ŷ := 1 for one of the outputs, 0 for the others; the facade stages it.
    const dOutput = compile.gatherTargets(program, this.#architecture, this.#source(this.stagedTargets));
    return { program, output: logits, traces, deltas: this.#backward(program, traces, dOutput, Gradient.Store) };
  }

  #backward(program: Program, traces: Trace[], dOutput: Matrix, kind: Gradient): compile.Deltas[] {
    const { parameters, rate, cursor } = this;
    const targets = kind === Gradient.Descend ? parameters : this.gradients;
    return compile.backward(program, this.#architecture, traces, dOutput, parameters, targets, { kind, rate, cursor });
  }
}

/** The kernel that gathers rows of an array's kind. */
function gatherKernel(data: Rows["data"]): compile.Source["kernel"] {
  if (data instanceof Float32Array) return Op.GatherFloats;
  return data instanceof Float64Array ? Op.GatherDoubles : Op.GatherBytes;
}
