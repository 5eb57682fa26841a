import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { Network, type Progress, StateError } from "../../src/index.ts";
import { classifier, labels, options, x } from "./samples.ts";

async function collect(iterator: AsyncGenerator<Progress, unknown>): Promise<Progress[]> {
  const values: Progress[] = [];
  for await (const progress of iterator) values.push(progress);
  return values;
}

test("train yields after each epoch what onEpoch is told, and ends with the history and the bits of fit", async () => {
  const [pulled, pushed] = [await classifier(), await classifier()];
  const told: Progress[] = [];
  const history = await pushed.fit(x, labels, { ...options, epochs: 4, onEpoch: (progress) => told.push(progress) });
  const iterator = pulled.train(x, labels, { ...options, epochs: 4 });
  for (const progress of told) expect(await iterator.next()).toEqual({ done: false, value: progress });
  expect(await iterator.next()).toEqual({ done: true, value: history });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect(pulled.save()).toEqual(pushed.save());
});

test.each([1, 2, 3, 4, 6, 7, 12, 13])(
  "train yields every %d steps, across and at the ends of epochs",
  async (every) => {
    const [net, expected] = [await classifier(), await classifier()];
    const epochs: number[] = [];
    const onEpoch = ({ epoch }: Progress) => epochs.push(epoch);
    const values = await collect(net.train(x, labels, { ...options, epochs: 4, every, onEpoch }));
    // 4 epochs of 3 steps
    const steps = Array.from({ length: 12 }, (_, i) => i + 1).filter((step) => step % every === 0);
    expect(values.map(({ step }) => step)).toEqual(steps);
    expect(values.map(({ epoch }) => epoch)).toEqual(steps.map((step) => Math.ceil(step / 3)));
    expect(epochs).toEqual([1, 2, 3, 4]);
    await expected.fit(x, labels, { ...options, epochs: 4 });
    expect(net.save()).toEqual(expected.save());
  },
);

test("every counts from the beginning of the call", async () => {
  const net = await classifier();
  await net.fit(x, labels, { ...options, stepsPerEpoch: 5 });
  const values = await collect(net.train(x, labels, { ...options, epochs: 2, every: 2 }));
  expect(values.map(({ step, steps }) => [step, steps])).toEqual([
    [7, 11],
    [9, 11],
    [11, 11],
  ]);
});

test("the loss within an epoch is the mean over its samples so far", async () => {
  const net = await classifier({ precision: "f64" });
  let sum = 0;
  let rows = 0;
  const batches = [
    [0, 4],
    [4, 8],
    [8, 11],
  ] as const;
  const before = [await classifier({ precision: "f64" })];
  for await (const { loss, step } of net.train(x, labels, { ...options, sampling: "sequential", every: 1 })) {
    const [first, end] = batches[step - 1]!;
    sum += before[0]!.evaluate(x.slice(first, end), labels.slice(first, end)).loss * (end - first);
    rows += end - first;
    // divisions and multiplications by the rows of a batch: 2⁻⁵³ each, at most six
    expect(Math.abs(loss - sum / rows)).toBeLessThan(6 * 2 ** -53 * loss);
    before[0]!.setParameters(net.parameters());
  }
  expect(rows).toBe(11);
});

test("nothing runs before the first and between two calls of next", async () => {
  const net = await classifier();
  const untouched = net.save();
  const iterator = net.train(x, labels, { ...options, epochs: 1000, every: 1 });
  await sleep(30);
  expect(net.save()).toEqual(untouched);
  for (let step = 1; step <= 4; step++) {
    await iterator.next();
    const bytes = net.save();
    expect(net.step).toBe(step);
    await sleep(15);
    expect(net.save()).toEqual(bytes);
  }
  await iterator.return(net.history);
});

