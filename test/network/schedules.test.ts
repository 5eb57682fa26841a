import { describe, expect, test } from "vitest";
import {
  constant,
  cosine,
  DivergedError,
  dense,
  exponentialDecay,
  type LearningRate,
  Network,
  oneCycle,
  piecewise,
  reduceOnPlateau,
  type Schedule,
  type ScheduleTime,
  sgd,
  stepDecay,
} from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";
import { regression, scalars, x } from "./samples.ts";

/** ŷ = w + b, far below its target: its gradient is beyond 1, and cut to −1 each step adds the learning rate to w and to b. */
async function counter() {
  const layers = [dense(1, "identity", { weights: constant(0) })];
  return Network.create({ inputs: 1, layers, loss: "meanSquaredError", precision: "f64" });
}

const at = (learningRate: LearningRate) => sgd({ learningRate, clipValue: 1 });
const far = { x: [[1]], y: [1e9] };

/** The sums of the rates behind each `every`-th step, as the network has them. */
async function sums(rate: LearningRate, epochs: number, stepsPerEpoch: number, every: number): Promise<number[]> {
  const net = await counter();
  const list: number[] = [];
  for await (const _ of net.train(far.x, far.y, { optimizer: at(rate), epochs, stepsPerEpoch, every })) {
    list.push(net.parameters()[0]!.weights[0]!);
  }
  return list;
}

type Formula = (time: ScheduleTime) => number;

/** Half a cosine from a to b, part of the way. */
const halfCosine = (a: number, b: number, part: number) => b + ((a - b) / 2) * (1 + Math.cos(Math.PI * part));

/** Of `cosine`, for a list of cycles that is long enough. */
function annealed(rate: number, minimum: number, cycles: readonly number[], time: number): number {
  let start = 0;
  for (const length of cycles) {
    if (time < start + length) return halfCosine(rate, minimum, (time - start) / length);
    start += length;
  }
  return minimum;
}

const SCHEDULES: [string, LearningRate, Formula][] = [
  [
    "stepDecay",
    stepDecay({ learningRate: 0.5, factor: 0.7, every: 3 }),
    ({ epoch }) => 0.5 * 0.7 ** Math.floor(epoch / 3),
  ],
  ["stepDecay of each epoch by 0.1", stepDecay({ learningRate: 0.5 }), ({ epoch }) => 0.5 * 0.1 ** epoch],
  [
    "piecewise, with a pause and a last rate that stays",
    piecewise([
      [2, 0.3],
      [3, 0],
      [1, 0.7],
      [2, 0.1],
    ]),
    ({ epoch }) => [0.3, 0.3, 0, 0, 0, 0.7][epoch] ?? 0.1,
  ],
  [
    "exponentialDecay",
    exponentialDecay({ learningRate: 0.9, factor: 0.2, every: 2.5 }),
    ({ epoch, step, steps }) => 0.9 * 0.2 ** ((epoch + step / steps) / 2.5),
  ],
  ["exponentialDecay by 1", exponentialDecay({ learningRate: 0.9, factor: 1 }), () => 0.9],
  [
    "cosine, then its minimum",
    cosine({ learningRate: 0.8, epochs: 6, minimum: 0.05 }),
    ({ epoch, step, steps }) => annealed(0.8, 0.05, [6], epoch + step / steps),
  ],
  [
    "cosine with a warm-up",
    cosine({ learningRate: 0.8, epochs: 4.5, warmUp: 2 }),
    ({ epoch, step, steps }) =>
      epoch < 2 ? (0.8 * (epoch * steps + step + 1)) / (2 * steps) : annealed(0.8, 0, [4.5], epoch - 2 + step / steps),
  ],
  [
    "cosine with restarts",
    cosine({ learningRate: 0.8, epochs: 1.25, minimum: 0.01, restarts: true }),
    ({ epoch, step, steps }) => annealed(0.8, 0.01, new Array(10).fill(1.25), epoch + step / steps),
  ],
  [
    "cosine with restarts that lengthen, and a warm-up",
    cosine({ learningRate: 0.8, epochs: 1, warmUp: 1, restarts: true, lengthen: 2 }),
    ({ epoch, step, steps }) =>
      epoch < 1 ? (0.8 * (step + 1)) / steps : annealed(0.8, 0, [1, 2, 4, 8], epoch - 1 + step / steps),
  ],
  [
    "oneCycle",
    oneCycle({ learningRate: 0.8, epochs: 8, warmUp: 0.25, initialDivisor: 10, finalDivisor: 100 }),
    ({ epoch, step, steps }) => {
      const time = Math.min(8, epoch + step / steps);
      return time < 2 ? halfCosine(0.08, 0.8, time / 2) : halfCosine(0.8, 0.0008, (time - 2) / 6);
    },
  ],
  [
    "oneCycle with its defaults",
    oneCycle({ learningRate: 0.5, epochs: 10 }),
    ({ epoch, step, steps }) => {
      const time = epoch + step / steps;
      return time < 3 ? halfCosine(0.02, 0.5, time / 3) : halfCosine(0.5, 0.000002, (time - 3) / 7);
    },
  ],
  [
    "oneCycle without a warm-up",
    oneCycle({ learningRate: 0.5, epochs: 10, warmUp: 0 }),
    ({ epoch, step, steps }) => halfCosine(0.5, 0.000002, (epoch + step / steps) / 10),
  ],
  [
    "a function",
    ({ epoch, step, steps }) => (epoch + 1) / (step + steps),
    ({ epoch, step, steps }) => (epoch + 1) / (step + steps),
  ],
];

