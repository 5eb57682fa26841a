import { describe, expect, test } from "vitest";
import { constant, dense, Network, type Precision, type Sampling, sgd } from "../../src/index.ts";
import { draw, shuffle } from "../reference/random.ts";
import { classifier, labels, x } from "./samples.ts";

// Which rows a step takes: found by training with fit, and by hand through gradients and setParameters.

const RATE = 0.25;
const SEED = 2 ** 33 + 5;
const BATCH = 4;
const optimizer = sgd({ learningRate: RATE });

/** w − η·g as the core rounds it: after the product and after the difference. */
function descend(w: Float32Array | Float64Array, g: Float32Array | Float64Array) {
  const round = w instanceof Float32Array ? Math.fround : Number;
  return w.map((value, i) => round(value - round(RATE * g[i]!)));
}

/** Takes one step with these rows. */
function step(net: Awaited<ReturnType<typeof classifier<Precision>>>, rows: number[]): void {
  const { layers } = net.gradients(
    rows.map((row) => x[row]!),
    rows.map((row) => labels[row]!),
  );
  net.setParameters(
    net.parameters().map(({ weights, biases }, l) => ({
      weights: descend(weights, layers[l]!.weights),
      biases: descend(biases, layers[l]!.biases),
    })),
  );
}

/** The rows of an epoch, from 0, as the words of the options say. */
const ORDERS: Record<Sampling, (epoch: number, steps: number) => number[][]> = {
  shuffle: (epoch, steps) => passes(steps, (pass) => shuffle(x.length, SEED, epoch, pass)),
  sequential: (_, steps) => passes(steps, () => x.map((_, row) => row)),
  withReplacement: (epoch, steps) => batches(draw(BATCH * steps, x.length, SEED, epoch, 0)),
};

function batches(order: number[]): number[][] {
  return Array.from({ length: Math.ceil(order.length / BATCH) }, (_, i) => order.slice(BATCH * i, BATCH * (i + 1)));
}

function passes(steps: number, order: (pass: number) => number[]): number[][] {
  return Array.from({ length: steps }, (_, pass) => batches(order(pass)))
    .flat()
    .slice(0, steps);
}

describe.each<Precision>(["f32", "f64"])("%s", (precision) => {
  describe.each<Sampling>(["shuffle", "sequential", "withReplacement"])("%s", (sampling) => {
    // 3 steps are a pass over 11 rows; 2 leave rows out, 8 begin a third pass
    test.each([3, 2, 8])(
      "takes the rows that it should: epochs of %d steps by hand give the bits of fit",
      async (steps) => {
        const [fitted, byHand] = [
          await classifier<Precision>({ precision, seed: SEED }),
          await classifier<Precision>({ precision, seed: SEED }),
        ];
        for (let epoch = 0; epoch < 3; epoch++) {
          await fitted.fit(x, labels, { optimizer, batchSize: BATCH, sampling, stepsPerEpoch: steps });
          for (const rows of ORDERS[sampling](epoch, steps)) step(byHand, rows);
          expect(fitted.parameters()).toEqual(byHand.parameters());
        }
      },
    );
  });
});

/**
 * How often each of 24 rows was taken. Row i is the i-th unit vector, so that weight i alone moves when it is. The rate is
 * 1 / (2 · target): a visit in a batch of one adds η·2(y − ŷ) = 1 − ŷ/y, near 1 since ŷ is at most the visits of all rows.
 */
async function visits(
  options: { sampling: Sampling; epochs?: number; stepsPerEpoch?: number; batchSize?: number },
  target = 2 ** 20,
) {
  const rows = Array.from({ length: 24 }, (_, i) => Array.from({ length: 24 }, (_, j) => Number(i === j)));
  const zero = { weights: constant(0) };
  const net = await Network.create({
    inputs: 24,
    layers: [dense(1, "identity", zero)],
    loss: "meanSquaredError",
    precision: "f64",
    seed: 3,
  });
  const { batchSize = 1 } = options;
  const targets = rows.map(() => target);
  await net.fit(rows, targets, { optimizer: sgd({ learningRate: 1 / (2 * target) }), ...options, batchSize });
  return [...net.parameters()[0]!.weights].map((weight) => {
    const count = Math.round(weight * batchSize);
    // ŷ / y of each visit is lost: ŷ ≤ 300 of 2²⁰, or 66,000 of 2⁴⁰
    expect(Math.abs(weight * batchSize - count)).toBeLessThanOrEqual(count * 3e-4);
    return count;
  });
}

const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);