describe("break", () => {
  test("after whole epochs stops where fit of these epochs does", async () => {
    const [net, expected] = [await classifier(), await classifier()];
    for await (const { epoch } of net.train(x, labels, { ...options, epochs: 1000 })) if (epoch === 3) break;
    const history = await expected.fit(x, labels, { ...options, epochs: 3 });
    expect(net.save()).toEqual(expected.save());
    expect(net.history.loss).toEqual(history.loss);
    expect(await net.fit(x, labels, options)).toEqual(await expected.fit(x, labels, options));
  });

  test("in the middle of an epoch stops after a whole step, and the epoch's number is used up", async () => {
    const [net, sequential] = [await classifier(), await classifier()];
    for await (const { step } of net.train(x, labels, { ...options, epochs: 9, every: 1 })) if (step === 5) break;
    // one whole epoch and two steps of the second
    expect([net.epoch, net.step, net.history.loss.length]).toEqual([2, 5, 1]);
    // The same in two calls: the order of an epoch is keyed by its number.
    await sequential.fit(x, labels, options);
    await sequential.fit(x, labels, { ...options, stepsPerEpoch: 2 });
    expect(net.save()).toEqual(sequential.save());
    // The next fit begins with epoch 3.
    expect(await net.fit(x, labels, options)).toEqual(await sequential.fit(x, labels, options));
    expect([net.epoch, net.step]).toEqual([3, 8]);
    expect(net.save()).toEqual(sequential.save());
  });

  test("and what the body throws leave the network ready for the next fit", async () => {
    const net = await classifier();
    const reason = new Error("from the body");
    const body = async () => {
      for await (const _ of net.train(x, labels, { ...options, every: 1 })) throw reason;
    };
    await expect(body()).rejects.toBe(reason);
    expect([net.epoch, net.step]).toEqual([1, 1]);
    await net.fit(x, labels, options);
    expect([net.epoch, net.step]).toEqual([2, 4]);
  });
});

test("an iterator at work refuses a second one, fit and setParameters; one that ended does not", async () => {
  const net = await classifier();
  const first = net.train(x, labels, { ...options, epochs: 2 });
  const second = net.train(x, labels, options);
  await first.next();
  await expect(second.next()).rejects.toThrow(
    new StateError("train: the network is training; wait for fit to end, or finish the iterator of train"),
  );
  await expect(net.fit(x, labels, options)).rejects.toThrow(StateError);
  expect(() => net.setParameters(net.parameters())).toThrow(StateError);
  await first.next();
  expect((await first.next()).done).toBe(true);
  expect(await collect(net.train(x, labels, options))).toHaveLength(1);
  expect(net.epoch).toBe(3);
});

test("an abort between two values rejects the next call with the reason, after at most one step", async () => {
  const net = await classifier();
  const controller = new AbortController();
  const iterator = net.train(x, labels, { ...options, epochs: 1000, every: 1, signal: controller.signal });
  await iterator.next();
  controller.abort("now");
  await expect(iterator.next()).rejects.toBe("now");
  expect(net.step).toBeLessThanOrEqual(2);
  await net.fit(x, labels, options);
});

test("onStep tells of the epoch that the step belongs to, the last of it too", async () => {
  const net = await classifier();
  const told: number[][] = [];
  await net.fit(x, labels, { ...options, epochs: 2, onStep: ({ epoch, step }) => void told.push([epoch, step]) });
  // 11 rows in batches of 4
  expect(told).toEqual([1, 2, 3].map((step) => [1, step]).concat([4, 5, 6].map((step) => [2, step])));
});

describe("seconds", () => {
  /** A clock that goes on by a millisecond whenever it is read. An epoch reads it some ten times: it takes less than a second. */
  function clock(start: number): { pass(seconds: number): void } & Disposable {
    let now = start;
    const spy = vi.spyOn(performance, "now").mockImplementation(() => ++now);
    return {
      pass(seconds) {
        now += 1000 * seconds;
      },
      [Symbol.dispose]: () => spy.mockRestore(),
    };
  }

  const expectShort = (all: readonly number[]) => {
    for (const seconds of all) expect(seconds > 0 && seconds < 1, `${seconds} s`).toBe(true);
  };

  test.each([undefined, 1, 2])("hold no time between two calls of next(), every %s steps or epoch", async (every) => {
    const net = await classifier();
    using time = clock(0);
    for await (const _ of net.train(x, labels, { ...options, epochs: 3, every })) time.pass(1000);
    expect(net.history.seconds).toHaveLength(3);
    expectShort(net.history.seconds);
  });

  test("of an epoch that goes on after a resume begin with it, not with the process", async () => {
    const net = await classifier();
    let cut: Uint8Array | undefined;
    for await (const { step } of net.train(x, labels, { ...options, epochs: 3, every: 1 })) {
      if (step !== 5) continue;
      cut = net.checkpoint();
      break;
    }
    using _ = clock(1e7);
    const resumed = await Network.resume(cut!);
    await resumed.fit(x, labels, { ...options, epochs: 3 });
    const [whole, ...others] = resumed.history.seconds;
    expect(whole).toBeNaN();
    expect(others).toHaveLength(2);
    expectShort(others);
  });
});
