import { randomNormal } from "d3-random";
import { describe, expect, test } from "vitest";
import {
  levenbergMarquardt,
  levenbergMarquardtMethod,
  MOST_PARAMETERS,
  normalBytes,
} from "../../src/optimizers/levenbergMarquardt.ts";
import {
  beale,
  bowl,
  higham,
  type Model,
  powellBadlyScaled,
  powellSingular,
  rosenbrock,
  xor,
} from "../reference/leastSquares.ts";
import { f64 } from "../reference/precision.ts";
import { seeded } from "../reference/seeded.ts";
import { iterate, PlainProblem } from "./plainProblem.ts";

const problemOf = (model: Model, start: readonly number[], optimizer = levenbergMarquardt()) =>
  PlainProblem.for(levenbergMarquardtMethod, optimizer, model, start, f64);

const valley = (n: number) => Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1.2));

/** a + b·x through (0, 1), (1, 3), (2, 4). */
const line: Model = {
  count: 2,
  divisor: 3,
  residuals: ([a, b]) => [1, 3, 4].map((y, x) => a! + b! * x - y),
  jacobian: () => [0, 1, 2].map((x) => [1, x]),
};

test("a worked example: a line through three points", () => {
  // From (0, 0): JᵀJ = [3 3; 3 5], Jᵀr = (−8, −11), loss 26/3, gradient 2/3·(−8, −11). With μ = 0.2·5 = 1 the step solves
  // [4 3; 3 6]·δ = (−8, −11): determinant 15, δ = (−15, −20)/15. So w = (1, 4/3), r = (0, −2/3, −1/3), loss 5/27.
  const optimizer = levenbergMarquardt({ damping: 0.2 });
  const problem = problemOf(line, [0, 0], optimizer);
  const first = levenbergMarquardtMethod.iterate(problem, optimizer);
  expect(first).toMatchObject({ converged: false, moved: true, evaluations: 2 });
  expect(first.gradientNorm).toBeCloseTo(22 / 3, 14);
  expect(first.loss).toBeCloseTo(5 / 27, 14);
  expect(problem.w[0]).toBeCloseTo(1, 14);
  expect(problem.w[1]).toBeCloseTo(4 / 3, 14);
  expect(problem.numbers[1]).toBeCloseTo(1 / 3, 14);
  // The least squares are at (7/6, 3/2), with r = (1, −2, 1)/6 and loss 1/18.
  const { last } = iterate(levenbergMarquardtMethod, optimizer, problem, 100);
  expect(last).toMatchObject({ converged: true, moved: false, evaluations: 1 });
  expect(last.loss).toBeCloseTo(1 / 18, 14);
  expect(problem.w[0]).toBeCloseTo(7 / 6, 9);
  expect(problem.w[1]).toBeCloseTo(3 / 2, 9);
});

test.each([
  ["Rosenbrock's valley of 2", rosenbrock(2), valley(2), [1, 1], 1e-9, 40],
  ["Rosenbrock's valley of 100", rosenbrock(100), valley(100), new Array(100).fill(1), 1e-9, 400],
  ["Beale's function", beale, beale.start, beale.minimum, 1e-9, 30],
  // Its parameters differ by six orders of magnitude.
  ["Powell's badly scaled function", powellBadlyScaled, powellBadlyScaled.start, powellBadlyScaled.minimum, 1e-7, 80],
  // A gradient of 1e-10 where the loss falls with the fourth power of the distance.
  ["Powell's singular function", powellSingular, powellSingular.start, powellSingular.minimum, 1e-3, 40],
])("the minimum of %s is reached, downhill all the way", (_, model, start, minimum, near, most) => {
  const problem = problemOf(model, start);
  let before = Infinity;
  const { iterations, last } = iterate(
    levenbergMarquardtMethod,
    levenbergMarquardt(),
    problem,
    1000,
    ({ loss, moved }) => {
      if (moved) expect(loss).toBeLessThan(before);
      before = loss;
      return false;
    },
  );
  expect(iterations).toBeLessThan(most);
  expect(last).toMatchObject({ converged: true, moved: false });
  for (const [i, value] of problem.w.entries()) expect(Math.abs(value - minimum[i]!)).toBeLessThan(near);
});

test("μ rises tenfold with each step that is refused, and falls to a third with the one that is taken", () => {
  const problem = problemOf(rosenbrock(2), valley(2));
  // The largest element of JᵀJ is (20·1.2)² + 1.
  let mu = 0.1 * 577;
  let refused = 0;
  for (let iteration = 0; iteration < 20; iteration++) {
    const { evaluations } = levenbergMarquardtMethod.iterate(problem, levenbergMarquardt());
    refused += evaluations - 2;
    for (let i = 0; i < evaluations - 2; i++) mu *= 10;
    mu /= 3;
    expect(problem.numbers[1]).toBeCloseTo(mu, 12);
  }
  expect(refused).toBeGreaterThan(2);
});

test("a run resumed from a copy of parameters, slots and numbers takes the same steps, bit for bit", () => {
  const problem = problemOf(rosenbrock(5), valley(5));
  for (let iteration = 0; iteration < 12; iteration++) {
    const resumed = problemOf(rosenbrock(5), new Array(5).fill(7));
    resumed.resume(problem.copy());
    const next = levenbergMarquardtMethod.iterate(problem, levenbergMarquardt());
    expect(levenbergMarquardtMethod.iterate(resumed, levenbergMarquardt())).toEqual(next);
    expect(resumed.copy()).toEqual(problem.copy());
  }
});

