import { describe, expect, it } from "vitest";
import { core } from "./core.ts";

const { powInteger } = core;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const double = new DataView(new ArrayBuffer(8));

/** The positive normal number x as numerator and denominator. */
function fraction(x: number): [bigint, bigint] {
  double.setFloat64(0, x);
  const bits = double.getBigUint64(0);
  const exponent = (bits >> 52n) - 1075n;
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  return exponent < 0n ? [mantissa, 1n << -exponent] : [mantissa << exponent, 1n];
}

/** |x − top/bottom| ≤ n·2^−53·top/bottom, in whole numbers. */
function withinUnits(x: number, top: bigint, bottom: bigint, n: number): boolean {
  const [numerator, denominator] = fraction(x);
  const difference = numerator * bottom - top * denominator;
  return (difference < 0n ? -difference : difference) << 53n <= BigInt(n) * top * denominator;
}

describe("powInteger", () => {
  it("is exact where every power on the way is a double", () => {
    expect(powInteger(2, 10)).toBe(1024);
    expect(powInteger(2, 1023)).toBe(2 ** 1023);
    expect(powInteger(2, -1022)).toBe(2 ** -1022);
    expect(powInteger(-3, 3)).toBe(-27);
    expect(powInteger(3, 33)).toBe(5559060566555523);
    expect(powInteger(10, 22)).toBe(1e22);
    expect(powInteger(-2, -3)).toBe(-0.125);
    expect(powInteger(0.5, 1)).toBe(0.5);
    expect(powInteger(7, 0)).toBe(1);
  });

  it("is right at special values", () => {
    expect(powInteger(0, 0)).toBe(1);
    expect(powInteger(inf, 0)).toBe(1);
    expect(powInteger(0, 5)).toBe(0);
    expect(powInteger(-0, 3)).toBe(-0);
    expect(powInteger(-0, -3)).toBe(-inf);
    expect(powInteger(0, -2)).toBe(inf);
    expect(powInteger(-inf, 3)).toBe(-inf);
    expect(powInteger(-inf, -3)).toBe(-0);
    expect(powInteger(2, 1024)).toBe(inf);
    expect(powInteger(0.9, 2147483647)).toBe(0);
    expect(powInteger(-1, -2147483648)).toBe(1);
    expect(powInteger(2, -2147483648)).toBe(0);
    for (const n of [-2147483648, -1, 0, 1, 2147483647]) expect(powInteger(nan, n)).toBe(nan);
  });

  it("is within |n|·2^−53 of the exact power", () => {
    for (const x of [0.6180339887498949, 0.9, 0.999, 1 - 2 ** -53, 1.0000001, 1.1, 1.9999999]) {
      for (const n of [2, 3, 5, 7, 10, 31, 100, 255, 256, 1000]) {
        const [top, bottom] = fraction(x).map((part) => part ** BigInt(n)) as [bigint, bigint];
        expect(withinUnits(powInteger(x, n), top, bottom, n), `${x}^${n}`).toBe(true);
        expect(withinUnits(powInteger(x, -n), bottom, top, n), `${x}^-${n}`).toBe(true);
      }
    }
  });
});
