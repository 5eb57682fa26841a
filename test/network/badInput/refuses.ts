import { expect, test } from "vitest";
import { FormatError, type Network } from "../../../src/index.ts";
import { classifier, labels, options, x } from "../samples.ts";

// The tables of what must not be passed in. An entry is found by the class of its error and by what the message must
// say: what, where, expected, got.

const KINDS = { TypeError, RangeError, FormatError };

/** By the class of the error and a part of its message, what is given. */
export type Table<T> = { [kind in keyof typeof KINDS]?: Record<string, T> };

/** A value where its type would forbid it. */
export const any = (value: unknown) => value as never;

/** The same entry for many values; `$` in the message stands for the value. */
export function values<T>(message: string, list: readonly unknown[], given: (value: never) => T): Record<string, T> {
  return Object.fromEntries(list.map((value) => [message.replace("$", String(value)), given(any(value))]));
}

const untouched = await classifier();
const bytes = untouched.save();
const prediction = untouched.predict(x);
await untouched.fit(x, labels, { ...options, epochs: 2 });
const trained = untouched.save();

/**
 * Tests that `call` refuses each entry, `where` being the beginning of the message, and leaves its network, the
 * classifier 3-4-2 in f32, as it was: the same bytes and predictions, and it trains as one that was never misused.
 */
export function refuses<T>(where: string, table: Table<T>, call: (net: Network, given: T) => unknown): void {
  for (const [kind, entries] of Object.entries(table)) {
    test.each(Object.entries(entries))(`${kind}: ${where}%s`, async (message, given) => {
      const net = await classifier();
      const result = Promise.resolve(net).then((present) => call(present, given));
      const error = await result.then(String, (reason: Error) => reason);
      expect(error).toBeInstanceOf(KINDS[kind as keyof typeof KINDS]);
      expect((error as Error).message).toContain(where + message);
      // three lines of a terminal
      expect((error as Error).message.length).toBeLessThan(240);

      expect([net.step, net.epoch, net.history.loss]).toEqual([0, 0, []]);
      expect(net.save()).toEqual(bytes);
      expect(net.predict(x)).toEqual(prediction);
      await net.fit(x, labels, { ...options, epochs: 2 });
      expect(net.save()).toEqual(trained);
    });
  }
}
