import { describe, expect, test } from "vitest";
import {
  adadelta,
  adagrad,
  adam,
  adamw,
  batchNorm,
  cosine,
  dense,
  dropout,
  exponentialDecay,
  type FitOptions,
  type Layer,
  type Loss,
  layerNorm,
  lbfgs,
  levenbergMarquardt,
  Network,
  nadam,
  oneCycle,
  type Precision,
  piecewise,
  reduceOnPlateau,
  rmsprop,
  rprop,
  sgd,
  stepDecay,
} from "../../../src/index.ts";
import { classifier, labels, x } from "../samples.ts";
import { any, refuses, type Table, values } from "./refuses.ts";

const NOT_POSITIVE = [0, -0.1, Number.NaN, Infinity];
const NEGATIVE = [-1, Number.NaN, Infinity];
const NOT_FRACTIONS = [1, -0.1, Number.NaN];
const NOT_SHARES = [0, 1.5, -1, Number.NaN];
const NOT_COUNTS = [0, -1, 1.5, Number.NaN];

type Call = () => unknown;

/** The calls that give an option each of its wrong values. */
const positive = (name: string, make: (options: never) => unknown, rest = {}) =>
  values(`${name} is $, expected a positive finite number`, NOT_POSITIVE, (value): Call => {
    return () => make(any({ ...rest, [name]: value }));
  });
const nonNegative = (name: string, make: (options: never) => unknown, rest = {}) =>
  values(`${name} is $, expected a finite number from 0`, NEGATIVE, (value): Call => {
    return () => make(any({ ...rest, [name]: value }));
  });
const fraction = (name: string, make: (options: never) => unknown, rest = {}) =>
  values(`${name} is $, expected a number in [0, 1)`, NOT_FRACTIONS, (value): Call => {
    return () => make(any({ ...rest, [name]: value }));
  });
const share = (name: string, make: (options: never) => unknown, rest = {}) =>
  values(`${name} is $, expected a number in (0, 1]`, NOT_SHARES, (value): Call => {
    return () => make(any({ ...rest, [name]: value }));
  });
const count = (name: string, make: (options: never) => unknown, rest = {}) =>
  values(`${name} is $, expected a positive integer`, NOT_COUNTS, (value): Call => {
    return () => make(any({ ...rest, [name]: value }));
  });

/** Tests that the calls throw, or reject, before there is a network that they could change. */
function refusesCalls(where: string, table: Table<Call>): void {
  test(`${where}what is refused is named with what is expected`, async () => {
    for (const [kind, entries] of Object.entries(table)) {
      for (const [message, call] of Object.entries(entries)) {
        const error: Error = await Promise.resolve()
          .then(call)
          .then(String, (reason) => reason);
        expect(error, message).toBeInstanceOf(kind === "TypeError" ? TypeError : RangeError);
        expect(error.message).toContain(where + message);
        expect(error.message.length, error.message).toBeLessThan(240);
      }
    }
  });
}

