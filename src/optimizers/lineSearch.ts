/** F(x + step·d) and its derivative by the step. */
export interface Point {
  readonly step: number;
  readonly loss: number;
  readonly slope: number;
}

/** Sufficient decrease and curvature (Nocedal & Wright eq. 3.7 with the values of p. 62 for quasi-Newton methods). */
const C1 = 1e-4;
const C2 = 0.9;

/** Trials at most. */
const TRIALS = 25;

/**
 * A step with the strong Wolfe conditions: F(step) ≤ F(0) + c₁·step·F′(0) and |F′(step)| ≤ c₂|F′(0)| (Nocedal & Wright, "Numerical
 * optimization", 2nd ed., 2006, algorithms 3.5 and 3.6). New steps are minima of the cubic through two points (eq. 3.59), kept
 * away from both; a loss or slope that is not finite counts as too far. After 25 trials the best point will do: it lies lower than
 * the start, by c₁ enough; it is the start itself, step 0, where no such point was found. `evaluate` was last called at the step
 * returned, unless that is 0.
 * @param start the point at 0, its slope below 0
 * @param first the step to begin with, above 0
 */
export function lineSearch(evaluate: (step: number) => Point, start: Point, first: number): Point {
  // The best point so far, and the other end of an interval with a minimum, once there is one.
  let low = start;
  let high: Point | undefined;
  let step = first;
  for (let trial = 0; trial < TRIALS; trial++) {
    const point = evaluate(step);
    const finite = Number.isFinite(point.loss) && Number.isFinite(point.slope);
    if (!finite || point.loss > start.loss + C1 * step * start.slope || point.loss >= low.loss) {
      high = point;
    } else if (Math.abs(point.slope) <= -C2 * start.slope) {
      return point;
    } else {
      const width = high ? high.step - low.step : step - low.step;
      if (point.slope * width >= 0) high = low;
      else if (!high) {
        // Further on: at least as far again, ten times as far at most.
        step = between(low, point, 2, 10);
        low = point;
        continue;
      }
      low = point;
    }
    step =
      Number.isFinite(high.loss) && Number.isFinite(high.slope)
        ? between(low, high, 0.1, 0.9)
        : low.step + 0.1 * (high.step - low.step);
    if (step === low.step || step === high.step) break;
  }
  return low.step === 0 ? low : evaluate(low.step);
}

/** The minimum of the cubic through a and b, at `least` to `most` of the way from a to b; in the middle of these where it has none. */
function between(a: Point, b: Point, least: number, most: number): number {
  const way = b.step - a.step;
  // Eq. 3.59, as a fraction of the way.
  const d1 = a.slope + b.slope - 3 * ((a.loss - b.loss) / (a.step - b.step));
  const root = Math.sqrt(d1 * d1 - a.slope * b.slope);
  const d2 = way < 0 ? -root : root;
  const fraction = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
  return a.step + way * (Number.isFinite(fraction) ? Math.min(Math.max(fraction, least), most) : (least + most) / 2);
}
