/** The low and the high 32 bits of an integer from 0 to 2^53 − 1, as the core takes seeds. */
export function words(integer: number): [number, number] {
  return [integer % 2 ** 32, Math.floor(integer / 2 ** 32)];
}
