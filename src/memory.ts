import { LARGEST } from "./module.ts";
import { aligned, Plan } from "./plan.ts";
import type { Programs } from "./programs.ts";

/** Bytes of a network's memory, and of its parts. */
export interface Memory {
  readonly all: number;
  /** Parameters and statistics. */
  readonly network: number;
  /** What the optimizer keeps. */
  readonly optimizer: number;
  readonly gradients: number;
  /** Rows that stay, with their targets, weights and order. */
  readonly rows: number;
  /** A batch: its rows, the activations, their derivatives and the kernels' workspaces at their peak; and the programs. */
  readonly batch: number;
}

/** Gives every block its address, from `start` on; `Machine` draws the order. */
export function planMemory(programs: Programs, start: number): Memory {
  const { all, cursor, tally, rates, state, network, gradientRun, inputs, targets, weights, order, ...rest } = programs;
  const plan = new Plan(start);
  for (const block of [cursor, tally, rates.cells, rates.table, rest.scratch, ...all, state, gradientRun]) {
    plan.place(block);
  }
  for (const block of [rest.stagedInputs, rest.stagedTargets, rest.stagedWeights]) plan.place(block);
  for (const block of [inputs, targets, weights, order]) plan.place(block);
  for (const block of [...(rest.normal?.all ?? []), ...(rest.jacobian ? [rest.jacobian.rows] : [])]) plan.place(block);
  const { end } = plan;
  const bytes = aligned(Math.max(...all.map((program) => program.placeScratch(end))));
  const rows = inputs.bytes + targets.bytes + weights.bytes + order.bytes;
  return {
    all: bytes,
    network: network.bytes,
    optimizer: state.bytes - network.bytes,
    gradients: gradientRun.bytes,
    rows,
    batch: bytes - state.bytes - gradientRun.bytes - rows,
  };
}

/** @throws RangeError where it is more than there is */
export function checkMemory({ all, network, optimizer, gradients, rows, batch }: Memory, size: number): void {
  if (all <= LARGEST) return;
  const cure = batch > all / 2 && size > 1 ? "; smaller batches take less" : "";
  const parts = { parameters: network, "the optimizer": optimizer, gradients, rows, [`a batch of ${size}`]: batch };
  const list = Object.entries(parts).flatMap(([name, bytes]) => (bytes > 0 ? [`${name} ${gibibytes(bytes)}`] : []));
  throw new RangeError(
    `Cannot plan the memory: ${gibibytes(all)} GiB are needed (${list.join(", ")}), 4 GiB are the most${cure}`,
  );
}

function gibibytes(bytes: number): string {
  const number = bytes / 2 ** 30;
  return number < 1e6 ? number.toFixed(number < 0.25 ? 3 : 1) : number.toExponential(1);
}
