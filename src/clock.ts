/** How long an optimizer has run: the facade's view of the record that the core reads and writes (`assembly/clock.ts`). */
export class Clock {
  static readonly BYTES = 64;
  readonly #doubles: Float64Array;

  constructor(buffer: ArrayBuffer, address: number) {
    this.#doubles = new Float64Array(buffer, address, 8);
  }

  /** As they are before the first update. */
  clear(): void {
    this.#doubles.fill(0);
    this.scale = 1;
    this.best = Number.POSITIVE_INFINITY;
    this.#doubles[6] = 1;
  }

  /** Whole epochs, and epochs that were broken off. */
  get epochs(): number {
    return this.#doubles[1]!;
  }
  set epochs(value: number) {
    this.#doubles[1] = value;
  }

  /** Of `reduceOnPlateau`: the factor of the rate, the best loss, epochs since it was found, and epochs to rest. */
  get scale(): number {
    return this.#doubles[2]!;
  }
  set scale(value: number) {
    this.#doubles[2] = value;
  }
  get best(): number {
    return this.#doubles[3]!;
  }
  set best(value: number) {
    this.#doubles[3] = value;
  }
  get waited(): number {
    return this.#doubles[4]!;
  }
  set waited(value: number) {
    this.#doubles[4] = value;
  }
  get resting(): number {
    return this.#doubles[5]!;
  }
  set resting(value: number) {
    this.#doubles[5] = value;
  }
}
