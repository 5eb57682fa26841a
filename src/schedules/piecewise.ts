import { checkKnown, describe, nonNegativeNumber, positiveInteger, unexpected } from "../options.ts";
import type { ScheduleKind } from "./schedule.ts";

/** A list of rates, as plain data. */
export interface Piecewise {
  readonly type: "piecewise";
  readonly pieces: readonly (readonly [epochs: number, learningRate: number])[];
}

/**
 * A list over epochs: so many epochs at this rate, then so many at that; the last rate stays.
 * @param pieces pairs of epochs, a positive integer, and a rate, finite and from 0
 * @example sgd({ learningRate: piecewise([[30, 0.05], [10, 0.005], [5, 0.0005]]), momentum: 0.9 })
 */
export function piecewise(pieces: readonly (readonly [epochs: number, learningRate: number])[]): Piecewise {
  const where = "piecewise";
  if (!Array.isArray(pieces) || pieces.length === 0) {
    throw unexpected(`${where}: pieces`, pieces, "an array of at least one pair [epochs, learningRate]", "object");
  }
  const checked = Array.from(pieces, (piece, i) => {
    if (!Array.isArray(piece) || piece.length !== 2) {
      throw new TypeError(`${where}: piece ${i} is ${describe(piece)}, expected a pair [epochs, learningRate]`);
    }
    return Object.freeze([
      positiveInteger(where, `piece ${i} epochs`, piece[0]),
      nonNegativeNumber(where, `piece ${i} learningRate`, piece[1]),
    ] as const);
  });
  return Object.freeze({ type: "piecewise", pieces: Object.freeze(checked) });
}

export const piecewiseKind: ScheduleKind<Piecewise> = {
  check(given) {
    checkKnown("piecewise", given, ["pieces"]);
    return piecewise(given.pieces);
  },
  rateAt({ pieces }, { epoch }) {
    let end = 0;
    for (const [epochs, rate] of pieces) {
      end += epochs;
      if (epoch < end) return rate;
    }
    return pieces.at(-1)![1];
  },
};