describe.each(SCHEDULES)("%s gives each step the rate of its formula", (_, rate, formula) => {
  test.each([
    [10, 7, 1],
    // More steps an epoch than the core is given rates for at a time.
    [9, 2500, 500],
  ])("in %i epochs of %i steps", async (epochs, steps, every) => {
    const expected: number[] = [];
    let sum = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let step = 0; step < steps; step++) {
        sum += formula({ epoch, step, steps });
        if ((step + 1) % every === 0) expected.push(sum);
      }
    }
    const actual = await sums(rate, epochs, steps, every);
    expect(actual).toHaveLength(expected.length);
    for (const [i, value] of actual.entries()) {
      // A rate has a relative error of some 10⁻¹⁵ (a power's exponent, at most 6 here, times 2⁻⁵³); each sum rounds by half an ulp of it.
      expect(Math.abs(value - expected[i]!), `${i}`).toBeLessThan(
        3e-15 * expected[i]! + 2 ** -53 * (i + 1) * every * expected[i]!,
      );
    }
  });

  test("also in the epochs after one that was broken off, which counts", async () => {
    const net = await counter();
    const optimizer = at(rate);
    await net.fit(far.x, far.y, { optimizer, epochs: 2, stepsPerEpoch: 7 });
    for await (const { step } of net.train(far.x, far.y, { optimizer, epochs: 2, stepsPerEpoch: 7, every: 1 })) {
      if (step === 14 + 3) break;
    }
    await net.fit(far.x, far.y, { optimizer, epochs: 2, stepsPerEpoch: 5 });
    let sum = 0;
    for (const [epoch, [taken, steps]] of [
      [7, 7],
      [7, 7],
      [3, 7],
      [5, 5],
      [5, 5],
    ].entries()) {
      for (let step = 0; step < taken!; step++) sum += formula({ epoch, step, steps: steps! });
    }
    // As above, for 27 steps.
    expect(Math.abs(net.parameters()[0]!.weights[0]! - sum)).toBeLessThan((3e-15 + 27 * 2 ** -53) * sum);
  });
});

