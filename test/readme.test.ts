import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the README's example runs, learns, and prints what it says", () => {
  const [, program] = /```js\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8"))!;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program!], { encoding: "utf8" });
  const [, loss, labels] = /^(\S+) Int32Array\(4\) (\[.*\])\n$/.exec(output)!;
  expect(labels).toBe("[ 0, 1, 1, 0 ]");
  // "0.00…" in its comment
  expect(loss).toMatch(/^0\.00\d/);
});

test("the README's interface runs as it stands", () => {
  const [, program] = /```ts\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8"))!;
  // Without the one mark that only TypeScript knows.
  const plain = program!.replace("x[0]!", "x[0]");
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", plain], { encoding: "utf8" });
  expect(output.match(/^\d+\/10 /gm)).toHaveLength(10);
});
