import { styleText } from "node:util";

// A character cell is about twice as high as wide, so the unit square is about square. The nodes are multiples
// of 1/40 across and of 1/20 down: every multiple of 0.1 falls on one.
const columns = 41;
const rows = 21;
const left = "    ";

// The classes differ in shape too, so that the picture reads without colour.
const marks = [paint("cyan", "●"), paint("magenta", "×")];
const shade = styleText("cyan", "░");

/** The nodes of the picture over the unit square, top row first: what to classify for `regionPicture`. */
export function pictureNodes(): [x1: number, x2: number][] {
  return Array.from({ length: rows * columns }, (_, node) => [
    (node % columns) / (columns - 1),
    1 - Math.floor(node / columns) / (rows - 1),
  ]);
}

/**
 * The unit square, shaded where the label learned at a node of `pictureNodes` is 0, and on it the points with their
 * own labels, 0 or 1. The legend names the points of label 0, those of label 1, and the shaded region.
 */
export function regionPicture(
  learned: Int32Array,
  points: [x1: number, x2: number][],
  labels: number[],
  legend: [points0: string, points1: string, region: string],
): string {
  const cells = Array.from(learned, (label) => (label === 0 ? shade : " "));
  points.forEach(([x1, x2], i) => {
    const node = Math.round((1 - x2) * (rows - 1)) * columns + Math.round(x1 * (columns - 1));
    cells[node] = marks[labels[i]!]!;
  });

  const axis: Record<number, string> = { 0: "1", [(rows - 1) / 2]: "x₂", [rows - 1]: "0" };
  const keys = [`${marks[0]}  ${legend[0]}`, `${marks[1]}  ${legend[1]}`, `${shade.repeat(2)} ${legend[2]}`];
  const lines = Array.from({ length: rows }, (_, row) => {
    const label = (axis[row] ?? "").padStart(left.length);
    const line = cells.slice(row * columns, (row + 1) * columns).join("");
    return `${label}│${line}│   ${keys[row - 1] ?? ""}`.trimEnd();
  });
  const middle = (columns + 1) / 2;
  return [
    `${left}┌${"─".repeat(columns)}┐`,
    ...lines,
    `${left}└${"─".repeat(columns)}┘`,
    `${left} 0${"x₁".padStart(middle)}${"1".padStart(columns - middle - 1)}`,
  ].join("\n");
}

// One format a call: Node 20's styleText writes a list of formats even where the output takes no colour.
function paint(colour: "cyan" | "magenta", text: string): string {
  return styleText("bold", styleText(colour, text));
}