test.each([1, 2, 8, 24])(
  "shuffle and sequential take every row once in an epoch of batches of %d",
  async (batchSize) => {
    for (const sampling of ["shuffle", "sequential"] as const) {
      expect(await visits({ sampling, batchSize })).toEqual(Array(24).fill(1));
      expect(await visits({ sampling, batchSize, epochs: 5 })).toEqual(Array(24).fill(5));
    }
  },
);

test("fewer steps than a pass take as many rows once: the first of the order", async () => {
  expect(await visits({ sampling: "sequential", stepsPerEpoch: 7 })).toEqual(Array(24).fill(1, 0, 7).fill(0, 7));
  const shuffled = await visits({ sampling: "shuffle", stepsPerEpoch: 7 });
  expect(sum(shuffled)).toBe(7);
  expect(Math.max(...shuffled)).toBe(1);
  expect(shuffled.slice(0, 7)).not.toEqual(Array(7).fill(1));
});

test("more steps than a pass begin the next one", async () => {
  const first = Array.from({ length: 24 }, (_, i) => (i < 6 ? 3 : 2));
  expect(await visits({ sampling: "sequential", stepsPerEpoch: 54 })).toEqual(first);
  const shuffled = await visits({ sampling: "shuffle", stepsPerEpoch: 54 });
  expect(shuffled.toSorted()).toEqual(first.toSorted());
  expect(shuffled).not.toEqual(first);
});

test("withReplacement takes as many rows as there are places, some twice, some never", async () => {
  const counts = await visits({ sampling: "withReplacement" });
  expect(sum(counts)).toBe(24);
  // That 24 draws of 24 are all different has a chance of 24! / 24²⁴ = 5·10⁻¹⁰.
  expect(Math.min(...counts)).toBe(0);
  expect(Math.max(...counts)).toBeGreaterThan(1);
  const many = await visits({ sampling: "withReplacement", epochs: 10 });
  expect(sum(many)).toBe(240);
  // 10 ± 3.1 for each row: 24 rows within 5 deviations but for a chance of 10⁻⁵, and the seed is fixed
  for (const count of many) expect(Math.abs(count - 10)).toBeLessThan(16);
});

test("more draws than are made at a time follow on, also in memory that was planned for another batch size", async () => {
  // The core draws 65,536 row numbers at a time or, in batches of 3, 65,535: 22,000 steps need more.
  const used = await classifier();
  await used.fit(x, labels, { optimizer, batchSize: 1, sampling: "withReplacement", stepsPerEpoch: 65_536 });
  const fresh = await Network.load(used.save());
  const settings = { optimizer, batchSize: 3, sampling: "withReplacement", stepsPerEpoch: 22_000 } as const;
  expect(await used.fit(x, labels, settings)).toEqual(await fresh.fit(x, labels, settings));
  expect(used.save()).toEqual(fresh.save());
  // Each row is drawn as often as the reference says, the 66,000th draw included.
  const expected = Array(24).fill(0);
  for (const row of draw(66_000, 24, 3, 0, 0)) expected[row] += 1;
  expect(await visits({ sampling: "withReplacement", batchSize: 3, stepsPerEpoch: 22_000 }, 2 ** 40)).toEqual(expected);
});

test("the order depends on the seed alone: the same gives the same bits, another others", async () => {
  for (const sampling of ["shuffle", "withReplacement"] as const) {
    const trained = async (seed: number) => {
      const net = await classifier({ seed });
      // The same beginning for every seed: only the order is left to it.
      net.setParameters((await classifier({ seed: 1 })).parameters());
      await net.fit(x, labels, { optimizer, batchSize: 1, sampling });
      return net.parameters();
    };
    const expected = await trained(7);
    expect(await trained(7)).toEqual(expected);
    // 2³² + 7 differs from 7 in its upper half only
    for (const seed of [6, 2 ** 32 + 7]) expect(await trained(seed)).not.toEqual(expected);
  }
});

test("no shuffle and no draw is repeated in a second epoch or a second fit", async () => {
  for (const sampling of ["shuffle", "withReplacement"] as const) {
    const net = await classifier();
    const start = net.parameters();
    const results: unknown[] = [];
    for (let fit = 0; fit < 5; fit++) {
      net.setParameters(start);
      await net.fit(x, labels, { optimizer, batchSize: 1, sampling });
      results.push(net.parameters());
    }
    for (const [i, result] of results.entries()) {
      for (const other of results.slice(i + 1)) expect(other).not.toEqual(result);
    }
  }
});