describe("the optimizers' functions", () => {
  const rate = { learningRate: 0.1 };
  const common = (make: (options: never) => unknown, rest = {}) => ({
    TypeError: {
      "options is null, expected a plain object": () => make(any(null)),
      'learningRate is "0.1", expected a positive finite number, a schedule or a function': () =>
        make(any({ learningRate: "0.1" })),
      "learningRate is an object, expected a positive finite number, a schedule": () =>
        make(any({ learningRate: { type: "toString" } })),
      'decoupled is "yes", expected true or false': () => make(any({ ...rest, decoupled: "yes" })),
      'weightDecay is "0.01", expected a finite number from 0': () => make(any({ ...rest, weightDecay: "0.01" })),
      'unknown option "lr", expected one of learningRate, weightDecay': () => make(any({ ...rest, lr: 1 })),
      "clipNorm is null, expected a positive finite number": () => make(any({ ...rest, clipNorm: null })),
    },
    RangeError: {
      ...positive("learningRate", make),
      ...nonNegative("weightDecay", make, rest),
      ...positive("clipValue", make, rest),
      ...positive("clipNorm", make, rest),
      ...positive("clipGlobalNorm", make, rest),
      "clipValue 1 and clipNorm 2 are given, expected at most one of clipValue, clipNorm, clipGlobalNorm": () =>
        make(any({ ...rest, clipValue: 1, clipNorm: 2 })),
      "clipValue 1 and clipNorm 2 and clipGlobalNorm 3 are given, expected at most one": () =>
        make(any({ ...rest, clipValue: 1, clipNorm: 2, clipGlobalNorm: 3 })),
    },
  });

  refusesCalls("sgd: ", common(sgd, rate));
  refusesCalls("sgd: ", {
    TypeError: {
      "options is undefined, expected a plain object": () => sgd(any(undefined)),
      "learningRate is undefined, expected a positive finite number, a schedule or a function": () => sgd(any({})),
      "nesterov is 1, expected true or false": () => sgd(any({ ...rate, momentum: 0.9, nesterov: 1 })),
    },
    RangeError: {
      ...fraction("momentum", sgd, rate),
      "nesterov is true and momentum is 0, expected a momentum in (0, 1)": () => sgd({ ...rate, nesterov: true }),
    },
  });
  refusesCalls("rmsprop: ", {
    TypeError: { "centered is null, expected true or false": () => rmsprop({ centered: any(null) }) },
    RangeError: { ...fraction("rho", rmsprop), ...fraction("momentum", rmsprop), ...positive("epsilon", rmsprop) },
  });
  refusesCalls("adagrad: ", {
    RangeError: { ...positive("epsilon", adagrad), ...nonNegative("initialAccumulator", adagrad) },
  });
  refusesCalls("adadelta: ", { RangeError: { ...fraction("rho", adadelta), ...positive("epsilon", adadelta) } });
  refusesCalls("adam: ", {
    TypeError: { 'amsgrad is "true", expected true or false': () => adam({ amsgrad: any("true") }) },
    RangeError: { ...fraction("beta1", adam), ...fraction("beta2", adam), ...positive("epsilon", adam) },
  });
  refusesCalls("adamw: ", {
    TypeError: {
      "options is null, expected a plain object": () => adamw(any(null)),
      "decoupled is given, expected none": () => adamw(any({ decoupled: false })),
    },
    RangeError: { ...nonNegative("weightDecay", adamw), ...fraction("beta1", adamw) },
  });
  refusesCalls("nadam: ", {
    RangeError: { ...fraction("beta1", nadam), ...positive("epsilon", nadam), ...nonNegative("momentumDecay", nadam) },
  });
  refusesCalls("rprop: ", {
    TypeError: {
      "learningRate is an object, expected a positive finite number": () =>
        rprop(any({ learningRate: stepDecay(rate) })),
      'unknown option "weightDecay", expected one of learningRate, increase': () => rprop(any({ weightDecay: 1 })),
    },
    RangeError: {
      ...positive("learningRate", rprop),
      ...positive("smallest", rprop),
      ...positive("increase", rprop),
      ...positive("decrease", rprop),
      "increase is 1, expected a finite number above 1": () => rprop({ increase: 1 }),
      "learningRate is 60, expected one from smallest, 0.000001, to largest, 50": () => rprop({ learningRate: 60 }),
      "learningRate is 0.01, expected one from smallest, 0.1, to largest, 50": () => rprop({ smallest: 0.1 }),
      "decrease is 1, expected a number in (0, 1)": () => rprop({ decrease: 1 }),
      "largest is 0.5, expected at least smallest, 1": () => rprop({ smallest: 1, largest: 0.5 }),
    },
  });
  refusesCalls("lbfgs: ", {
    TypeError: { 'unknown option "learningRate", expected one of memory, tolerance': () => lbfgs(any(rate)) },
    RangeError: {
      ...count("memory", lbfgs),
      "memory is 1001, expected a positive integer up to 1000": () => lbfgs({ memory: 1001 }),
      ...positive("tolerance", lbfgs),
    },
  });
  refusesCalls("levenbergMarquardt: ", {
    TypeError: { 'unknown option "mu", expected one of damping': () => levenbergMarquardt(any({ mu: 1 })) },
    RangeError: { ...positive("damping", levenbergMarquardt), ...positive("tolerance", levenbergMarquardt) },
  });
});