test("cosine restarts as often as its cycles are short, at no cost", async () => {
  // 10⁻⁹ epochs: 2·10⁹ cycles before the third epoch, and 10⁻³⁰⁰: more than can be counted.
  for (const epochs of [1e-9, 1e-300]) {
    const list = await sums(cosine({ learningRate: 0.8, epochs, restarts: true }), 3, 4, 1);
    for (const value of list) expect(value).toBeLessThanOrEqual(12 * 0.8);
  }
});

test("divergence names the rate of the step that failed", async () => {
  const net = await regression();
  const asked: number[] = [];
  const rate = ({ epoch, step, steps }: ScheduleTime) =>
    (asked[epoch * steps + step] = 10 ** (epoch * steps + step - 2));
  const fit = net.fit(x, scalars, {
    optimizer: sgd({ learningRate: rate }),
    epochs: 3,
    stepsPerEpoch: 20,
    batchSize: 4,
  });
  const error: DivergedError = await fit.catch((reason) => reason);
  expect(error).toBeInstanceOf(DivergedError);
  expect(error.learningRate).toBe(asked[error.step - 1]);
  expect(error.step).toBeLessThan(20);
});

test("a schedule is asked for each step once, in order, in epochs and steps of the optimizer", async () => {
  const asked: ScheduleTime[] = [];
  const optimizer = at((time) => {
    asked.push(time);
    return 0.1;
  });
  const net = await counter();
  await net.fit(far.x, far.y, { optimizer: at(1), epochs: 4 });
  await net.fit(far.x, far.y, { optimizer, epochs: 2, stepsPerEpoch: 3 });
  await net.fit(far.x, far.y, { optimizer, epochs: 1, stepsPerEpoch: 2 });
  const times = (epoch: number, steps: number) => Array.from({ length: steps }, (_, step) => ({ epoch, step, steps }));
  expect(asked).toEqual([...times(0, 3), ...times(1, 3), ...times(2, 2)]);
});

const ALL: [string, () => LearningRate][] = [
  ...SCHEDULES.map(([name, rate]): [string, () => LearningRate] => [name, () => rate]),
  [
    "reduceOnPlateau",
    () => reduceOnPlateau({ learningRate: 0.05, factor: 0.5, patience: 1, minDelta: 0.3, cooldown: 1 }),
  ],
];

describe.each(ALL)("%s goes on with its optimizer", (_, make) => {
  /** Rates of some hundredths, at which the regression learns. */
  const optimizer = () => {
    const rate = make();
    const scale = typeof rate === "object" && rate.type === "reduceOnPlateau" ? 1 : 0.05;
    return sgd({ learningRate: rate, weightDecay: 1e-3, clipGlobalNorm: scale });
  };
  const options = { batchSize: 4, sampling: "sequential" as const };

  test("two fits of 5 epochs equal one of 10, bit for bit", async () => {
    const [once, twice] = [await regression(), await regression()];
    const [first, second] = [optimizer(), optimizer()];
    const whole = await once.fit(x, scalars, { ...options, optimizer: first, epochs: 10 });
    const parts = [
      await twice.fit(x, scalars, { ...options, optimizer: second, epochs: 5 }),
      await twice.fit(x, scalars, { ...options, optimizer: second, epochs: 5 }),
    ];
    expect(twice.save()).toEqual(once.save());
    expect(parts.flatMap(({ loss }) => loss)).toEqual(whole.loss);
  });

  test("divergence puts its time and its losses back", async () => {
    const [straight, diverged] = [await regression({ precision: "f64" }), await regression({ precision: "f64" })];
    const [first, second] = [optimizer(), optimizer()];
    await straight.fit(x, scalars, { ...options, optimizer: first, epochs: 10 });
    await diverged.fit(x, scalars, { ...options, optimizer: second, epochs: 4 });
    const targets = scalars.with(10, [1e300]);
    await expect(diverged.fit(x, targets, { ...options, optimizer: second, epochs: 4 })).rejects.toThrow(DivergedError);
    await diverged.fit(x, scalars, { ...options, optimizer: second, epochs: 6 });
    expect(diverged.save()).toEqual(straight.save());
  });
});

