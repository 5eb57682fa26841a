const grouped = new Intl.NumberFormat("en");
const threeDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** A whole number with its thousands grouped: 1,000,000. */
export function count(value: number): string {
  return grouped.format(value);
}

/** A measured number in three significant digits: 0.142, 17,400. */
export function measured(value: number): string {
  return threeDigits.format(value);
}

/** A fraction of 1 in per cent with two decimals: 97.90 %. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}

/** Lines of two aligned columns, indented by two: what, and its value. */
export function facts(rows: [name: string, value: string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}   ${value}`).join("\n");
}

/** The text in lines of at most 100 columns: what is longer goes on behind a space, indented by four. */
export function wrapped(text: string): string {
  return text.replace(/(?=.{97})(.{1,96}) /g, "$1\n    ");
}