test("where the loss rises against its derivatives nothing moves, and the parameters are as they were", () => {
  const honest = bowl([1, 2, 3], [1, -1, 1]);
  const model = { ...honest, jacobian: () => honest.jacobian([]).map((row) => row.map((value) => -value)) };
  const problem = problemOf(model, [0, 0, 0]);
  // Even the last of 30 trials is a step of some 1e-10.
  problem.numbers[1] = 1e-30;
  const stopped = { loss: 14, gradientNorm: 18, converged: false, moved: false, evaluations: 31 };
  expect(levenbergMarquardtMethod.iterate(problem, levenbergMarquardt())).toEqual(stopped);
  expect(problem.w).toEqual([0, 0, 0]);
});

test("parameters that would overflow are not tried, though the loss might be finite there", () => {
  // r / J = 1e150 / 3e-159 is beyond the largest number.
  const model: Model = {
    count: 1,
    divisor: 1,
    residuals: ([w]) => [Number.isFinite(w) ? 1e150 : 0],
    jacobian: () => [[3e-159]],
  };
  const problem = problemOf(model, [0], levenbergMarquardt({ damping: 1e-6 }));
  expect(levenbergMarquardtMethod.iterate(problem, levenbergMarquardt({ damping: 1e-6 })).moved).toBe(false);
  expect(problem.visited.flat().every(Number.isFinite)).toBe(true);
});

test("losses and derivatives that are not finite at the start are handed on, without a step", () => {
  const poles: [Partial<Model>, number][] = [
    [{ residuals: () => [Number.NaN, 1] }, Number.NaN],
    [{ residuals: () => [Infinity, 1] }, Infinity],
    [
      {
        jacobian: () => [
          [Number.NaN, 1],
          [0, 1],
        ],
      },
      5,
    ],
    [
      {
        jacobian: () => [
          [1e200, 1],
          [0, 1],
        ],
      },
      5,
    ],
  ];
  for (const [broken, loss] of poles) {
    const problem = problemOf({ ...bowl([1, 2], [0, 0]), ...broken }, [1, 1]);
    const last = levenbergMarquardtMethod.iterate(problem, levenbergMarquardt());
    expect(last).toMatchObject({ loss, converged: false, moved: false, evaluations: 1 });
    expect(problem.w).toEqual([1, 1]);
  }
});

test("a trial whose loss is not finite is refused, and the next is shorter", () => {
  // r = √w − 1 exists from 0 on; from 9 the undamped step, −2(w − √w), leads to −3.
  const root: Model = {
    count: 1,
    divisor: 1,
    residuals: ([w]) => [Math.sqrt(w!) - 1],
    jacobian: ([w]) => [[0.5 / Math.sqrt(w!)]],
  };
  const optimizer = levenbergMarquardt({ damping: 1e-3 });
  const problem = problemOf(root, [9], optimizer);
  expect(levenbergMarquardtMethod.iterate(problem, optimizer).evaluations).toBeGreaterThan(2);
  expect(iterate(levenbergMarquardtMethod, optimizer, problem, 100).last.converged).toBe(true);
  expect(problem.w[0]).toBeCloseTo(1, 9);
  expect(problem.visited.flat().every(Number.isFinite)).toBe(true);
});

describe("networks", () => {
  // 200 of 200 starts came below it, 999 of 1,000, after 27 iterations (median).
  test("of 20 starts on Higham & Higham's points 18 and more end below a cost of 1e-6", () => {
    const model = higham();
    const below = ({ loss }: { loss: number }) => 20 * loss < 1e-6;
    const good = Array.from({ length: 20 }, (_, seed) => {
      const start = Array.from({ length: model.count }, randomNormal.source(seeded(seed + 1))(0, 0.5));
      return below(iterate(levenbergMarquardtMethod, levenbergMarquardt(), problemOf(model, start), 1000, below).last);
    }).filter(Boolean);
    expect(good.length).toBeGreaterThanOrEqual(18);
  });

  // 5,000 of 5,000 starts came below it, after 5 iterations (median), 177 at most.
  test("exclusive or is learnt from 99 % of 300 starts within 500 iterations, without a second start", () => {
    const model = xor();
    const below = ({ loss }: { loss: number }) => loss < 1e-3;
    const good = Array.from({ length: 300 }, (_, seed) => {
      const problem = problemOf(model, model.glorot(seeded(seed + 1)));
      return below(iterate(levenbergMarquardtMethod, levenbergMarquardt(), problem, 500, below).last);
    }).filter(Boolean);
    expect(good.length).toBeGreaterThanOrEqual(297);
  });
});

test("the description is frozen, options that are not its own are refused by name, and the memory is that of JᵀJ", () => {
  expect(levenbergMarquardt()).toEqual({ type: "levenbergMarquardt", damping: 0.1, tolerance: 1e-10 });
  expect(Object.isFrozen(levenbergMarquardt())).toBe(true);
  expect(() => levenbergMarquardt({ damping: 0 })).toThrow(
    new RangeError("levenbergMarquardt: damping is 0, expected a positive finite number"),
  );
  expect(() => levenbergMarquardt({ memory: 3 } as never)).toThrow(TypeError);
  expect(() => levenbergMarquardtMethod.check("fit", { ...levenbergMarquardt(), tolerance: Number.NaN })).toThrow(
    RangeError,
  );
  expect(normalBytes(8 * MOST_PARAMETERS)).toBe(1500 * 1500 * 8);
});
