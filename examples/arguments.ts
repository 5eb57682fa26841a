import { parseArgs } from "node:util";
import { Complaint } from "./complaint.ts";

/**
 * The path and the flags behind an example's name.
 * @throws {Complaint} the usage, where there is not one path or an unknown flag
 */
export function pathAndFlags<F extends string>(
  args: string[],
  flags: readonly F[],
  usage: string,
): { path: string } & Record<F, boolean> {
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: "boolean" as const }]));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Complaint(`${(error as Error).message.split(". ")[0]}\n\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1) throw new Complaint(usage);
  const given = Object.fromEntries(flags.map((flag) => [flag, values[flag] === true])) as Record<F, boolean>;
  return { path: positionals[0]!, ...given };
}
