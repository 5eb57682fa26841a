import { batchNorm, dense, dropout, type Layer } from "../../src/index.ts";
import { seeded } from "../reference/seeded.ts";

/** Rows of bytes, with labels, values and weights of theirs. */
export const ROWS = 53;
const next = seeded(23);
export const bytes = Array.from({ length: ROWS }, () => [next(), next(), next()].map((u) => Math.floor(256 * u)));
export const labels = bytes.map(([a, b]) => Number(a! > b!));
export const values = bytes.map(([a, b, c]) => [a! / 256 - b! / 512, c! / 256]);
export const weights = bytes.map((_, i) => (i % 5) / 4);
/** With all that depends on how a step is cut. */
export const layers: Layer[] = [dense(6, "tanh"), batchNorm(), dropout(0.3), dense(2)];
export const inputs = { shape: 3, scale: 1 / 128, offset: -1 };