describe("the schedules' functions", () => {
  const rate = { learningRate: 0.1 };
  const cycle = { ...rate, epochs: 10 };
  const missing = (make: (options: never) => unknown): Table<Call> => ({
    TypeError: {
      "options is undefined, expected a plain object": () => make(any(undefined)),
      'unknown option "gamma", expected one of learningRate': () => make(any({ gamma: 1 })),
    },
  });
  for (const make of [stepDecay, exponentialDecay, cosine, oneCycle, reduceOnPlateau]) {
    refusesCalls(`${make.name}: `, missing(make));
  }
  refusesCalls("stepDecay: ", {
    RangeError: {
      ...positive("learningRate", stepDecay),
      ...share("factor", stepDecay, rate),
      ...count("every", stepDecay, rate),
    },
  });
  refusesCalls("exponentialDecay: ", {
    TypeError: { "factor is undefined, expected a number in (0, 1]": () => exponentialDecay(any(rate)) },
    RangeError: {
      ...positive("learningRate", exponentialDecay, { factor: 0.5 }),
      ...share("factor", exponentialDecay, rate),
      ...positive("every", exponentialDecay, { ...rate, factor: 0.5 }),
    },
  });
  refusesCalls("cosine: ", {
    TypeError: {
      "epochs is undefined, expected a positive finite number": () => cosine(any(rate)),
      "restarts is 2, expected true or false": () => cosine({ ...cycle, restarts: any(2) }),
    },
    RangeError: {
      ...positive("learningRate", cosine, { epochs: 1 }),
      ...positive("epochs", cosine, rate),
      ...nonNegative("minimum", cosine, cycle),
      ...nonNegative("warmUp", cosine, cycle),
      ...positive("lengthen", cosine, cycle),
      "minimum is 0.2, expected at most the learningRate, 0.1": () => cosine({ ...cycle, minimum: 0.2 }),
      "lengthen is 0.5, expected a finite number from 1": () => cosine({ ...cycle, lengthen: 0.5 }),
    },
  });
  refusesCalls("oneCycle: ", {
    TypeError: { "epochs is undefined, expected a positive finite number": () => oneCycle(any(rate)) },
    RangeError: {
      ...positive("learningRate", oneCycle, { epochs: 1 }),
      ...positive("epochs", oneCycle, rate),
      ...fraction("warmUp", oneCycle, cycle),
      ...positive("initialDivisor", oneCycle, cycle),
      ...positive("finalDivisor", oneCycle, cycle),
    },
  });
  refusesCalls("reduceOnPlateau: ", {
    RangeError: {
      ...positive("learningRate", reduceOnPlateau),
      ...positive("factor", reduceOnPlateau, rate),
      "factor is 1, expected a number in (0, 1)": () => reduceOnPlateau({ ...rate, factor: 1 }),
      ...values("patience is $, expected an integer from 0", [-1, 1.5, Number.NaN, Infinity], (patience): Call => {
        return () => reduceOnPlateau({ ...rate, patience });
      }),
      ...values("cooldown is $, expected an integer from 0", [-1, 0.5, Number.NaN], (cooldown): Call => {
        return () => reduceOnPlateau({ ...rate, cooldown });
      }),
      ...fraction("minDelta", reduceOnPlateau, rate),
      ...nonNegative("minimum", reduceOnPlateau, rate),
      "minimum is 0.2, expected at most the learningRate, 0.1": () => reduceOnPlateau({ ...rate, minimum: 0.2 }),
    },
  });
  refusesCalls("piecewise: ", {
    TypeError: {
      "pieces is undefined, expected an array of at least one pair [epochs, learningRate]": () =>
        piecewise(any(undefined)),
      "piece 0 is 30, expected a pair [epochs, learningRate]": () => piecewise(any([30, 0.05])),
      "piece 1 is an array, expected a pair [epochs, learningRate]": () => piecewise(any([[1, 2], [1]])),
      // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
      "piece 0 is undefined, expected a pair": () => piecewise(any([, [1, 2]])),
      'piece 0 epochs is "1", expected a positive integer': () => piecewise(any([["1", 2]])),
    },
    RangeError: {
      "pieces is an array, expected an array of at least one pair": () => piecewise([]),
      "piece 0 epochs is 0, expected a positive integer": () => piecewise([[0, 0.1]]),
      "piece 1 learningRate is -0.1, expected a finite number from 0": () =>
        piecewise([
          [1, 0.1],
          [1, -0.1],
        ]),
    },
  });
});

