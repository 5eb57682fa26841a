import { expect, test } from "vitest";
import { pathAndFlags } from "../../examples/arguments.ts";
import { Complaint } from "../../examples/complaint.ts";

const read = (...args: string[]) => pathAndFlags(args, ["fresh", "crop"], "Usage: …");

test("a path and flags are read in any order; what is missing or unknown gets the usage", () => {
  expect(read("data")).toEqual({ path: "data", fresh: false, crop: false });
  expect(read("--crop", "data", "--fresh")).toEqual({ path: "data", fresh: true, crop: true });
  for (const args of [[], ["a", "b"], ["data", "--corp"], ["--fresh"], ["data", "--crop=yes"]]) {
    expect(() => read(...args)).toThrow(Complaint);
    expect(() => read(...args)).toThrow(/Usage: …$/);
  }
});
