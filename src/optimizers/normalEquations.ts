import { targetValues } from "../inference.ts";
import type { Machine } from "../machine.ts";
import type { Samples } from "../validation.ts";

/**
 * JᵀJ and Jᵀr over all rows, from 0: the Jacobian sample by sample, added whenever there are as many rows of it as fit. `frozenRows`:
 * in the rows of one sample the bytes of what does not learn, which has no derivative.
 */
export function addNormalEquations(
  machine: Machine,
  { x, y }: Samples,
  outputs: number,
  frozenRows: readonly Uint8Array[],
): void {
  const { core, programs } = machine;
  const { gradientRun, normal, jacobian } = programs;
  const { matrix, projection, jacobian: rows, residuals, workspace, units, rows: most } = normal!;
  const { bytes } = gradientRun;
  for (const [i, unit] of units.parts.entries()) machine.doubles(unit)[i] = 1;
  for (const block of [matrix, projection]) machine.view(block).fill(0);
  const values = machine.doubles(residuals);
  let count = 0;
  const add = () => {
    const addresses = [matrix, projection, rows, residuals].map(({ address }) => address);
    const [a, b, j, r] = addresses as [number, number, number, number];
    if (count > 0) core.accumulateNormal(a, b, j, r, count, bytes / 8, workspace.address);
    count = 0;
  };
  const logits = new Float64Array(outputs);
  const targets = new Float64Array(outputs);
  for (let row = 0; row < x.rows; row++) {
    machine.stage(programs.stagedInputs, x.data.subarray(row * x.width, (row + 1) * x.width));
    machine.stage(programs.stagedTargets, targetValues(y, row, 1, outputs));
    machine.run(jacobian!.program, 1);
    machine.read(jacobian!.logits, logits, 0, 1);
    machine.read(jacobian!.targets, targets, 0, 1);
    for (const view of frozenRows) view.fill(0);
    machine.view(rows).set(machine.view(jacobian!.rows), count * bytes);
    for (let i = 0; i < outputs; i++) values[count + i] = logits[i]! - targets[i]!;
    count += outputs;
    if (count === most) add();
  }
  add();
}
