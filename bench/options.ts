import { parseArgs } from "node:util";
import { cases } from "./cases.ts";
import type { Numerics } from "./contestant.ts";

export const HELP = `npm run bench -- [options]

Measures training, prediction, the matrix products and the start, beside the peers that are installed (npm run bench:peers;
PyTorch and scikit-learn where python3 has them), all on one thread and in turn: one sample of each, round by round.

  --only NAMES     cases or groups, separated by commas: ${cases
    .filter(({ group }) => group === "training" || group === "convolutions")
    .map(({ name }) => name)
    .join(", ")};
                   training, convolutions, prediction, products, start;
                   or the beginnings of names, such as forward-f32
  --peers NAMES    only these peers, such as jax-js,PyTorch; "none" for none
  --numerics WORD  "reproducible" (default) or "relaxed": which build of ours
  --against REF    builds another commit in a temporary worktree and measures this tree and that one in turn, without peers
  --json FILE      writes every sample and fact
  --quick          short samples and few, without peers that take seconds for a step: to see that it works, not to publish
  --help           this

Times are of one step, product or call. min and median are over the samples; × is the other's time divided by ours, the
median over the rounds. GFLOP/s counts the multiplications and additions of the products and convolutions only, those with
padding included, at the minimum. The ceiling is a loop of 128-bit multiply-adds that stay in registers, fused where the engine
has them and that is faster. Networks with convolutions all start from the same parameters and must agree on the loss after
three steps; who takes over a second for a step is measured on the last two of these alone. The bench does not pin itself to a
core: taskset -c 1 npm run bench.
`;

export interface Options {
  only: string[];
  peers: string[] | undefined;
  against: string | undefined;
  numerics: Numerics;
  json: string | undefined;
  quick: boolean;
  help: boolean;
}

/** @throws TypeError, Error for an unknown option or case */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      peers: { type: "string" },
      against: { type: "string" },
      numerics: { type: "string", default: "reproducible" },
      json: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { only, peers, against, numerics, json, quick, help } = values;
  if (numerics !== "reproducible" && numerics !== "relaxed") {
    throw new RangeError(`--numerics: ${numerics} is neither reproducible nor relaxed`);
  }
  const names = only?.split(",") ?? ["training", "convolutions", "prediction", "products", "start"];
  for (const name of names) {
    if (name !== "start" && !cases.some((one) => selects(name, one))) {
      throw new RangeError(`--only: ${name} is no case, expected one of those that --help lists`);
    }
  }
  return { only: names, peers: peers?.split(","), against, numerics, json, quick, help };
}

/** Whether a word of --only means this case. */
export function selects(word: string, { name, group }: { name: string; group: string }): boolean {
  return group === word || name === word || (group === "products" && name.startsWith(word));
}
