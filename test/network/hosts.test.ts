import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { dense, FormatError, Network, sgd } from "../../src/index.ts";

// What differs between hosts: where the core and the files come from, and how callbacks are written.

const options = { inputs: 2, layers: [dense(3, "tanh"), dense(1)], loss: "binaryCrossEntropy" } as const;

test("a core from a file's URL, from bytes and compiled gives the same bits", async () => {
  const url = pathToFileURL("build/simd.wasm");
  const bytes = await (await import("node:fs/promises")).readFile(url);
  const expected = (await Network.create({ ...options, core: bytes })).save();
  for (const core of [url, await WebAssembly.compile(bytes)]) {
    expect((await Network.create({ ...options, core })).save()).toEqual(expected);
  }
});

test("a core that is not there, or not one, is a FormatError that says so", async () => {
  const create = (core: unknown) => Network.create({ ...options, core: core as Uint8Array<ArrayBuffer> });
  await expect(create(pathToFileURL("build/none.wasm"))).rejects.toThrow(
    /^Cannot load the core from file:.*none\.wasm/,
  );
  await expect(create(Uint8Array.of(1, 2, 3))).rejects.toThrow(FormatError);
  await expect(create(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))).rejects.toThrow(
    "the module is not steepest/core.wasm",
  );
  await expect(create("core.wasm")).rejects.toThrow(TypeError);
});

test("a file comes as an ArrayBuffer too", async () => {
  const bytes = (await Network.create(options)).save();
  expect((await Network.load(bytes.slice().buffer)).save()).toEqual(bytes);
});

test("callbacks that are asynchronous are awaited, and end the training when they reject", async () => {
  const net = await Network.create({ ...options, precision: "f64" });
  expect(net.precision).toBe("f64");
  const x = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const optimizer = sgd({ learningRate: 0.1 });
  let running = 0;
  const onEpoch = async () => {
    expect(running++).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
  };
  await net.fit(x, [0, 1, 1, 0], { optimizer, epochs: 5, onEpoch });
  expect(running).toBe(0);
  const failing = async () => {
    await null;
    throw new Error("full disk");
  };
  await expect(net.fit(x, [0, 1, 1, 0], { optimizer, epochs: 5, onEpoch: failing })).rejects.toThrow("full disk");
  expect(net.epoch).toBe(6);
});
