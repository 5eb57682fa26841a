import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";

const bytesOf = (build: string) => readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url));

afterEach(() => {
  vi.restoreAllMocks();
  vi.doUnmock("../../src/relaxed.ts");
});

async function trained(options: { numerics?: "relaxed" }) {
  const { dense, Network, sgd } = await import("../../src/index.ts");
  const layers = [dense(5, "tanh"), dense(2)];
  const net = await Network.create({ inputs: 3, layers, loss: "softmaxCrossEntropy", ...options });
  await net.fit(Float32Array.of(1, 2, 3, 3, 2, 1), [0, 1], { optimizer: sgd({ learningRate: 0.2 }), epochs: 20 });
  const { numerics } = await Network.load(net.save(), options);
  expect(numerics).toBe(net.numerics);
  return { numerics, bytes: net.save() };
}

// Node 20 does not know the instructions of the relaxed build; later ones do.
const own = WebAssembly.validate(bytesOf("relaxed")) ? "relaxed" : "reproducible";

test.each([
  ["as the engine is", own, () => {}],
  ["without the instructions", "reproducible", () => vi.spyOn(WebAssembly, "validate").mockReturnValue(false)],
  [
    "with the instructions, but not fused",
    "reproducible",
    () => vi.doMock("../../src/relaxed.ts", () => ({ default: bytesOf("simd") })),
  ],
])("%s, numerics that are asked to be relaxed are %s, and say so", async (_, expected, change) => {
  vi.resetModules();
  change();
  const asked = await trained({ numerics: "relaxed" });
  const plain = await trained({});
  expect(plain.numerics).toBe("reproducible");
  expect(asked.numerics).toBe(expected);
  if (expected === "reproducible") expect(asked.bytes).toEqual(plain.bytes);
});
