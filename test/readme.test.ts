import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";

test("the README's example runs, learns, and prints what it says", () => {
  const [, program] = /```js\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8"))!;
  const [, loss, labels] = /^(\S+) Int32Array\(4\) (\[.*\])\n$/.exec(run(program!))!;
  expect(labels).toBe("[ 0, 1, 1, 0 ]");
  // "0.00…" in its comment
  expect(loss).toMatch(/^0\.00\d/);
});

const run = (program: string) =>
  execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });

/** What Node runs of a block of TypeScript. */
const javaScript = (program: string) => transformSync(program, { loader: "ts" }).code;

const [parts, images, goingOn, larger, theInterface] = Array.from(
  readFileSync("README.md", "utf8").matchAll(/```ts\n([\s\S]*?)```/g),
  ([, ts]) => javaScript(ts!),
);

test("the README's parts run as they stand", () => {
  expect(run(`${parts!}console.log(flowers.epoch);`)).toBe("10\n");
});

test("the README's images train, and the table of their network is printed", () => {
  const printed = run(`${images!}console.log(net.history.loss.every(Number.isFinite), net.step);`);
  expect(printed).toContain("0  conv2d      [28, 28, 8]          208        156,800\n");
  expect(printed).toMatch(/\ntrue 1\n$/);
});

test("the README's training that goes on does so bit for bit, and its search keeps what it says", () => {
  const printed = run(`${goingOn!}
    const whole = await Network.create(create);
    await whole.fit(x, y, options);
    console.log(Buffer.compare(whole.save(), resumed.save()), stopped, loss.length === metrics.f1.length);
    console.log(trials.map(({ epochs }) => epochs).sort().join(), best.epochs, network.epoch);
  `);
  expect(printed).toMatch(/^0 (epochs|earlyStopping) true\n18,2,2,2,2,2,2,6,6 18 18\n$/);
});

test("the README's stream trains with the bits of its rows in memory", () => {
  const file = join(mkdtempSync(join(tmpdir(), "readme-")), "rows.csv");
  const rows = Array.from({ length: 70 }, (_, i) => [i % 2, (i % 7) / 7, (i % 5) / 5]);
  writeFileSync(file, rows.map((row) => row.join()).join("\n"));
  const printed = run(`${larger!.replace('"rows.csv"', JSON.stringify(file))}
    const rows = ${JSON.stringify(rows)};
    const other = await Network.create({ inputs: 2, layers: [dense(8, "tanh"), dense(2)], loss: "softmaxCrossEntropy" });
    const options = { optimizer: adam({ learningRate: 0.01 }), epochs: 3, batchSize: 32, sampling: "sequential" };
    await other.fit(rows.map(([, ...x]) => x), rows.map(([y]) => y), options);
    console.log(Buffer.compare(net.save(), other.save()), net.step);
  `);
  rmSync(dirname(file), { recursive: true });
  expect(printed).toBe("0 9\n");
});

test("the README's interface runs as it stands", () => {
  expect(run(theInterface!).match(/^\d+\/10 /gm)).toHaveLength(10);
});