test("an epoch that is broken off counts, a new object begins anew", async () => {
  const net = await counter();
  const rate = piecewise([1, 2, 3, 4].map((value) => [1, value]));
  const steps = { stepsPerEpoch: 3, epochs: 1 };
  const optimizer = at(rate);
  const step = () => {
    const [w] = net.parameters()[0]!.weights;
    net.setParameters([{ weights: [0], biases: [0] }]);
    return w;
  };
  await net.fit(far.x, far.y, { optimizer, ...steps });
  expect(step()).toBe(3);
  for await (const { step } of net.train(far.x, far.y, { optimizer, ...steps, every: 1 })) if (step === 5) break;
  expect(step()).toBe(4);
  await net.fit(far.x, far.y, { optimizer, ...steps });
  expect(step()).toBe(9);
  await net.fit(far.x, far.y, { optimizer: at(rate), ...steps });
  expect(step()).toBe(3);
});

describe("reduceOnPlateau", () => {
  /** The rates of epochs whose losses, at least 1, are given, and the one after. */
  async function rates(schedule: Schedule, losses: readonly number[]): Promise<number[]> {
    const net = await counter();
    const optimizer = at(schedule);
    const list: number[] = [];
    for (const loss of [...losses, 1]) {
      // ŷ = 0, so that (ŷ − y)² is the loss, and its derivative at least 2.
      net.setParameters([{ weights: [0], biases: [0] }]);
      const history = await net.fit([[1]], [Math.sqrt(loss)], { optimizer });
      expect(history.loss[0]).toBeCloseTo(loss, 12);
      list.push(net.parameters()[0]!.weights[0]!);
    }
    return list;
  }

  test("reduces where PyTorch does, by hand", async () => {
    const schedule = reduceOnPlateau({
      learningRate: 1,
      factor: 0.5,
      patience: 1,
      minDelta: 0.1,
      cooldown: 1,
      minimum: 0.2,
    });
    const course: [loss: number, next: number][] = [
      [10, 1], // the best
      [9.5, 1], // not below 9: 1 bad epoch
      [9.2, 0.5], // 2, more than the patience; one epoch to rest
      [9.1, 0.5], // rests: 0 bad
      [9.1, 0.5], // 1
      [8.9, 0.5], // the best
      [8.5, 0.5], // not below 8.01: 1
      [8.4, 0.25], // 2
      [7, 0.25], // the best; rests
      [7, 0.25], // 1
      [7, 0.2], // 2: 0.125 would be below the minimum
      [7, 0.2], // rests
      [7, 0.2], // 1
      [7, 0.2], // 2
      [1, 0.2], // the best
    ];
    const list = await rates(
      schedule,
      course.map(([loss]) => loss),
    );
    expect(list).toEqual([1, ...course.map(([, next]) => next)]);
  });

  test.each([
    { patience: 0, cooldown: 0, minDelta: 0, factor: 0.75, minimum: 0 },
    { patience: 2, cooldown: 0, minDelta: 0.05, factor: 0.5, minimum: 0.01 },
    { patience: 1, cooldown: 3, minDelta: 1e-4, factor: 0.25, minimum: 0 },
  ])("follows PyTorch's documented rule over 200 losses, %j", async (options) => {
    const next = seeded(5);
    const losses = Array.from({ length: 200 }, (_, i) => 1 + (50 * next()) / (1 + i / 40));
    // torch.optim.lr_scheduler.ReduceLROnPlateau, mode "min", threshold_mode "rel", eps 0.
    const { patience, cooldown, minDelta, factor, minimum } = options;
    let [rate, best, bad, resting] = [1, Infinity, 0, 0];
    const expected = [1];
    for (const loss of losses) {
      bad += 1;
      if (loss < best * (1 - minDelta)) {
        best = loss;
        bad = 0;
      }
      if (resting > 0) {
        resting -= 1;
        bad = 0;
      }
      if (bad > patience) {
        rate = Math.max(rate * factor, minimum);
        resting = cooldown;
        bad = 0;
      }
      expected.push(rate);
    }
    expect(expected.at(-1)).toBeLessThan(0.01001);
    // Powers of 0.75 are rounded as they are multiplied, in either order the same; what is read is 0 + rate.
    expect(await rates(reduceOnPlateau({ learningRate: 1, ...options }), losses)).toEqual(expected);
  });
});

