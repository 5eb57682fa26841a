import plot from "simple-ascii-chart";
import { count } from "./format.ts";

const superscripts: Record<string, string> = {
  "-": "⁻",
  ...Object.fromEntries(Array.from("⁰¹²³⁴⁵⁶⁷⁸⁹", (superscript, digit) => [digit, superscript])),
};
const rowsPerDecade = 3;
const margin = 8; // columns: the labels of the vertical axis, and air at the right
const narrowest = 40;
const widest = 100;

/** A line chart of positive values on a log scale, as wide as the terminal allows, with a label at each power of ten. */
export function logChart(points: [x: number, value: number][], title: string): string {
  const logs = points.map(([x, value]): [number, number] => [x, Math.log10(value)]);
  const lowest = Math.floor(Math.min(...logs.map(([, log]) => log)));
  const highest = Math.ceil(Math.max(...logs.map(([, log]) => log)));
  const lastX = points.at(-1)![0];
  const width = Math.min(Math.max((process.stdout.columns ?? 80) - margin, narrowest), widest);

  const chart = plot(logs, {
    width,
    height: rowsPerDecade * (highest - lowest) + 1,
    yRange: [lowest, highest],
    customYAxisTicks: Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i),
    customXAxisTicks: [0.2, 0.4, 0.6, 0.8, 1].map((part) => part * lastX),
    formatter: (value, { axis }) => (axis === "y" ? powerOfTen(value) : count(value)),
    symbols: {
      axis: { n: "│", e: "─" },
      chart: { we: "─", wns: "╮", ns: "│", nse: "╰", wsn: "╯", sne: "╭" },
    },
  });
  const lines = chart.split("\n").map((line) => line.trimEnd());
  return [title, ...lines.filter((line) => line !== "")].join("\n");
}

function powerOfTen(exponent: number): string {
  return `10${Array.from(String(exponent), (character) => superscripts[character]).join("")}`;
}
