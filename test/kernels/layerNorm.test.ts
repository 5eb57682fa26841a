import { describe, expect, test } from "vitest";
import { Gradient, Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import type { Parameters, Size } from "../reference/batchNorm.ts";
import * as reference from "../reference/layerNorm.ts";
import { f64, type Numbers, normal, PRECISIONS, type Precision } from "../reference/precision.ts";
import { expectDerivative } from "./differences.ts";
import { Arena, expectClose, type Rows } from "./harness.ts";

const EPSILON = 1e-5;
/** On both sides of one and two chunks of 64 rows. */
const ROWS = [1, 2, 3, 4, 5, 7, 16, 33, 63, 64, 65, 70, 127, 128, 130];
const MOST = 130 * 33;

interface Options {
  readonly epsilon?: number;
  /** Of the padding of X. */
  readonly garbage?: number;
  readonly repeat?: number;
}

/** The forward in a cleared arena. */
function forward(
  arena: Arena,
  x: Numbers,
  parameters: Parameters,
  { rows, columns }: Size,
  { epsilon = EPSILON, garbage = Number.NaN, repeat = 1 }: Options = {},
  inPlace = false,
) {
  arena.clear();
  const X = arena.inOut(x, rows, columns, { value: garbage });
  const gamma = arena.input(parameters.gamma, 1, columns, { value: 0 });
  const beta = arena.input(parameters.beta, 1, columns, { value: 0 });
  const a = inPlace ? X : arena.output(rows, columns);
  // [rows][2], one row behind the other.
  const statistics = arena.output(1, 2 * rows);
  const sizes = [columns, repeat, X.rowBytes];
  arena.run(rows / repeat, [Op.LayerNormForward, ...[a, X, gamma, beta, statistics, ...sizes, new Double(epsilon)]]);
  return { X, gamma, a, statistics, repeat };
}

interface Backward {
  /** What D_γ and D_β are added to. */
  readonly start?: Parameters | undefined;
  /** Where D_X goes. */
  readonly to?: "dx" | "da" | "x" | "none";
}

/** The backward behind a forward. */
function backward(
  arena: Arena,
  { X, gamma, statistics, repeat }: ReturnType<typeof forward>,
  da: Numbers,
  { start, to = "dx" }: Backward = {},
) {
  const { rows, columns } = X;
  const zero = { value: 0 };
  const DA = arena.inOut(da, rows, columns, zero);
  const dx = { dx: () => arena.output(rows, columns), da: () => DA, x: () => X, none: () => 0 as const }[to]();
  const parameter = (values?: Numbers) =>
    values ? arena.inOut(values, 1, columns, zero) : arena.output(1, columns, zero);
  const [dgamma, dbeta] = [parameter(start?.gamma), parameter(start?.beta)];
  const gradient = start ? Gradient.Accumulate : Gradient.Store;
  const sizes = [columns, repeat, X.rowBytes];
  arena.run(rows / repeat, [
    Op.LayerNormBackward,
    ...[dx, DA, X, gamma, statistics, dgamma, dbeta, ...sizes, gradient, arena.workspace(2 * X.rowBytes)],
  ]);
  return { dx: dx as Rows, dgamma, dbeta };
}

const parametersOf = (precision: Precision, columns: number, seed: number): Parameters => ({
  gamma: normal(precision, columns, seed),
  beta: normal(precision, columns, seed + 1),
});

describe.each(PRECISIONS)("layer normalization in $name", async (precision) => {
  const arena = await Arena.create(precision);
  const x = normal(precision, MOST, 1).map((value) => value + 3) as Numbers;
  const da = normal(precision, MOST, 2);

  test.each([
    { to: "dx", garbage: Number.NaN, accumulate: false },
    { to: "da", garbage: Infinity, accumulate: true },
    { to: "x", garbage: -Infinity, accumulate: false },
    { to: "none", garbage: 1e30, accumulate: true },
  ] as const)(
    "is the plain reference, bit for bit, for every width, whatever the padding ($garbage): D_X in place of $to",
    ({ to, garbage, accumulate }) => {
      for (let columns = 1; columns <= 33; columns++) {
        const parameters = parametersOf(precision, columns, 3);
        const start = accumulate ? parametersOf(precision, columns, 5) : undefined;
        for (const rows of ROWS) {
          const size = { rows, columns };
          const [X, D] = [x.slice(0, rows * columns), da.slice(0, rows * columns)] as [Numbers, Numbers];
          const s = reference.statistics(precision, X, size, EPSILON);
          const label = `${rows} × ${columns}`;
          const layer = forward(arena, X, parameters, size, { garbage });
          const pairs = Array.from(s.mean, (mean, i) => [mean, s.inverse[i]!]).flat();
          arena.expectExactly(layer.statistics, pairs, undefined, `${label}: the statistics`);
          arena.expectExactly(layer.a, reference.forward(precision, X, parameters, s), undefined, `${label}: A`);

          const { dx, dgamma, dbeta } = backward(arena, layer, D, { start, to });
          const sums = reference.parameterGradients(precision, D, X, s, size, start);
          arena.expectExactly(dgamma, sums.gamma, 0, `${label}: D_γ`);
          arena.expectExactly(dbeta, sums.beta, 0, `${label}: D_β`);
          if (to === "none") continue;
          const gradient = reference.inputGradient(precision, D, X, parameters.gamma, s, size);
          arena.expectExactly(dx, gradient, 0, `${label}: D_X`);
        }
      }
    },
  );

  test("a row gives the same bits alone, in a batch, and in place", () => {
    for (const columns of [1, 7, 16, 33]) {
      const parameters = parametersOf(precision, columns, 3);
      const rows = (first: number, count: number) => {
        const part = x.slice(first * columns, (first + count) * columns) as Numbers;
        const layer = forward(arena, part, parameters, { rows: count, columns }, {}, first % 2 === 1);
        return arena.values(layer.a);
      };
      expect(Array.from({ length: 70 }, (_, i) => rows(i, 1)).flat()).toEqual(rows(0, 70));
    }
  });

  test("the gradient of the parameters over 130 rows is that of 64, 64 and 2 accumulated, bit for bit", () => {
    const parameters = parametersOf(precision, 5, 3);
    const slice = (values: Numbers, from: number, to: number) => values.slice(from * 5, to * 5) as Numbers;
    const part = (from: number, to: number, start?: Parameters): Parameters => {
      const layer = forward(arena, slice(x, from, to), parameters, { rows: to - from, columns: 5 });
      const { dgamma, dbeta } = backward(arena, layer, slice(da, from, to), { start });
      return { gamma: precision.array(arena.values(dgamma)), beta: precision.array(arena.values(dbeta)) };
    };
    expect(part(128, 130, part(64, 128, part(0, 64)))).toEqual(part(0, 130));
  });

  test("the positions of an image are as many rows, and each image a chunk of the gradient of the parameters", () => {
    const parameters = parametersOf(precision, 5, 3);
    const images = (from: number, to: number, repeat: number, start?: Parameters) => {
      const part = (values: Numbers) => values.slice(from * 130, to * 130) as Numbers;
      const layer = forward(arena, part(x), parameters, { rows: 26 * (to - from), columns: 5 }, { repeat });
      const a = arena.values(layer.a);
      const { dx, dgamma, dbeta } = backward(arena, layer, part(da), { start });
      const gradient = { gamma: precision.array(arena.values(dgamma)), beta: precision.array(arena.values(dbeta)) };
      return { a, dx: arena.values(dx), gradient };
    };
    const whole = images(0, 5, 26);
    const rows = images(0, 5, 1);
    expect([whole.a, whole.dx]).toEqual([rows.a, rows.dx]);
    let one = images(0, 1, 26).gradient;
    for (let i = 1; i < 5; i++) one = images(i, i + 1, 26, one).gradient;
    expect(one).toEqual(whole.gradient);
  });

  test("NaN and ∞ make their own row NaN, and change no other", () => {
    const size = { rows: 3, columns: 2 * precision.lanes + 1 };
    const parameters = parametersOf(precision, size.columns, 3);
    const clean = x.slice(0, size.rows * size.columns) as Numbers;
    const expected = arena.values(forward(arena, clean, parameters, size).a);
    for (const special of [Number.NaN, Infinity]) {
      for (let at = 0; at < clean.length; at++) {
        const spoilt = clean.with(at, special) as Numbers;
        const own = (i: number) => Math.floor(i / size.columns) === Math.floor(at / size.columns);
        const wanted = expected.map((value, i) => (own(i) ? Number.NaN : value));
        expect(arena.values(forward(arena, spoilt, parameters, size).a)).toEqual(wanted);
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
    for (const columns of [2, 3, 8, 33, 128, 784]) {
      const size = { rows: 5, columns };
      const x = normal(precision, 5 * columns, 11).map((value) => value + centre) as Numbers;
      const parameters = parametersOf(precision, columns, 3);
      const a = arena.values(forward(arena, x, parameters, size).a);
      const s = reference.statistics(f64, f64.array(x), size, EPSILON);
      const wide = { gamma: f64.array(parameters.gamma), beta: f64.array(parameters.beta) };
      const expected = reference.forward(f64, f64.array(x), wide, s);
      // Each number passes through the additions of one of 8 partial sums, three of the tree, and a division.
      const roundings = Math.ceil(columns / 8) + 4;
      const largest = Math.max(...x.map(Math.abs));
      for (let k = 0; k < x.length; k++) {
        const i = Math.floor(k / columns);
        const inverse = s.inverse[i]!;
        const normalized = Math.abs(x[k]! - s.mean[i]!) * inverse;
        // In deviations: the mean's error moves all by as much; that of the variance, relative, counts half.
        const mean = roundings * unit * largest * inverse;
        const variance = ((roundings + 5) * unit) / 2 + mean ** 2;
        const error = Math.abs(wide.gamma[k % columns]!) * (mean + normalized * (variance + 5 * unit));
        expectClose(a[k]!, expected[k]!, error + unit * Math.abs(expected[k]!), `${columns} columns: number ${k}`);
      }
    }
  },
);

describe("the derivatives are central differences in f64", async () => {
  const arena = await Arena.create(f64);

  test.each([
    [1, 2, 0.1],
    [3, 2, 0.1],
    [4, 3, EPSILON],
    [2, 5, EPSILON],
    [5, 17, EPSILON],
    [2, 33, EPSILON],
    [70, 3, 0.1],
  ])("of %d rows and %d columns, ε = %d", (rows, columns, epsilon) => {
    const size = { rows, columns };
    const point = { x: normal(f64, rows * columns, 12), ...parametersOf(f64, columns, 13) };
    const c = normal(f64, rows * columns, 15);
    const at = (p: typeof point) => forward(arena, p.x, p, size, { epsilon });
    const summed = (p: typeof point) => arena.values(at(p).a).reduce((sum, value, i) => sum + c[i]! * value, 0);
    const { dx, dgamma, dbeta } = backward(arena, at(point), c);
    expectDerivative(summed, point, {
      x: arena.values(dx),
      gamma: arena.values(dgamma),
      beta: arena.values(dbeta),
    });
  });
});