describe("a function of a learning rate that fails", () => {
  const thrown = new Error("no rate");
  const FAILURES: [string, () => unknown, string | Error][] = [
    ["NaN", () => Number.NaN, "is NaN, expected a finite number from 0"],
    ["−1", () => -1, "is -1, expected a finite number from 0"],
    ["Infinity", () => Infinity, "is Infinity, expected a finite number from 0"],
    ["text", () => "0.1", 'is "0.1", expected a finite number from 0'],
    ["nothing", () => undefined, "is undefined, expected a finite number from 0"],
    [
      "an error",
      () => {
        throw thrown;
      },
      thrown,
    ],
  ];
  /** Begins two epochs of so many steps, and another; the rate fails in epoch 1, counted from 0. */
  const PLACES: [number, number][] = [
    [3, 0],
    [3, 2],
    [2500, 1999],
  ];

  describe.each(FAILURES)("with %s", (_, fail, expected) => {
    test.each(PLACES)(
      "in an epoch of %i steps at step %i stops there, and the network goes on",
      async (steps, place) => {
        const rate = ({ epoch, step }: ScheduleTime) =>
          epoch === 1 && step >= place ? (fail() as number) : 0.01 / (1 + epoch);
        const [net, expectedNet] = [await regression(), await regression()];
        const options = { epochs: 3, stepsPerEpoch: steps, batchSize: 4 };
        const error = await net.fit(x, scalars, { ...options, optimizer: sgd({ learningRate: rate }) }).catch((e) => e);
        if (typeof expected === "string") {
          expect(error).toBeInstanceOf(typeof fail() === "number" ? RangeError : TypeError);
          expect(error.message).toBe(`Cannot train: learningRate at epoch 1, step ${place} ${expected}`);
        } else expect(error).toBe(expected);

        // The same as where the loop is left behind the last step that had a rate.
        const last = steps + place;
        const good = sgd({ learningRate: ({ epoch }) => 0.01 / (1 + epoch) });
        for await (const { step } of expectedNet.train(x, scalars, { ...options, optimizer: good, every: 1 })) {
          if (step === last) break;
        }
        expect(net.save()).toEqual(expectedNet.save());
        expect([net.step, net.epoch]).toEqual([last, place === 0 ? 1 : 2]);
        expect(net.history.loss).toEqual(expectedNet.history.loss);
        for (const one of [net, expectedNet])
          await one.fit(x, scalars, { ...options, optimizer: sgd({ learningRate: 0.01 }) });
        expect(net.save()).toEqual(expectedNet.save());
      },
    );
  });

  test("is asked again by the next fit for the step that it failed at, where that was the first of its epoch", async () => {
    const asked: ScheduleTime[] = [];
    let failing = true;
    const optimizer = at((time) => {
      asked.push(time);
      return failing && time.epoch === 1 ? Number.NaN : 0.5;
    });
    const net = await counter();
    await expect(net.fit(far.x, far.y, { optimizer, epochs: 3 })).rejects.toThrow("epoch 1, step 0");
    failing = false;
    await net.fit(far.x, far.y, { optimizer, epochs: 1 });
    expect(asked.map(({ epoch }) => epoch)).toEqual([0, 1, 1]);
  });
});
