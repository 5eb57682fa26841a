import { describe, expect, it } from "vitest";
import {
  add,
  cos,
  cumulative,
  type DoubleDouble,
  exp,
  expm1,
  log,
  log1p,
  multiply,
  negate,
  scale,
  sigmoid,
  tanh,
} from "./doubleDouble.ts";

/** Digits after the point that are compared: 2^−100 is 8e-31. */
const DIGITS = 30;

/** x·10^30, rounded down, from the exact value of the two doubles. */
function decimal([high, low]: DoubleDouble): bigint {
  // Both parts are multiples of 2^−200 for the numbers used here.
  const parts = [high, low].map((part) => BigInt(part * 2 ** 200));
  return ((parts[0]! + parts[1]!) * 10n ** BigInt(DIGITS)) >> 200n;
}

function expectDigits(x: DoubleDouble, digits: string): void {
  const [whole, rest] = digits.split(".") as [string, string];
  const difference = decimal(x) - BigInt(whole + rest.slice(0, DIGITS));
  // In units of the 30th digit, for numbers below 10.
  expect(Math.abs(Number(difference)), digits).toBeLessThanOrEqual(8);
}

describe("double-double arithmetic", () => {
  it("gives thirty digits of published constants", () => {
    const e = exp([1, 0]);
    expectDigits(scale(e.value, e.exponent), "2.71828182845904523536028747135266249775");
    expectDigits(expm1([1, 0]), "1.71828182845904523536028747135266249775");
    expectDigits(log(2), "0.69314718055994530941723212145817656807");
    expectDigits(log(3), "1.09861228866810969139524523692252570464");
    expectDigits(log(10), "2.30258509299404568401799145468436420760");
    expectDigits(log1p(1), "0.69314718055994530941723212145817656807");
    expectDigits(tanh(1), "0.76159415595576488811945828260479359041");
    expectDigits(cos(1), "0.54030230586813971740093660744297660373");
    expectDigits(cos(1e6), "0.93675212753314478693853253507491877570");
    // Abramowitz & Stegun, table 26.1, gives fifteen of these.
    expectDigits(cumulative(1).value, "0.84134474606854294858523254563203792247");
    expectDigits(cumulative(-2).value, "0.02275013194817920720028263716653343747");
  });

  it("agrees with itself where two formulas meet", () => {
    // tanh(x/2) = 2σ(x) − 1, here with 2^−3 of the digits cancelled
    const s = sigmoid(0.5);
    const left = decimal(tanh(0.25));
    const right = 2n * decimal(scale(s.value, s.exponent)) - 10n ** BigInt(DIGITS);
    expect(Math.abs(Number(left - right))).toBeLessThanOrEqual(8);
  });

  it("agrees with itself on both sides of −3, where the sum for Φ goes over to the fraction", () => {
    // Φ(−3 + h) − Φ(−3 − h) = 2h·φ(3)·(1 + (3² − 1)/6·h² + …), h = 2^−30; 2^−100 and Φ's own rounding of 2^−105 are left.
    const h = 2 ** -30;
    const [above, below] = [-3 + h, -3 - h].map((x) => {
      const { value, exponent } = cumulative(x);
      return scale(value, exponent);
    });
    const density = exp([-4.5, 0]);
    const slope = scale(multiply(density.value, [0.3989422804014327, -2.4923272022777433e-17]), density.exponent + 1);
    const difference = add(add(above!, negate(below!)), negate(multiply(slope, [h, 0])));
    expect(Math.abs(difference[0] - (8 / 6) * slope[0] * h ** 3)).toBeLessThan(2 ** -100);
  });

  it("keeps its relative precision next to zero", () => {
    // ln(1 + x) = x − x²/2 + x³/3 − … and e^x − 1 = x + x²/2 + x³/6 + … at x = 2^−50; 2^−153 is 2^−103 of the result.
    const x = 2 ** -50;
    const [logHigh, logLow] = log1p(x);
    expect(logHigh).toBe(x - x ** 2 / 2);
    expect(Math.abs(logLow - x ** 3 / 3)).toBeLessThan(2 ** -153);
    const [expHigh, expLow] = expm1([x, 0]);
    expect(expHigh).toBe(x + x ** 2 / 2);
    expect(Math.abs(expLow - x ** 3 / 6)).toBeLessThan(2 ** -153);
  });
});
