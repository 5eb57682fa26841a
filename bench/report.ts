import type { Case } from "./cases.ts";
import { type Ceiling, limit } from "./ceiling.ts";
import type { Result } from "./measure.ts";
import { ratio, summary } from "./statistics.ts";
import { digits, micro, percent, table } from "./table.ts";

const RUN = { training: "steps", convolutions: "steps", prediction: "calls", products: "products" } as const;

/** Who could not be measured, and why. */
export interface LeftOut {
  name: string;
  why: string;
}

/** One case: every contestant in a row, the first is ours. */
export function caseTable(
  one: Case,
  results: readonly Result[],
  ceiling: Ceiling,
  leftOut: readonly LeftOut[] = [],
): string {
  const [ours] = results;
  const rows = results.map(({ name, version, times, note, loss }) => {
    const label = `${name} ${version}`.trim();
    const notes = note.join("; ");
    if (times.length === 0) return [label, "–", "–", "–", "–", "–", "–", "", notes];
    const { min, median } = summary(times);
    const rate = (1000 * one.flops) / min;
    return [
      label,
      micro(min),
      micro(median),
      digits(1000 / median),
      digits(rate / 1e9),
      percent(rate / limit(ceiling, one.precision)),
      ours!.times.length > 0 ? digits(ratio(times, ours!.times).median) : "–",
      loss ? `${loss.from.toPrecision(3)} → ${loss.to.toPrecision(3)}` : "",
      notes,
    ];
  });
  const columns = [
    "",
    { right: "min µs" },
    { right: "median µs" },
    { right: `${RUN[one.group]}/s` },
    { right: "GFLOP/s" },
    { right: "of ceiling" },
    { right: "×" },
    results.some(({ loss }) => loss) ? "loss" : "",
    "",
  ];
  const lines = [`${one.name}: ${one.about}`, table(columns, rows), ...agreement(results)];
  return `${[...lines, ...leftOut.map(({ name, why }) => `left out: ${name} ${why}`)].join("\n")}\n`;
}

/** Whose losses after three steps are the same. */
function agreement(results: readonly Result[]): string[] {
  const alike = results.filter(({ loss, note }) => loss?.third !== undefined && note.length === 0);
  if (alike.length < 2) return [];
  return [
    `losses after three steps agree: ${alike.map(({ name, loss }) => `${name} ${loss!.third!.toPrecision(7)}`).join(", ")}`,
  ];
}

export interface Measured {
  one: Case;
  results: Result[];
}

/** Ours alone with the ratio to every peer: a row for each case. */
export function summaryTable(all: readonly Measured[], ceiling: Ceiling): string {
  const peers = [...new Set(all.flatMap(({ results }) => results.slice(1).map(({ name }) => name)))];
  const rows = all.map(({ one, results: [ours, ...others] }) => {
    const times = ours!.times;
    if (times.length === 0) return [one.name, "FAILED"];
    const { min, median } = summary(times);
    const rate = (1000 * one.flops) / min;
    const ratios = peers.map((name) => {
      const other = others.find((result) => result.name === name);
      return other?.times.length ? digits(ratio(other.times, times).median) : "";
    });
    const share = percent(rate / limit(ceiling, one.precision));
    return [one.name, micro(min), micro(median), digits(1000 / median), digits(rate / 1e9), share, ...ratios];
  });
  const columns = [
    "",
    { right: "min µs" },
    { right: "median µs" },
    { right: "per second" },
    { right: "GFLOP/s" },
    { right: "of ceiling" },
    ...peers.map((name) => ({ right: `× ${name}` })),
  ];
  return `${table(columns, rows)}\n`;
}

/** This tree against another commit: a row for each case. */
export function againstTable(all: readonly Measured[], ref: string): string {
  const rows = all.map(({ one, results: [ours, theirs] }) => {
    const failed = [ours, theirs].flatMap((result) => result?.note ?? []).join("; ");
    if (!ours?.times.length || !theirs?.times.length) return [one.name, "–", "–", "–", "–", "–", "–", failed];
    const [a, b] = [summary(ours.times), summary(theirs.times)];
    const { median, low, high } = ratio(theirs.times, ours.times);
    const spread = `${low.toFixed(3)}–${high.toFixed(3)}`;
    return [one.name, micro(a.min), micro(a.median), micro(b.min), micro(b.median), median.toFixed(3), spread, failed];
  });
  const columns = [
    "",
    { right: "min µs" },
    { right: "median µs" },
    { right: `${ref} min` },
    { right: "median" },
    { right: "ratio" },
    { right: "middle half" },
    "",
  ];
  return `${table(columns, rows)}\nratio: the time of ${ref} divided by this tree's, above 1 where this tree is faster\n`;
}
