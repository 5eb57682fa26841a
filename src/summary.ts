import { type Architecture, parameterShapes, shapes } from "./architecture.ts";
import { layerKind } from "./layers/index.ts";
import type { Memory } from "./memory.ts";
import { LARGEST } from "./module.ts";
import { printed } from "./shape.ts";

/** What a network is, layer by layer, and the memory that it needs, as a table to print. */
export function summaryOf(architecture: Architecture, memory: Memory, batchSize: number): string {
  const list = shapes(architecture);
  const parameters = parameterShapes(architecture);
  const rows = architecture.layers.map((layer, l) => {
    const counts = parameters[l]!.map(({ rows, columns }) => rows * columns);
    const work = layerKind(layer).multiplyAdds?.(layer, list[l]!) ?? 0;
    return [`${l}`, layer.type, printed(list[l + 1]!), sum(counts), work] as const;
  });
  const frozen = sum(parameters.flat().map(({ rate, rows, columns }) => (rate === 0 ? rows * columns : 0)));
  const all = sum(rows.map(([, , , count]) => count));
  const table = [
    ["", "layer", "output", "parameters", "multiply-adds"],
    ["", "inputs", printed(list[0]!), "", ""],
    ...rows.map(([l, type, output, count, work]) => [l, type, output, grouped(count), grouped(work)]),
    ["", "all", "", grouped(all), grouped(sum(rows.map((row) => row[4])))],
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column === 1 || column === 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
  const { network, optimizer, gradients, batch } = memory;
  const used = Object.entries({
    memory: memory.all,
    "  parameters": network,
    "  the optimizer": optimizer,
    "  gradients": gradients,
    [`  a batch of ${batchSize} at its peak`]: batch,
  }).map(([name, bytes]) => [name, size(bytes)] as const);
  const longest = Math.max(...used.map(([name]) => name.length));
  return [
    ...lines,
    ...(frozen > 0 ? [`${grouped(frozen)} parameters are not trained`] : []),
    ...(memory.all > LARGEST ? ["More memory than the 4 GiB there are:"] : []),
    ...used.map(([name, bytes]) => `${name.padEnd(longest)}  ${bytes.padStart(10)}`),
  ].join("\n");
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** 145,578 */
const grouped = (number: number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** Bytes in the largest unit that leaves a number from 1. */
function size(bytes: number): string {
  const [unit, factor] = bytes < 2 ** 20 ? ["KiB", 2 ** 10] : bytes < 2 ** 30 ? ["MiB", 2 ** 20] : ["GiB", 2 ** 30];
  return `${(bytes / (factor as number)).toFixed(1)} ${unit}`;
}
