import { outputsOf } from "./architecture.ts";
import type { Precision, Rows } from "./data.ts";
import { Machine } from "./machine.ts";
import type { CoreModule } from "./module.ts";
import type { Derivatives } from "./results.ts";

/** Output `output` of one row, and its derivative by everything that leads there: in a memory of its own, that overwrites nothing. */
export function derive<P extends Precision>(
  module: CoreModule,
  source: Machine<P>,
  row: Rows["data"],
  output: number,
): Derivatives<P> {
  const machine = new Machine<P>(module, source.architecture, { rows: 1, derivatives: true });
  machine.copyState(source);
  const { stagedInputs, stagedTargets, derivative, gradients } = machine.programs;
  const { program, output: logits, traces, deltas } = derivative!;
  const length = outputsOf(source.architecture);
  machine.stage(stagedInputs, row);
  machine.stage(
    stagedTargets,
    Float64Array.from({ length }, (_, i) => Number(i === output)),
  );
  machine.run(program, 1);
  return {
    output: machine.copyOf(logits)[output]!,
    layers: traces.map(({ z, a }, l) => ({
      z: machine.copyOf(z),
      a: machine.copyOf(a),
      dz: machine.copyOf(deltas[l]!.dz),
      da: machine.copyOf(deltas[l]!.da),
      ...machine.named(gradients, l),
    })),
  };
}
