// The sizes of dense layers at which the kernels change their ways.
import type { Sizes } from "../reference/dense.ts";
import type { Precision } from "../reference/precision.ts";

/** Eight tiles of four rows and one row more; in f32 four tiles of two vectors and a lane more. */
const SMALL = Array.from({ length: 33 }, (_, i) => i + 1);
const LONG = [63, 64, 65, 127, 128, 129, 255, 256, 257];
const SHORT = [1, 3, 6, 17];
/** For what does not need every size: each residue by the tiles' 4 rows and by 1, 2 and 4 vectors, after no, one and several whole tiles. */
const SOME = [1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33];

function* all(list: number[]): Generator<Sizes> {
  for (const rows of list) for (const inputs of list) for (const outputs of list) yield { rows, inputs, outputs };
}

/** Every rows × inputs × outputs in 1…33. */
export const small = () => all(SMALL);

export const some = () => all(SOME);

/** Since blocks would be of powers of two: each dimension around 64, 128 and 256, the others short. */
export function* long(): Generator<Sizes> {
  for (const size of LONG) {
    for (const a of SHORT) {
      for (const b of SHORT) {
        yield { rows: size, inputs: a, outputs: b };
        yield { rows: a, inputs: size, outputs: b };
        yield { rows: a, inputs: b, outputs: size };
      }
    }
  }
}

/** Bytes of D_Z above which `transposedProduct` copies panels, where there are two vectors in a row or more. */
const PACKED_BYTES = 16384;

/**
 * Rows on both sides of PACKED_BYTES for rows of one to nine vectors, with a lane to spare or none; inputs on both sides of one, two
 * and three blocks of 16 columns, with tiles of four columns and single ones behind them.
 */
export function* packing({ lanes }: Precision): Generator<Sizes> {
  for (const vectors of [1, 2, 3, 4, 5, 8, 9]) {
    const most = Math.floor(PACKED_BYTES / (16 * vectors));
    for (const rows of [most, most + 1]) {
      for (const inputs of [1, 4, 5, 15, 16, 17, 20, 21, 31, 32, 33]) {
        yield { rows, inputs, outputs: vectors * lanes - (inputs % 2) };
      }
    }
  }
}

/** Rows on both sides of 4, where tiles begin, and of 8, from which `product` copies panels; outputs of few and of many vectors. */
export function* panels({ lanes }: Precision): Generator<Sizes> {
  for (const rows of [3, 4, 5, 7, 8, 9]) {
    for (const vectors of [1, 2, 3, 4, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 32, 33]) {
      for (const inputs of [1, 2, 7, 63, 64, 65]) yield { rows, inputs, outputs: vectors * lanes - (inputs % 2) };
    }
  }
}

/** As many numbers as the largest matrix of these sizes has. */
export const LARGEST = 1025 * 33;

export const label = ({ rows, inputs, outputs }: Sizes) => `${rows} rows, ${inputs} inputs, ${outputs} outputs`;
