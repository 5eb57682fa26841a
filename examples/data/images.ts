/** Images one after another, each row by row, a byte for each channel of a pixel; one label per image. */
export interface Images {
  pixels: Uint8Array;
  labels: Uint8Array;
}
