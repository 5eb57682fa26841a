// The loss of one row of logits on one class, which is −log softmax there.
import { Op } from "../../assembly/opcodes.ts";
import { Double } from "../../src/program.ts";
import type { Arena } from "../kernels/harness.ts";

/** −log softmax(z)_label, by the kernel of softmaxCrossEntropy. Clears the arena. */
export function crossEntropy(arena: Arena, logits: readonly number[], label: number): number {
  const columns = logits.length;
  arena.clear();
  const Z = arena.input(logits, 1, columns);
  const Y = arena.input(
    logits.map((_, j) => Number(j === label)),
    1,
    columns,
  );
  const [delta, cursor] = [arena.output(1, columns), arena.cursor()];
  arena.run(1, [Op.SoftmaxCrossEntropy, delta, Z, Y, cursor, columns, Z.rowBytes, new Double(0)]);
  return arena.cursorFields(cursor).loss;
}