describe("layers and losses", () => {
  const make = (layer: Layer) => classifier({ layers: [layer, dense(2)] });
  refusesCalls("dense: ", {
    TypeError: {
      'l1 is "0.1", expected a finite number from 0': () => dense(3, "relu", { l1: any("0.1") }),
      "trainable is 0, expected true or false": () => dense(3, "relu", { trainable: any(0) }),
      'rates: unknown option "kernel", expected one of weights, biases': () =>
        dense(3, "relu", { rates: any({ kernel: 1 }) }),
      "rates is 2, expected a plain object": () => dense(3, "relu", { rates: any(2) }),
    },
    RangeError: {
      ...nonNegative("l1", (options) => dense(3, "relu", options)),
      ...nonNegative("l2", (options) => dense(3, "relu", options)),
      ...positive("maxNorm", (options) => dense(3, "relu", options)),
      ...values("rates.weights is $, expected a finite number from 0", NEGATIVE, (weights): Call => {
        return () => dense(3, "relu", { rates: { weights } });
      }),
    },
  });
  refusesCalls("dropout: ", {
    TypeError: { 'rate is "0.5", expected a number in [0, 1)': () => dropout(any("0.5")) },
    RangeError: values(
      "rate is $, expected a number in [0, 1)",
      NOT_FRACTIONS,
      (rate): Call =>
        () =>
          dropout(rate),
    ),
  });
  refusesCalls("batchNorm: ", {
    TypeError: { 'unknown option "axis", expected one of momentum': () => batchNorm(any({ axis: 1 })) },
    RangeError: { ...share("momentum", batchNorm), ...positive("epsilon", batchNorm) },
  });
  refusesCalls("layerNorm: ", { RangeError: positive("epsilon", layerNorm) });
  refusesCalls("Network.create: ", {
    RangeError: {
      "layer 0 maxNorm is 1e+39, expected a number in the range of f32": () =>
        make(dense(3, "relu", { maxNorm: 1e39 })),
      "layer 0 l1 is 1e+39, expected a number in the range of f32": () => make(dense(3, "relu", { l1: 1e39 })),
      "layer 0 l2 is 3e+38, expected a number in the range of f32": () => make(dense(3, "relu", { l2: 3e38 })),
      "layer 0 epsilon is 1e-60, expected a number in the range of f32": () => make(batchNorm({ epsilon: 1e-60 })),
      "layer 0 epsilon is 1e-50, expected a number in the range of f32": () => make(layerNorm({ epsilon: 1e-50 })),
      ...Object.fromEntries(
        ["meanSquaredError", "meanAbsoluteError", "huber", "poisson", "hinge"].map((type) => [
          `loss ${type} has smoothing 0.1, which only binaryCrossEntropy and softmaxCrossEntropy have`,
          () => classifier({ loss: any({ type, smoothing: 0.1 }) }),
        ]),
      ),
    },
  });
});

interface Course {
  readonly layers?: readonly Layer[];
  readonly loss?: Loss;
  readonly precision?: Precision;
  readonly inputs?: number;
  readonly rows?: number;
  readonly options: FitOptions;
}

/** Begins to fit a network, which stays as it was. */
async function begin(how: "fit" | "train", { layers = [dense(2)], rows = 11, inputs = 3, ...rest }: Course) {
  const { loss = "meanSquaredError", precision = "f64", options } = rest;
  const net = await Network.create({ inputs, layers, loss, precision });
  const bytes = net.save();
  const features = inputs === 3 ? x.slice(0, rows) : new Float64Array(rows * inputs);
  const targets = labels.slice(0, rows);
  const result = how === "fit" ? net.fit(features, targets, options) : net.train(features, targets, options).next();
  return result.catch((error) => {
    expect(net.save()).toEqual(bytes);
    throw error;
  });
}

