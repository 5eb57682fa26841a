import Table from "cli-table3";

// Columns stand apart by space alone.
const noLines = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "middle"]
    .flatMap((line) => [line, `${line}-mid`, `${line}-left`, `${line}-right`])
    .concat("mid-mid")
    .map((line) => [line, ""]),
);

export type Column = string | { right: string };

/** Rows of text under a head; the columns `{ right }` hold numbers. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    chars: noLines,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    head: columns.map((column) => (typeof column === "string" ? column : column.right)),
    colAligns: columns.map((column) => (typeof column === "string" ? "left" : "right")),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Three significant digits, in full. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(3)) === 0 ? "0" : value.toPrecision(3);
}

/** A time in ms as µs. */
export function micro(ms: number): string {
  return digits(1000 * ms);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
