import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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

const [parts, theInterface] = Array.from(
  readFileSync("README.md", "utf8").matchAll(/```ts\n([\s\S]*?)```/g),
  ([, ts]) => ts!,
);

test("the README's parts run as they stand", () => {
  expect(run(`${parts!}console.log(flowers.epoch);`)).toBe("10\n");
});

test("the README's interface runs as it stands", () => {
  // Without the one mark that only TypeScript knows.
  expect(run(theInterface!.replace("x[0]!", "x[0]")).match(/^\d+\/10 /gm)).toHaveLength(10);
});