describe.each(["fit", "train"] as const)("%s", (how) => {
  const all = [
    ["rprop", rprop()],
    ["lbfgs", lbfgs()],
    ["levenbergMarquardt", levenbergMarquardt()],
  ] as const;
  for (const [name, optimizer] of all) {
    const over = `and ${name} takes the gradient over all rows; expected`;
    refuses<Course>(
      `${how}: `,
      {
        RangeError: {
          [`batchSize is 10 of 11 rows, ${over} none, or at least as many as there are rows`]: {
            options: { optimizer, batchSize: 10 },
          },
          [`sampling is "withReplacement", ${over} "shuffle" or "sequential"`]: {
            options: { optimizer, sampling: "withReplacement" },
          },
          [`stepsPerEpoch is 2, ${over} 1`]: { options: { optimizer, stepsPerEpoch: 2 } },
          [`layer 1 is dropout, which is drawn anew each step, ${over} a network without it`]: {
            layers: [dense(3), dropout(0.5), dense(2)],
            options: { optimizer },
          },
          [`layer 1 has a rate factor of 0.5, expected 0 or 1 with ${name}`]: {
            layers: [dense(3, "tanh", { trainable: false }), dense(2, "identity", { rates: { biases: 0.5 } })],
            options: { optimizer },
          },
        },
      },
      (_, course) => begin(how, course),
    );
  }

  for (const [name, optimizer] of all.slice(1)) {
    const course = (layer: Layer): Course => ({ layers: [layer, dense(2)], options: { optimizer } });
    refuses<Course>(
      `${how}: `,
      {
        RangeError: {
          [`layer 0 is batchNorm, which takes statistics of batches, expected none, or one with trainable: false, with ${name}`]:
            course(batchNorm()),
          [`layer 0 has maxNorm 2, expected none with ${name}`]: course(dense(3, "tanh", { maxNorm: 2 })),
        },
      },
      (_, given) => begin(how, given),
    );
  }

  const fit = { optimizer: levenbergMarquardt() };
  refuses<Course>(
    `${how}: `,
    {
      RangeError: {
        "the loss is softmaxCrossEntropy, expected meanSquaredError with levenbergMarquardt": {
          loss: "softmaxCrossEntropy",
          options: fit,
        },
        "the precision is f32, expected f64 with levenbergMarquardt": { precision: "f32", options: fit },
        "layer 0 has a penalty (l2 0.1), expected none with levenbergMarquardt": {
          layers: [dense(2, "tanh", { l2: 0.1 })],
          options: fit,
        },
        "layer 1 has a penalty (l1 0.5), expected none with levenbergMarquardt": {
          layers: [dense(2), dense(2, "tanh", { l1: 0.5, l2: 0.1 })],
          options: fit,
        },
        "the network has 1501 parameters, whose JᵀJ takes 73 MB, expected at most 1500 with levenbergMarquardt": {
          inputs: 1500,
          layers: [dense(1)],
          options: fit,
        },
      },
    },
    (_, course) => begin(how, course),
  );

  const normal = [dense(3), batchNorm(), dense(2)];
  const optimizer = sgd({ learningRate: 0.1 });
  const few = "layer 1 is batchNorm, which has no variance in";
  refuses<Course>(
    `${how}: `,
    {
      RangeError: {
        [`${few} batches of 1 row, expected at least 2 rows in every batch`]: {
          layers: normal,
          options: { optimizer, batchSize: 1 },
        },
        [`${few} a last batch of 1 row (11 rows in batches of 5), expected at least 2 rows`]: {
          layers: normal,
          options: { optimizer, batchSize: 5 },
        },
        [`${few} a last batch of 1 row (11 rows in batches of 10)`]: {
          layers: normal,
          options: { optimizer, batchSize: 10, stepsPerEpoch: 2, sampling: "sequential" },
        },
        [`${few} batches of 1 row, expected`]: {
          layers: normal,
          options: { optimizer, batchSize: 1, sampling: "withReplacement" },
        },
        [`${few} batches of 1 row`]: { layers: normal, rows: 1, options: { optimizer } },
      },
    },
    (_, course) => begin(how, course),
  );

  const tiny = (name: string, value: object): Record<string, Course> => ({
    [`${name} is 1e-60, expected a number in the range of f32`]: {
      precision: "f32",
      options: { optimizer: any(value) },
    },
  });
  refuses<Course>(
    `${how}: `,
    {
      RangeError: {
        ...tiny("adam's epsilon", adam({ epsilon: 1e-60 })),
        ...tiny("rmsprop's epsilon", rmsprop({ epsilon: 1e-60 })),
        ...tiny("rprop's smallest", rprop({ smallest: 1e-60 })),
        ...tiny("sgd's clipValue", sgd({ learningRate: 1, clipValue: 1e-60 })),
        "adagrad's initialAccumulator is 1e+39, expected a number in the range of f32": {
          precision: "f32",
          options: { optimizer: adagrad({ initialAccumulator: 1e39 }) },
        },
      },
    },
    (_, course) => begin(how, course),
  );
});

