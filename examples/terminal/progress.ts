import { SingleBar } from "cli-progress";
import { count } from "./format.ts";

/** A progress bar with the rate and the time left, drawn only where the output is a terminal. */
export class Progress {
  readonly #total: number;
  readonly #unit: string;
  readonly #from: number;
  readonly #started = performance.now();
  readonly #bar = new SingleBar({
    format: "  {bar} {percentage} %   {rate} {unit}/s   {left} left",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    stream: process.stdout,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    autopadding: true,
  });
  #drawn = false;

  /** Begins to count now: `total` units of work, of which `from` were done before. */
  constructor(total: number, unit: string, from = 0) {
    this.#total = total;
    this.#unit = unit;
    this.#from = from;
  }

  /** Shows that `done` units of the total are done. */
  update(done: number): void {
    const seconds = (performance.now() - this.#started) / 1000;
    const rate = (done - this.#from) / seconds;
    const left = (this.#total - done) / rate;
    const words = { rate: count(Math.round(rate)), unit: this.#unit, left: clock(left) };
    if (!this.#drawn) this.#bar.start(this.#total, done, words);
    else this.#bar.update(done, words);
    this.#drawn = true;
  }

  /** Takes the bar away, so that a line can be printed; the next update brings it back. */
  clear(): void {
    this.#bar.stop();
    this.#drawn = false;
  }
}

/** Seconds as minutes and seconds, 1:05. */
function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
