import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adam, dense, dropout, type FitOptions, Network, stepDecay } from "steepest";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Complaint } from "../../examples/complaint.ts";
import { type Watched, watch } from "../../examples/terminal/training.ts";
import { seeded } from "../reference/seeded.ts";

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "training-"));
  lines = [];
  vi.spyOn(console, "log").mockImplementation((text = "") => void lines.push(...String(text).split("\n")));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

const next = seeded(5);
const x = new Float32Array(60).map(() => next());
const y = Uint8Array.from({ length: 30 }, (_, i) => Number(x[2 * i]! > x[2 * i + 1]!));

/** 30 rows in batches of 4: 8 steps an epoch, the last of 2 rows; 5 epochs. */
const watched = (name: string, options: Partial<FitOptions> = {}, fresh = false): Watched => ({
  name: join(folder, name),
  create: () =>
    Network.create({ inputs: 2, layers: [dense(8, "relu"), dropout(0.2), dense(2)], loss: "softmaxCrossEntropy" }),
  train: [x, y],
  test: [x.subarray(0, 20), y.subarray(0, 10)],
  options: {
    optimizer: adam({ learningRate: stepDecay({ learningRate: 0.02, factor: 0.8 }) }),
    epochs: 5,
    batchSize: 4,
    ...options,
  },
  fresh,
});

/** Presses Ctrl-C behind a step. */
const interrupt = (at: number): Partial<FitOptions> => ({
  onStep: ({ step }) => {
    if (step === at) process.emit("SIGINT");
  },
});

const saved = (name: string) => readFileSync(join(folder, `${name}.safetensors`));

const epochLines = () => lines.filter((line) => /^ +\d+ +\d\.\d{4} +\d/.test(line));

test.each([
  ["in the middle of an epoch", 19],
  ["behind the last step of an epoch", 16],
  ["behind the first step", 1],
])("a training that is stopped %s goes on to the same parameters and the same table", async (_, at) => {
  await watch(watched("whole"));
  const table = epochLines();
  expect(table).toHaveLength(5);

  lines = [];
  await watch(watched("cut", interrupt(at)));
  expect(lines.join("\n")).toMatch(`${(at / 8).toFixed(1)} of 5 epochs, stopped by Ctrl-C`);
  expect(epochLines()).toEqual(table.slice(0, Math.floor(at / 8)));
  expect(existsSync(join(folder, "cut.safetensors"))).toBe(false);

  lines = [];
  await watch(watched("cut"));
  expect(lines.join("\n")).toMatch(`Goes on after ${(at / 8).toFixed(1)} of 5 epochs, from cut.checkpoint`);
  expect(epochLines()).toEqual(table);
  expect(saved("cut").equals(saved("whole"))).toBe(true);
  expect(existsSync(join(folder, "cut.checkpoint"))).toBe(false);
});

test("a training that fails leaves the checkpoint of its last epoch", async () => {
  const failing = {
    onStep: ({ step }: { step: number }) => {
      if (step === 21) throw new Error("out of paper");
    },
  };
  await expect(watch(watched("cut", failing))).rejects.toThrow("out of paper");
  await watch(watched("cut"));
  expect(lines.join("\n")).toMatch("Goes on after 2.0 of 5 epochs");
  await watch(watched("whole"));
  expect(saved("cut").equals(saved("whole"))).toBe(true);
});

test("data that cannot be trained on are a complaint, without a trace of calls", async () => {
  const contrast = { images: { contrast: { floor: 100 } } };
  const refused = watch(watched("cut", contrast));
  await expect(refused).rejects.toThrow(/contrast: floor is 100, and no image of x\s+deviates by as much/);
  await expect(refused).rejects.toBeInstanceOf(Complaint);
});

test("a training that is fresh begins anew, and leaves no listener behind", async () => {
  const listeners = process.listenerCount("SIGINT");
  await watch(watched("cut", interrupt(19)));
  await watch(watched("cut", {}, true));
  expect(lines.join("\n")).not.toMatch("Goes on");
  await watch(watched("whole"));
  expect(saved("cut").equals(saved("whole"))).toBe(true);
  expect(process.listenerCount("SIGINT")).toBe(listeners);
});

test("a checkpoint of other options, or one that is cut, is a complaint and stays", async () => {
  await watch(watched("cut", interrupt(19)));
  const checkpoint = join(folder, "cut.checkpoint");
  const bytes = readFileSync(checkpoint);
  const other = watch(watched("cut", { batchSize: 5 }));
  await expect(other).rejects.toThrow(Complaint);
  await expect(other).rejects.toThrow(/batchSize is 5.*--fresh/s);
  expect(readFileSync(checkpoint).equals(bytes)).toBe(true);
  writeFileSync(checkpoint, bytes.subarray(0, 1000));
  await expect(watch(watched("cut"))).rejects.toThrow(Complaint);
  expect(readFileSync(checkpoint).length).toBe(1000);
});
