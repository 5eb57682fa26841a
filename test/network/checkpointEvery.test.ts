import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import {
  activation,
  adam,
  batchNorm,
  cosine,
  dense,
  dropout,
  type FitOptions,
  lbfgs,
  Network,
  reduceOnPlateau,
  sgd,
} from "../../src/index.ts";

import { classifier, labels, regression, scalars, x } from "./samples.ts";

const layers = [dense(4), batchNorm(), activation("tanh"), dropout(0.25), dense(2)];

const COURSES: [string, Partial<FitOptions>][] = [
  ["adam with a schedule", { optimizer: adam({ learningRate: cosine({ learningRate: 0.02, epochs: 5 }) }) }],
  [
    "a plateau and early stopping",
    {
      optimizer: sgd({ learningRate: reduceOnPlateau({ learningRate: 0.3, patience: 1 }), momentum: 0.9 }),
      validationData: [x, labels],
      metrics: ["accuracy"],
      earlyStopping: { patience: 4, restoreBest: true },
    },
  ],
  ["draws and accumulation", { optimizer: adam(), sampling: "withReplacement", batchSize: 2, accumulationSteps: 2 }],
];

describe.each(COURSES)("%s", (_, course) => {
  const options = { optimizer: adam(), batchSize: 4, epochs: 5, ...course };
  // 3 steps an epoch: 2 and 5 fall in the middle of epochs and on their ends.
  test.each([{ epochs: 1 }, { epochs: 2 }, { steps: 1 }, { steps: 2 }, { steps: 5 }])(
    "from each checkpoint every %j the training ends as the uninterrupted one",
    async (every) => {
      const whole = await classifier({ layers });
      const history = await whole.fit(x, labels, options);
      const net = await classifier({ layers });
      const files: Uint8Array[] = [];
      const at: number[] = [];
      const to = async (bytes: Uint8Array) => {
        files.push(bytes);
        at.push(net.step);
        await null;
      };
      // That there are checkpoints changes nothing.
      expect(await net.fit(x, labels, { ...options, checkpointEvery: { ...every, to } })).toEqual(history);
      expect(net.save()).toEqual(whole.save());
      const distance = "steps" in every ? every.steps! : 3 * every.epochs!;
      expect(at.length).toBeGreaterThan(0);
      expect(at).toEqual(at.map((_, i) => (i + 1) * distance));
      expect(at).toHaveLength(Math.floor((3 * history.loss.length) / distance));
      for (const bytes of files) {
        const resumed = await Network.resume(bytes);
        expect(await resumed.fit(x, labels, options)).toEqual(history);
        expect(resumed.save()).toEqual(whole.save());
      }
    },
  );
});

test("a method over all rows goes on from each of its steps", async () => {
  const make = () => regression({ layers: [dense(4, "tanh"), dense(1)], precision: "f64" });
  const options = { optimizer: lbfgs(), epochs: 6 };
  const whole = await make();
  await whole.fit(x, scalars, options);
  const files: Uint8Array[] = [];
  const net = await make();
  await net.fit(x, scalars, { ...options, checkpointEvery: { steps: 2, to: (bytes) => files.push(bytes) } });
  expect(files).toHaveLength(3);
  for (const bytes of files) {
    const resumed = await Network.resume(bytes);
    await resumed.fit(x, scalars, options);
    expect(resumed.save()).toEqual(whole.save());
  }
});

test("counts from where the call began, also in one that is resumed, and works in train", async () => {
  const options = { optimizer: adam(), batchSize: 4 };
  const net = await classifier();
  for await (const _ of net.train(x, labels, { ...options, every: 1 })) break;
  const at: number[] = [];
  const files: Uint8Array[] = [];
  const checkpointEvery = {
    steps: 2,
    to: (bytes: Uint8Array) => {
      at.push(net.step);
      files.push(bytes);
    },
  };
  for await (const { step } of net.train(x, labels, { ...options, epochs: 2, every: 3, checkpointEvery })) {
    // It is made before the value is seen.
    expect(at).toEqual([3, 5, 7].filter((made) => made <= step));
  }
  const resumed = await Network.resume(files[0]!);
  const then: number[] = [];
  const to = () => then.push(resumed.step);
  await resumed.fit(x, labels, { ...options, epochs: 2, checkpointEvery: { steps: 2, to } });
  expect(then).toEqual([5, 7]);
});

test("a file is replaced by the latest checkpoint, whole, by its path or its URL", async () => {
  const folder = await mkdtemp(join(tmpdir(), "steepest-"));
  try {
    const path = join(folder, "run.checkpoint");
    const options = { optimizer: adam(), batchSize: 4, epochs: 4 };
    const whole = await classifier({ layers });
    await whole.fit(x, labels, options);
    for (const to of [path, pathToFileURL(path)]) {
      const net = await classifier({ layers });
      const seen: number[] = [];
      await net.fit(x, labels, {
        ...options,
        checkpointEvery: { epochs: 3, to },
        onEpoch: async () => {
          seen.push((await readdir(folder)).length);
        },
      });
      expect(seen.at(-1)).toBe(1);
      const resumed = await Network.resume(await readFile(path));
      expect(resumed.epoch).toBe(3);
      await resumed.fit(x, labels, options);
      expect(resumed.save()).toEqual(whole.save());
      expect(await readdir(folder)).toEqual(["run.checkpoint"]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what fails ends the training, which keeps its whole steps", async () => {
  const net = await classifier();
  const reason = new Error("no space");
  const to = async () => {
    throw reason;
  };
  const options = { optimizer: adam(), batchSize: 4, epochs: 9 };
  await expect(net.fit(x, labels, { ...options, checkpointEvery: { steps: 2, to } })).rejects.toBe(reason);
  expect([net.step, net.history.stopped]).toEqual([2, "error"]);
  const missing = join(tmpdir(), "steepest-absent", "run.checkpoint");
  await expect(net.fit(x, labels, { ...options, checkpointEvery: { epochs: 1, to: missing } })).rejects.toThrow(
    `Cannot write ${missing}: the folder`,
  );
  await net.fit(x, labels, options);
});

describe("checkpointEvery", () => {
  const to = () => {};
  const given = (checkpointEvery: unknown) => ({ optimizer: adam(), checkpointEvery });
  test.each([
    [{ to }, TypeError, "checkpointEvery has neither epochs nor steps, expected one of them"],
    [{ epochs: 1, steps: 1, to }, TypeError, "checkpointEvery has epochs and steps, expected one of them"],
    [{ steps: 0, to }, RangeError, "checkpointEvery: steps is 0, expected a positive integer"],
    [{ epochs: 1.5, to }, RangeError, "checkpointEvery: epochs is 1.5, expected a positive integer"],
    [{ epochs: 1 }, TypeError, "checkpointEvery: to is undefined, expected a path, a file: URL or a function"],
    [{ epochs: 1, to: "" }, RangeError, 'checkpointEvery: to is "", expected a path'],
    [{ epoch: 1, to }, TypeError, 'checkpointEvery: unknown option "epoch"'],
    [3, TypeError, "checkpointEvery: options is 3, expected a plain object"],
    [null, TypeError, "checkpointEvery: options is null, expected a plain object"],
  ])("%j is refused", async (wrong, kind, message) => {
    const net = await classifier();
    const error = await net.fit(x, labels, given(wrong) as never).catch((reason) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toContain(`fit: ${message}`);
    expect(net.step).toBe(0);
  });
});
