import { expect, test } from "vitest";
import { DivergedError, FormatError, StateError } from "../src/errors.ts";

test("DivergedError carries the facts, names them and says where the network is and what helps", () => {
  const error = new DivergedError({ step: 812, epoch: 2, learningRate: 10, loss: Number.NaN });
  expect(error).toBeInstanceOf(Error);
  expect({ ...error }).toEqual({ name: "DivergedError", step: 812, epoch: 2, learningRate: 10, loss: Number.NaN });
  expect(error.message).toBe(
    "Cannot train: diverged at step 812, epoch 2, learning rate 10, loss NaN; " +
      "the network is back at the end of epoch 1; lower the learning rate or scale the features",
  );
});

test("DivergedError in the first epoch does not speak of an epoch 0", () => {
  const error = new DivergedError({ step: 1, epoch: 1, learningRate: 10, loss: Number.POSITIVE_INFINITY });
  expect(error.message).toContain("the network is as it was before epoch 1;");
});

test.each([FormatError, StateError])("%o is an Error that prints its own name and keeps the cause", (Kind) => {
  const cause = new Error("inner");
  const error = new Kind("what happened", { cause });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe(`${Kind.name}: what happened`);
  expect(error.cause).toBe(cause);
});
