/** Where a run stands: the facade's view of the record that the core reads and writes (`assembly/cursor.ts` says what each is). */
export class Cursor {
  static readonly BYTES = 80;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;

  constructor(buffer: ArrayBuffer, address: number) {
    this.#doubles = new Float64Array(buffer, address, 6);
    this.#words = new Uint32Array(buffer, address + 48, 7);
  }

  get step(): number {
    return this.#doubles[0]!;
  }
  set step(value: number) {
    this.#doubles[0] = value;
  }
  get loss(): number {
    return this.#doubles[1]!;
  }
  get samples(): number {
    return this.#doubles[2]!;
  }
  get correct(): number {
    return this.#doubles[3]!;
  }
  set divisor(value: number) {
    this.#doubles[4] = value;
  }
  get health(): number {
    return this.#doubles[5]!;
  }
  set health(value: number) {
    this.#doubles[5] = value;
  }
  /** Where the next step begins in the order. */
  get position(): number {
    return this.#words[2]!;
  }
  set position(value: number) {
    this.#words[2] = value;
  }
  /** Sets the sums of loss and samples. */
  setSums(loss: number, samples: number): void {
    this.#doubles.set([loss, samples], 1);
  }
  /** The address of the rows' weights, or 0. */
  set weights(address: number) {
    this.#words[6] = address;
  }
  get finished(): boolean {
    return this.#words[2]! >= this.#words[1]!;
  }

  /** Sets the sums of loss, samples and correct, and the health, to 0. */
  clear(): void {
    this.#doubles.fill(0, 1, 4);
    this.#doubles[5] = 0;
  }

  /** Lets the next step begin at the first of `length` row numbers at address `order`. */
  follow(order: number, length: number, batchSize: number, stepSize: number): void {
    this.#words.set([order, length, 0, batchSize, stepSize]);
  }
}
