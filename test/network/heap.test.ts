import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("a step allocates nothing on the heap", () => {
  // In a process of its own: a test runner allocates too.
  const program = `
    import { PerformanceObserver } from "node:perf_hooks";
    import { dense, Network, sgd } from "steepest";
    const layers = [dense(4, "tanh"), dense(2)];
    const net = await Network.create({ inputs: 3, layers, loss: "softmaxCrossEntropy" });
    const collections = [];
    new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ entryTypes: ["gc"] });
    const marks = [];
    const onEpoch = ({ epoch }) => {
      if (epoch === 1) gc();
      marks.push({ heap: process.memoryUsage().heapUsed, time: performance.now() });
    };
    const options = { optimizer: sgd({ learningRate: 0.01 }), epochs: 2, stepsPerEpoch: 100_000, batchSize: 1,
      sampling: "withReplacement", onEpoch };
    await net.fit([[1, 2, 3], [3, 2, 1], [0, 1, 0]], [0, 1, 1], options);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [begun, ended] = marks;
    const between = collections.filter(({ startTime }) => startTime > begun.time && startTime < ended.time).length;
    console.log(JSON.stringify({ between, growth: ended.heap - begun.heap }));`;
  const output = execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", program]);
  const { between, growth } = JSON.parse(output.toString());
  expect(between).toBe(0);
  // 100,000 steps and the slices around them, about one for each 10 ms: an object a step would be 1.2 MB or more.
  expect(growth).toBeLessThan(400_000);
});
