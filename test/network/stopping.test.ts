import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { dense, type Network, type Precision, StateError } from "../../src/index.ts";
import { classifier, labels, options, x } from "./samples.ts";

// How a fit ends before its time, and what else may happen while it runs.

type Net = Network<Precision>;

/** More steps than could be taken: a fit with these ends only when it is stopped, or the test's time is over. */
const endless = { ...options, stepsPerEpoch: 1e9, epochs: 3 };

/** The network that has taken `step` steps of `endless` and was left there. */
async function stoppedAt(step: number, make: () => Promise<Net> = classifier) {
  const net = await make();
  for await (const progress of net.train(x, labels, { ...endless, every: step })) {
    expect(progress.step).toBe(step);
    break;
  }
  return net;
}

describe("abort", () => {
  test("before fit rejects with the reason, and nothing changes", async () => {
    const net = await classifier();
    const history = await net.fit(x, labels, options);
    const bytes = net.save();
    const signal = AbortSignal.abort("my reason");
    await expect(net.fit(x, labels, { ...options, signal })).rejects.toBe("my reason");
    await expect(net.train(x, labels, { ...options, signal }).next()).rejects.toBe("my reason");
    expect(net.save()).toEqual(bytes);
    expect(net.history.loss).toEqual(history.loss);
  });

  test("without a reason rejects with an AbortError", async () => {
    const signal = AbortSignal.abort();
    await expect((await classifier()).fit(x, labels, { ...options, signal })).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  test("from onEpoch keeps the whole epochs and their history, and the next fit goes on", async () => {
    const [net, expected] = [await classifier(), await classifier()];
    const controller = new AbortController();
    const reason = new Error("three are enough");
    const stopped = net.fit(x, labels, {
      ...options,
      epochs: 100,
      signal: controller.signal,
      onEpoch: ({ epoch }) => epoch === 3 && controller.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
    const history = await expected.fit(x, labels, { ...options, epochs: 3 });
    expect(net.history.loss).toEqual(history.loss);
    expect(net.save()).toEqual(expected.save());
    await Promise.all([net.fit(x, labels, options), expected.fit(x, labels, options)]);
    expect(net.save()).toEqual(expected.save());
  });

  test("from onEpoch of the last epoch comes too late", async () => {
    const net = await classifier();
    const controller = new AbortController();
    const { loss } = await net.fit(x, labels, {
      ...options,
      signal: controller.signal,
      onEpoch: () => controller.abort(),
    });
    expect(loss).toHaveLength(1);
  });

  test("from a timer leaves the state after a whole step, and the next fit goes on", async () => {
    const net = await classifier();
    const controller = new AbortController();
    const reason = new Error("time is over");
    setTimeout(() => controller.abort(reason), 30);
    await expect(net.fit(x, labels, { ...endless, signal: controller.signal })).rejects.toBe(reason);
    expect(net.step).toBeGreaterThan(0);
    expect([net.epoch, net.history.loss]).toEqual([1, []]);
    const expected = await stoppedAt(net.step);
    expect(net.save()).toEqual(expected.save());
    expect(await net.fit(x, labels, options)).toEqual(await expected.fit(x, labels, options));
    expect(net.save()).toEqual(expected.save());
  });

  test("by AbortSignal.timeout ends an endless fit of long steps", async () => {
    const { net, rows, targets } = await large();
    const signal = AbortSignal.timeout(30);
    await expect(net.fit(rows, targets, { ...endless, batchSize: 500, signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });
});

/** A step of 500 rows takes some 10⁷ multiplications. */
async function large() {
  const rows = new Float32Array(500 * 100).map((_, i) => (i % 13) / 13);
  const net = await classifier({ inputs: 100, layers: [dense(100, "relu"), dense(10)] });
  return { net, rows, targets: new Int32Array(500).map((_, i) => i % 10) };
}

test("timers, promises and immediates are served while fit runs", async () => {
  const net = await classifier();
  const controller = new AbortController();
  const served = { interval: 0, immediate: 0 };
  const interval = setInterval(() => served.interval++, 1);
  setImmediate(() => served.immediate++);
  // If the loop were blocked, the timer that ends the fit would never fire.
  setTimeout(() => controller.abort("done"), 300);
  await expect(net.fit(x, labels, { ...endless, signal: controller.signal })).rejects.toBe("done");
  clearInterval(interval);
  expect(served.immediate).toBe(1);
  expect(served.interval).toBeGreaterThan(1);
});

/** Calls everything that does not change the network. */
function readAll(net: Net): void {
  const bytes = net.save();
  for (const list of [net.predict(x), net.logits(x), net.classify(x)]) expect(list.every(Number.isFinite)).toBe(true);
  expect(net.gradients(x, labels).loss).toBe(net.evaluate(x, labels).loss);
  net.derivatives(x[0]!);
  net.parameters();
  expect(net.save()).toEqual(bytes);
}

describe("while fit runs", () => {
  test("a second fit, train and setParameters throw a StateError, and the first goes on", async () => {
    const [net, expected] = [await classifier(), await classifier()];
    await expected.fit(x, labels, { ...options, epochs: 50_000 });
    const running = net.fit(x, labels, { ...options, epochs: 50_000 });
    for (const attempt of [
      async () => net.fit(x, labels, options),
      async () => net.train(x, labels, options).next(),
      async () => net.setParameters(expected.parameters()),
    ]) {
      const error = await attempt().catch((reason) => reason);
      expect(error).toBeInstanceOf(StateError);
      expect(error.message).toMatch(
        /^(fit|train|setParameters): the network is training; wait for fit to end, or finish the iterator of train$/,
      );
    }
    await running;
    expect(net.save()).toEqual(expected.save());
  });

  test("whatever only reads works between slices, sees whole steps and changes nothing", async () => {
    const net = await classifier();
    const controller = new AbortController();
    const running = net.fit(x, labels, { ...endless, signal: controller.signal });
    for (let reads = 0; reads < 5; reads++) {
      readAll(net);
      await sleep(2);
    }
    controller.abort("read");
    await expect(running).rejects.toBe("read");
    expect(net.save()).toEqual((await stoppedAt(net.step)).save());
  });

  test("whatever only reads works from onEpoch and in the middle of an epoch, and changes nothing", async () => {
    const [net, other, expected] = [await classifier(), await classifier(), await classifier()];
    const settings = { ...options, epochs: 5 };
    const history = await expected.fit(x, labels, settings);
    expect(await net.fit(x, labels, { ...settings, onEpoch: () => readAll(net) })).toEqual(history);
    for await (const _ of other.train(x, labels, { ...settings, every: 1 })) readAll(other);
    expect(other.history.loss).toEqual(history.loss);
    for (const one of [net, other]) expect(one.save()).toEqual(expected.save());
  });

  test("predict sees the parameters of the step that was last", async () => {
    const net = await classifier();
    for await (const { step } of net.train(x, labels, { ...endless, every: 2 })) {
      const copy = await stoppedAt(step);
      expect(net.predict(x)).toEqual(copy.predict(x));
      expect(net.gradients(x, labels)).toEqual(copy.gradients(x, labels));
      if (step === 8) break;
    }
  });

  test("fits of several networks take turns, and each gives the bits that it gives alone", async () => {
    const makers = [
      classifier,
      () => classifier({ seed: 8, precision: "f64" }),
      () => classifier({ layers: [dense(2)] }),
    ];
    const controller = new AbortController();
    const { signal } = controller;
    const turns = new Map<Net, number>();
    const nets: Net[] = await Promise.all(makers.map((make) => make()));
    const fits = nets.map((net) =>
      net.fit(x, labels, {
        ...endless,
        signal,
        // Only if all of them get on does this ever end.
        onProgress: () => {
          turns.set(net, (turns.get(net) ?? 0) + 1);
          if (nets.every((one) => turns.get(one)! >= 2)) controller.abort("all had two turns");
        },
      }),
    );
    for (const fit of fits) await expect(fit).rejects.toBe("all had two turns");
    for (const [i, net] of nets.entries()) expect(net.save()).toEqual((await stoppedAt(net.step, makers[i])).save());
  });
});

describe("dispose", () => {
  const uses: [string, (net: Net) => unknown][] = [
    ["fit", (net) => net.fit(x, labels, options)],
    ["train", (net) => net.train(x, labels, options).next()],
    ["predict", (net) => net.predict(x)],
    ["logits", (net) => net.logits(x)],
    ["classify", (net) => net.classify(x)],
    ["evaluate", (net) => net.evaluate(x, labels)],
    ["gradients", (net) => net.gradients(x, labels)],
    ["derivatives", (net) => net.derivatives(x[0]!)],
    ["parameters", (net) => net.parameters()],
    ["setParameters", (net) => net.setParameters([])],
    ["save", (net) => net.save()],
  ];

  test.each(uses)("makes a later %s throw a StateError", async (_, use) => {
    for (const release of ["dispose", Symbol.dispose] as const) {
      const net = await classifier();
      await net.fit(x, labels, options);
      net[release]();
      const error = await Promise.resolve(net)
        .then(use)
        .catch((reason) => reason);
      expect(error).toBeInstanceOf(StateError);
      expect((error as Error).message).toMatch(/: the network was disposed of$/);
    }
  });

  test("may be called twice, and leaves what was counted", async () => {
    const net = await classifier();
    const history = await net.fit(x, labels, options);
    net.dispose();
    net.dispose();
    net[Symbol.dispose]();
    expect([net.epoch, net.step, net.history.loss]).toEqual([1, 3, history.loss]);
  });

  test("during fit, from a timer or from onEpoch, rejects the fit with a StateError", async () => {
    for (const settings of [endless, { ...options, epochs: 2 }]) {
      const net = await classifier();
      const onEpoch = () => net.dispose();
      if (settings === endless) setTimeout(() => net.dispose(), 20);
      const error = await net.fit(x, labels, { ...settings, onEpoch }).catch((reason) => reason);
      expect(error).toBeInstanceOf(StateError);
      expect(error.message).toBe("fit: the network was disposed of");
    }
  });

  test("in the body of train makes its next value a StateError, and break is clean", async () => {
    const net = await classifier();
    const iterator = net.train(x, labels, endless);
    const other = await classifier();
    for await (const _ of other.train(x, labels, { ...endless, every: 1 })) {
      other.dispose();
      break;
    }
    const started = net.train(x, labels, { ...endless, every: 1 });
    await started.next();
    net.dispose();
    await expect(started.next()).rejects.toThrow(StateError);
    await expect(iterator.next()).rejects.toThrow(StateError);
  });
});
