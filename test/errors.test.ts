import { expect, test } from "vitest";
import { DivergedError, FormatError, StateError } from "../src/errors.ts";

test("DivergedError carries the facts, names them and says where the network is and what helps", () => {
  const likely = "lower the learning rate";
  const facts = { step: 812, epoch: 2, learningRate: 10, loss: Number.NaN, layer: 3, likely };
  const error = new DivergedError(facts);
  expect(error).toBeInstanceOf(Error);
  expect({ ...error }).toEqual({ name: "DivergedError", ...facts });
  expect(error.message).toBe(
    "Cannot train: diverged at step 812, epoch 2, learning rate 10, loss NaN, first in layer 3; " +
      "the network is back at the end of epoch 1; lower the learning rate",
  );
});

test("DivergedError in the first epoch does not speak of an epoch 0", () => {
  const facts = {
    learningRate: undefined,
    loss: Number.POSITIVE_INFINITY,
    layer: undefined,
    likely: "scale the features",
  };
  const error = new DivergedError({ step: 1, epoch: 1, ...facts });
  expect(error.message).toBe(
    "Cannot train: diverged at step 1, epoch 1, loss Infinity; the network is as it was before epoch 1; scale the features",
  );
});

test.each([FormatError, StateError])("%o is an Error that prints its own name and keeps the cause", (Kind) => {
  const cause = new Error("inner");
  const error = new Kind("what happened", { cause });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe(`${Kind.name}: what happened`);
  expect(error.cause).toBe(cause);
});
