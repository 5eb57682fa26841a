import { styleText } from "node:util";
import Table from "cli-table3";

// Columns stand apart by space alone.
const noLines = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "middle"]
    .flatMap((line) => [line, `${line}-mid`, `${line}-left`, `${line}-right`])
    .concat("mid-mid")
    .map((line) => [line, ""]),
);

/** A confusion matrix, counts[truth][prediction], with the names of the classes; the diagonal is bold. */
export function confusionTable(counts: number[][], names: string[]): string {
  const table = new Table({
    chars: noLines,
    style: { head: [], border: [], "padding-left": 2 },
    colAligns: ["left", ...names.map(() => "right" as const)],
  });
  table.push(
    ["", { content: styleText("dim", "predicted"), colSpan: names.length, hAlign: "center" }],
    [styleText("dim", "true"), ...names.map((name) => styleText("dim", name))],
    ...counts.map((row, truth) => [
      names[truth]!,
      ...row.map((n, predicted) => (predicted === truth ? styleText("bold", `${n}`) : n === 0 ? "·" : `${n}`)),
    ]),
  );
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