test("optimizers and schedules by hand are checked as those of the functions", async () => {
  const net = await classifier();
  const cosineBy = (options: object) =>
    any({ type: "sgd", learningRate: { type: "cosine", learningRate: 1, ...options } });
  for (const [optimizer, message] of [
    [{ type: "adam", learningRate: 0.1, beta1: 2 }, "fit: beta1 is 2, expected a number in [0, 1)"],
    [{ type: "lbfgs", memory: 0 }, "fit: memory is 0, expected a positive integer"],
    [cosineBy({ epochs: 0 }), "cosine: epochs is 0, expected a positive finite number"],
    [cosineBy({ epochs: 1, stop: 1 }), 'cosine: unknown option "stop", expected one of learningRate, epochs'],
    [
      { type: "sgd", learningRate: { type: "piecewise", pieces: [[1, 1]], stop: 1 } },
      'piecewise: unknown option "stop", expected one of pieces',
    ],
    [
      { type: "adam", learningRate: 0.01 },
      "fit: optimizer is an object without beta1, beta2, epsilon, expected one made by adam({ … })",
    ],
    [{ ...adam(), beta2: undefined }, "fit: optimizer is an object without beta2, expected one made by adam({ … })"],
    [{ type: "lbfgs", memory: 3 }, "fit: optimizer is an object without tolerance, expected one made by lbfgs({ … })"],
    [
      cosineBy({ epochs: 3 }),
      "fit: learningRate is an object without minimum, warmUp, restarts, lengthen, expected one made by cosine({ … })",
    ],
  ] as const) {
    await expect(net.fit(x, labels, { optimizer: any(optimizer) })).rejects.toThrow(message);
  }
});

test("whole descriptions by hand train as the functions' own, and keep their state by their identity", async () => {
  const [net, other] = [await classifier(), await classifier()];
  const [made, byHand] = [adam({ learningRate: 0.01 }), { ...adam({ learningRate: 0.01 }) }];
  for (let fits = 0; fits < 2; fits++) {
    await net.fit(x, labels, { optimizer: made });
    await other.fit(x, labels, { optimizer: byHand });
    expect(other.save()).toEqual(net.save());
  }
  await net.fit(x, labels, { optimizer: rprop({ learningRate: 0.5, smallest: 0.5, largest: 0.5 }) });
});

test("what is at the limit of each of these is trained", async () => {
  const normal = [dense(3), batchNorm(), dense(2)];
  const still = [dense(3), batchNorm({ trainable: false }), dense(2)];
  const optimizer = sgd({ learningRate: 0.1 });
  const courses: Course[] = [
    { layers: normal, options: { optimizer, batchSize: 5, stepsPerEpoch: 2 } },
    { layers: normal, options: { optimizer, batchSize: 5, sampling: "withReplacement" } },
    { layers: normal, options: { optimizer, batchSize: 9 } },
    { layers: still, options: { optimizer, batchSize: 1 } },
    { layers: normal, options: { optimizer: rprop(), batchSize: 12, stepsPerEpoch: 1 } },
    { layers: still, options: { optimizer: lbfgs() } },
    { layers: still, options: { optimizer: levenbergMarquardt() } },
    { layers: [dense(3, "tanh", { trainable: false }), dense(2)], options: { optimizer: levenbergMarquardt() } },
    { layers: [dense(3, "tanh", { l1: 0.1, l2: 0.1 }), dense(2)], options: { optimizer: lbfgs() } },
    { layers: [dense(3), dropout(0), dense(2)], options: { optimizer } },
    { precision: "f64", options: { optimizer: adam({ epsilon: 1e-60 }) } },
    { precision: "f32", options: { optimizer: adam({ epsilon: 1e-45, weightDecay: 0 }) } },
  ];
  for (const course of courses) await begin("fit", course);
});
