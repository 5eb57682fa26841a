import { describe, expect, test } from "vitest";
import { Gradient, Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import * as reference from "../reference/batchNorm.ts";
import { f64, type Numbers, normal, PRECISIONS, type Precision, uniform } from "../reference/precision.ts";
import { expectDerivative } from "./differences.ts";
import { Arena, expectClose, type Rows } from "./harness.ts";

const EPSILON = 1e-5;
/** On both sides of one and two chunks of 64 rows. */
const ROWS = [2, 3, 4, 5, 7, 16, 33, 63, 64, 65, 70, 127, 128, 130];
const MOST = 130 * 33;

/** The layer's kernels on one batch: X, D_A and what they leave. */
class Layer {
  readonly arena: Arena;
  readonly size: reference.Size;
  readonly repeat: number;
  readonly x: Rows;
  readonly gamma: Rows;
  readonly beta: Rows;
  readonly mean: Rows;
  readonly variance: Rows;
  readonly inverse: Rows;
  readonly #epsilon: Double;

  /** The statistics are given for prediction, and written in training. The padding of X is `garbage`. */
  constructor(
    arena: Arena,
    x: Numbers,
    { gamma, beta }: reference.Parameters,
    size: reference.Size,
    { given, epsilon = EPSILON, garbage = Number.NaN, repeat = 1 }: Options = {},
  ) {
    arena.clear();
    const { rows, columns } = size;
    this.arena = arena;
    this.size = size;
    this.repeat = repeat;
    this.#epsilon = new Double(epsilon);
    this.x = arena.inOut(x, rows, columns, { value: garbage });
    this.gamma = arena.input(gamma, 1, columns, { value: 0 });
    this.beta = arena.input(beta, 1, columns, { value: 0 });
    const statistic = (values?: Numbers) =>
      values ? arena.input(values, 1, columns, { value: 0 }) : arena.output(1, columns);
    this.mean = statistic(given?.mean);
    this.variance = statistic(given?.variance);
    this.inverse = statistic();
  }

  #run(op: Op, ...args: (Rows | Double | number)[]): void {
    this.arena.run(this.size.rows / this.repeat, [op, ...args]);
  }

  #output(values?: Numbers, rows = this.size.rows): Rows {
    const { columns } = this.size;
    return values ? this.arena.inOut(values, rows, columns, { value: 0 }) : this.arena.output(rows, columns);
  }

  forward(a = this.#output()): Rows {
    const { x, gamma, beta, mean, variance, inverse, size } = this;
    const sizes = [size.columns, this.repeat, x.rowBytes];
    this.#run(Op.BatchNormForward, a, x, gamma, beta, mean, variance, inverse, ...sizes, this.#epsilon);
    return a;
  }

  apply(a = this.#output()): Rows {
    const { x, gamma, beta, mean, variance, inverse } = this;
    const sizes = [this.repeat, x.rowBytes];
    this.#run(Op.BatchNormApply, a, x, gamma, beta, mean, variance, ...sizes, inverse, this.#epsilon);
    return a;
  }

  /** `start`: what D_γ and D_β are added to. */
  backward(op: Op.BatchNormBackward | Op.BatchNormApplyBackward, da: Numbers, { start, to = "dx" }: Backward = {}) {
    const { arena, x, gamma, mean, size } = this;
    const DA = this.#output(da);
    const dx = { dx: () => this.#output(), da: () => DA, x: () => x, none: () => 0 as const }[to]();
    const [dgamma, dbeta] = [this.#output(start?.gamma, 1), this.#output(start?.beta, 1)];
    const sizes = [size.columns, this.repeat, x.rowBytes, start ? Gradient.Accumulate : Gradient.Store];
    if (op === Op.BatchNormBackward) {
      const workspace = arena.workspace(4 * x.rowBytes);
      this.#run(op, dx, DA, x, gamma, mean, this.inverse, dgamma, dbeta, ...sizes, workspace as Rows);
    } else {
      const workspace = arena.workspace(3 * x.rowBytes);
      const all = [dx, DA, x, gamma, mean, this.variance, dgamma, dbeta, ...sizes, workspace as Rows];
      this.#run(op, ...all, this.#epsilon);
    }
    return { dx: dx as Rows, dgamma, dbeta };
  }
}

interface Options {
  readonly given?: reference.Statistics;
  readonly epsilon?: number;
  readonly garbage?: number;
  readonly repeat?: number;
}

interface Backward {
  readonly start?: reference.Parameters;
  readonly to?: "dx" | "da" | "x" | "none";
}

/** Numbers of the layer as they occur; the statistics are those of other rows. */
function drawn(precision: Precision, columns: number) {
  const { array } = precision;
  const parameters = { gamma: normal(precision, columns, 2), beta: normal(precision, columns, 3) };
  const start = { gamma: normal(precision, columns, 4), beta: normal(precision, columns, 5) };
  const running = {
    mean: normal(precision, columns, 6),
    variance: array(uniform(precision, columns, 7).map((v) => v + 0.1)),
  };
  return { parameters, start, running };
}

const MODES = [
  { to: "dx", garbage: Number.NaN, accumulate: false },
  { to: "da", garbage: Infinity, accumulate: true },
  { to: "x", garbage: -Infinity, accumulate: false },
  { to: "none", garbage: 1e30, accumulate: true },
] as const;

describe.each(PRECISIONS)("batch normalization in $name", async (precision) => {
  const { array, round, epsilon: unit, largest } = precision;
  const arena = await Arena.create(precision);
  const x = normal(precision, MOST, 1).map((value) => value + 3) as Numbers;
  const da = normal(precision, MOST, 8);

  test.each(MODES)(
    "training is the plain reference, bit for bit, for every width, whatever the padding ($garbage): D_X in place of $to",
    ({ to, garbage, accumulate }) => {
      for (let columns = 1; columns <= 33; columns++) {
        const { parameters, start } = drawn(precision, columns);
        for (const rows of ROWS) {
          const size = { rows, columns };
          const [X, D] = [x.slice(0, rows * columns), da.slice(0, rows * columns)] as [Numbers, Numbers];
          const layer = new Layer(arena, X, parameters, size, { garbage });
          const a = layer.forward();
          const s = reference.statistics(precision, X, size);
          const label = `${rows} × ${columns}`;
          arena.expectExactly(layer.mean, s.mean, 0, `${label}: the mean`);
          arena.expectExactly(layer.variance, s.variance, 0, `${label}: the variance`);
          arena.expectExactly(layer.inverse, reference.inverse(precision, s, EPSILON), undefined, `${label}: 1/√`);
          arena.expectExactly(a, reference.forward(precision, X, parameters, s, EPSILON), undefined, `${label}: A`);

          const { dx, dgamma, dbeta } = layer.backward(Op.BatchNormBackward, D, accumulate ? { start, to } : { to });
          const sums = reference.parameterGradients(precision, D, X, s, EPSILON, size);
          const added = (key: "gamma" | "beta") =>
            accumulate ? sums[key].map((value, j) => start[key][j]! + value) : sums[key];
          arena.expectExactly(dgamma, added("gamma"), 0, `${label}: D_γ`);
          arena.expectExactly(dbeta, added("beta"), 0, `${label}: D_β`);
          if (to === "none") continue;
          const gradient = reference.inputGradient(precision, D, X, parameters.gamma, s, EPSILON, size);
          arena.expectExactly(dx, gradient, 0, `${label}: D_X`);
        }
      }
    },
  );

  test.each(MODES)(
    "prediction and its gradient are the plain reference, bit for bit, for every width, whatever the padding ($garbage): D_X in place of $to",
    ({ to, garbage, accumulate }) => {
      for (let columns = 1; columns <= 33; columns++) {
        const { parameters, start, running } = drawn(precision, columns);
        for (const rows of [1, ...ROWS]) {
          const [X, D] = [x.slice(0, rows * columns), da.slice(0, rows * columns)] as [Numbers, Numbers];
          const layer = new Layer(arena, X, parameters, { rows, columns }, { given: running, garbage });
          const label = `${rows} × ${columns}`;
          const a = layer.apply();
          arena.expectExactly(a, reference.forward(precision, X, parameters, running, EPSILON), undefined, label);

          const options = accumulate ? { start, to } : { to };
          const { dx, dgamma, dbeta } = layer.backward(Op.BatchNormApplyBackward, D, options);
          const from = accumulate ? start : undefined;
          const sums = reference.parameterGradients(precision, D, X, running, EPSILON, { rows, columns }, from);
          arena.expectExactly(dgamma, sums.gamma, 0, `${label}: D_γ`);
          arena.expectExactly(dbeta, sums.beta, 0, `${label}: D_β`);
          if (to === "none") continue;
          const gradient = reference.appliedInputGradient(precision, D, parameters.gamma, running, EPSILON);
          arena.expectExactly(dx, gradient, 0, `${label}: D_X`);
        }
      }
    },
  );

  test("the positions of an image count as rows: 2 images of 64 are 128", () => {
    const size = { rows: 128, columns: 3 };
    const X = x.slice(0, 384) as Numbers;
    const { parameters, running } = drawn(precision, 3);
    const all = (repeat: number) => {
      const trained = new Layer(arena, X, parameters, size, { repeat });
      const forward = arena.values(trained.forward(trained.x));
      const layer = new Layer(arena, X, parameters, size, { repeat, given: running });
      const applied = arena.values(layer.apply());
      const back = [Op.BatchNormBackward, Op.BatchNormApplyBackward].map((op) => {
        const l = new Layer(arena, X, parameters, size, {
          repeat,
          ...(op === Op.BatchNormBackward ? {} : { given: running }),
        });
        if (op === Op.BatchNormBackward) l.forward();
        return Object.values(l.backward(op as never, da.slice(0, 384) as Numbers)).map((m) => arena.values(m));
      });
      return { forward, applied, back };
    };
    expect(all(64)).toEqual(all(1));
  });

  test("the gradient in prediction of 5 images of 26 positions is that of each accumulated, bit for bit", () => {
    const { parameters, running } = drawn(precision, 5);
    const images = (from: number, to: number, start?: reference.Parameters): reference.Parameters => {
      const part = (values: Numbers) => values.slice(from * 130, to * 130) as Numbers;
      const size = { rows: 26 * (to - from), columns: 5 };
      const layer = new Layer(arena, part(x), parameters, size, { given: running, repeat: 26 });
      const { dgamma, dbeta } = layer.backward(Op.BatchNormApplyBackward, part(da), start ? { start } : {});
      return { gamma: precision.array(arena.values(dgamma)), beta: precision.array(arena.values(dbeta)) };
    };
    let one = images(0, 1);
    for (let i = 1; i < 5; i++) one = images(i, i + 1, one);
    expect(one).toEqual(images(0, 5));
  });

  test("the gradient in prediction of 130 rows is that of 64, 64 and 2 accumulated, bit for bit", () => {
    const { parameters, running } = drawn(precision, 5);
    const slice = (values: Numbers, from: number, to: number) => values.slice(from * 5, to * 5) as Numbers;
    const part = (from: number, to: number, start?: reference.Parameters) => {
      const size = { rows: to - from, columns: 5 };
      const layer = new Layer(arena, slice(x, from, to), parameters, size, { given: running });
      const { dgamma, dbeta } = layer.backward(Op.BatchNormApplyBackward, slice(da, from, to), start ? { start } : {});
      return { gamma: array(arena.values(dgamma)), beta: array(arena.values(dbeta)) };
    };
    expect(part(128, 130, part(64, 128, part(0, 64)))).toEqual(part(0, 130));
  });

  /** Commits statistics of `rows` rows to running ones of mean 0 and variance 1. */
  function commit(mean: number[], variance: number[], rows: number, momentum: number, repeat = 1) {
    arena.clear();
    const n = mean.length;
    const running = [new Array(n).fill(0), new Array(n).fill(1)].map((v) => arena.inOut(v, 1, n, { value: 0 }));
    const batch = [mean, variance].map((values) => arena.input(values, 1, n, { value: 0 }));
    const cursor = arena.cursor({ step: 3 });
    const args = [...running, ...batch, running[0]!.bytes, repeat, cursor, new Double(momentum)];
    arena.run(rows / repeat, [Op.BatchNormCommit, ...args]);
    expect(arena.cursorFields(cursor)).toMatchObject({ step: 3, loss: 0, divisor: 1 });
    const padding = running.flatMap((m) => Array.from(arena.padded(m)).slice(n));
    expect(padding.every((value) => value === 0)).toBe(true);
    const [m, v] = running.map((matrix) => arena.values(matrix));
    return { mean: m!, variance: v!, health: arena.cursorFields(cursor).health };
  }

  test("the commit matches a worked example", () => {
    // Of 1, 2, 3, 6: mean 12/4 = 3, biased variance (4 + 1 + 0 + 9)/4 = 3.5, unbiased 14/3.
    // From mean 0 and variance 1 with momentum 0.25: 0.25·3 = 0.75, and 0.75·1 + 0.25·14/3 = 23/12.
    const column = array([1, 2, 3, 6]);
    const parameters = { gamma: array([1]), beta: array([0]) };
    const layer = new Layer(arena, column, parameters, { rows: 4, columns: 1 });
    layer.forward();
    const [mean, variance] = [arena.values(layer.mean), arena.values(layer.variance)];
    expect([mean, variance]).toEqual([[3], [3.5]]);
    for (const repeat of [1, 2]) {
      const committed = commit(mean, variance, 4, 0.25, repeat);
      // 0.25·4/3, its product with 3.5, the sum: three roundings of numbers up to 2
      expect(committed).toMatchObject({ mean: [0.75], health: 0 });
      expectClose(committed.variance[0]!, 23 / 12, 3 * unit, "the running variance");
    }
  });

  test("the commit is the formula for every width, each operation rounded", () => {
    const momentum = 0.1;
    for (let n = 1; n <= 33; n++) {
      const { mean, variance } = drawn(precision, n).running;
      const [share, unbiased, rest] = [momentum, (momentum * 7) / 6, 1 - momentum].map(round);
      expect(commit([...mean], [...variance], 7, momentum)).toEqual({
        mean: [...mean].map((m) => round(round(share! * m) + 0)),
        variance: [...variance].map((v) => round(rest! + round(unbiased! * v))),
        health: 0,
      });
    }
  });

  test.each([Infinity, -Infinity, Number.NaN])(
    "the health is NaN as soon as a statistic is %s, wherever it is",
    (special) => {
      for (let at = 0; at < 9; at++) {
        const values = new Array(9).fill(1);
        expect(commit(values.with(at, special), values, 5, 0.1).health).toBeNaN();
        expect(commit(values, values.with(at, special), 5, 0.1).health).toBeNaN();
      }
    },
  );

  test("a variance that overflows shows in the health, though A is finite", () => {
    const column = array([Math.sqrt(largest) * 4, 0, 1]);
    const parameters = { gamma: array([1]), beta: array([0.5]) };
    const layer = new Layer(arena, column, parameters, { rows: 3, columns: 1 });
    expect(arena.values(layer.forward())).toEqual([0.5, 0.5, 0.5]);
    const [mean, variance] = [arena.values(layer.mean), arena.values(layer.variance)];
    expect(commit(mean, variance, 3, 0.1).health).toBeNaN();
  });

  test("NaN and ∞ make their own column NaN, and change no other", () => {
    const [rows, columns] = [5, 2 * precision.lanes + 1];
    const { parameters } = drawn(precision, columns);
    const clean = x.slice(0, rows * columns) as Numbers;
    const forward = (values: Numbers) =>
      arena.values(new Layer(arena, values, parameters, { rows, columns }).forward());
    const expected = forward(clean);
    for (const special of [Number.NaN, Infinity]) {
      for (let at = 0; at < rows * columns; at++) {
        const spoilt = clean.slice() as Numbers;
        spoilt[at] = special;
        const own = (i: number) => i % columns === at % columns;
        expect(forward(spoilt)).toEqual(expected.map((value, i) => (own(i) ? Number.NaN : value)));
      }
    }
  });
});

test.each([0, 1, 100, 1e4])(
  "in f32 the error is that of the formula's roundings, around a mean of %d",
  async (centre) => {
    const precision = PRECISIONS[0]!;
    const arena = await Arena.create(precision);
    const unit = precision.epsilon / 2;
    for (const rows of [2, 3, 64, 65, 130]) {
      const size = { rows, columns: 7 };
      const x = normal(precision, rows * 7, 11).map((value) => value + centre) as Numbers;
      const { parameters } = drawn(precision, 7);
      const layer = new Layer(arena, x, parameters, size);
      const a = arena.values(layer.forward());
      const exact = reference.statistics(f64, f64.array(x), size);
      const wide = { gamma: f64.array(parameters.gamma), beta: f64.array(parameters.beta) };
      const expected = reference.forward(f64, f64.array(x), wide, exact, EPSILON);
      const inverses = reference.inverse(f64, exact, EPSILON);
      // Each number passes through at most 64 additions of its chunk, one of each chunk, and a division.
      const roundings = Math.min(rows, 64) + Math.ceil(rows / 64);
      const largest = Math.max(...x.map(Math.abs));
      for (let i = 0; i < x.length; i++) {
        const j = i % 7;
        const inv = inverses[j]!;
        const normalized = Math.abs(x[i]! - exact.mean[j]!) * inv;
        // In deviations: the mean's error moves all by as much; that of the variance, relative, counts half.
        const mean = roundings * unit * largest * inv;
        const variance = ((roundings + 6) * unit) / 2 + mean ** 2;
        const error = Math.abs(wide.gamma[j]!) * (mean + normalized * (variance + 5 * unit));
        expectClose(a[i]!, expected[i]!, error + unit * Math.abs(expected[i]!), `${rows} rows: number ${i}`);
      }
    }
  },
);

describe("the derivatives are central differences in f64", async () => {
  const arena = await Arena.create(f64);

  test.each([
    [2, 1, 0.1],
    [2, 3, 0.1],
    [3, 4, EPSILON],
    [5, 2, EPSILON],
    [17, 5, EPSILON],
    [70, 2, EPSILON],
    [130, 3, EPSILON],
  ])("of %d rows and %d columns, ε = %d", (rows, columns, epsilon) => {
    const size = { rows, columns };
    const { parameters, running } = drawn(f64, columns);
    const at = { x: normal(f64, rows * columns, 12), ...parameters };
    const c = normal(f64, rows * columns, 13);
    const summed = (a: Rows) => arena.values(a).reduce((sum, value, i) => sum + c[i]! * value, 0);
    const named = ({ dx, dgamma, dbeta }: ReturnType<Layer["backward"]>) => ({
      x: arena.values(dx),
      gamma: arena.values(dgamma),
      beta: arena.values(dbeta),
    });

    const trained = (p: typeof at) => new Layer(arena, p.x, p, size, { epsilon });
    const layer = trained(at);
    layer.forward();
    expectDerivative((p) => summed(trained(p).forward()), at, named(layer.backward(Op.BatchNormBackward, c)));

    const applied = (p: typeof at) => new Layer(arena, p.x, p, size, { epsilon, given: running });
    const gradients = named(applied(at).backward(Op.BatchNormApplyBackward, c));
    expectDerivative((p) => summed(applied(p).apply()), at, gradients);
  });
});
