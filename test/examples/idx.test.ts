import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { IdxError, readIdx, readMnist } from "../../examples/data/idx.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "idx-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a file into the folder and returns its path. */
function put(name: string, bytes: Uint8Array | number[]): string {
  writeFileSync(join(folder, name), Uint8Array.from(bytes));
  return join(folder, name);
}

// Two images of 2 × 3 pixels, byte by byte.
const images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255];
const pixels = [0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255];

test("a plain idx file gives its shape and its bytes", () => {
  const { shape, values } = readIdx(put("images", images), 3);
  expect(shape).toEqual([2, 2, 3]);
  expect(Array.from(values)).toEqual(pixels);
});

test("a gzipped idx file is found by its plain name and gives the same", () => {
  put("images.gz", gzipSync(Uint8Array.from(images)));
  const { path, shape, values } = readIdx(join(folder, "images"), 3);
  expect(path).toBe(join(folder, "images.gz"));
  expect(shape).toEqual([2, 2, 3]);
  expect(Array.from(values)).toEqual(pixels);
});

test("a dimension above 255 is read as a big-endian number", () => {
  const { shape } = readIdx(put("labels", [0, 0, 8, 1, 0, 0, 1, 2, ...new Array(258).fill(7)]), 1);
  expect(shape).toEqual([258]);
});

test("a missing file is named with what was expected", () => {
  const path = join(folder, "images");
  expect(() => readIdx(path, 3)).toThrow(
    new IdxError(`Cannot read ${path}: no such file, expected it or the same name with .gz`),
  );
});

test("a file with another magic number is refused with both numbers", () => {
  const path = put("images", images);
  expect(() => readIdx(path, 1)).toThrow(
    `Cannot read ${path}: it begins with 0x00000803, expected 0x00000801 (1-dimensional bytes)`,
  );
});

test("a file that is cut short or too long is refused with both lengths", () => {
  const path = put("images", images.slice(0, -1));
  expect(() => readIdx(path, 3)).toThrow(`Cannot read ${path}: 27 bytes, expected 28 for 2 × 2 × 3 values`);
  expect(() => readIdx(put("longer", [...images, 0]), 3)).toThrow("29 bytes, expected 28");
  expect(() => readIdx(put("header", images.slice(0, 15)), 3)).toThrow("15 bytes, expected a header of 16");
});

test("a gzip file that is cut short, or none at all, is refused", () => {
  put("cut.gz", gzipSync(Uint8Array.from(images)).subarray(0, -9));
  expect(() => readIdx(join(folder, "cut"), 3)).toThrow("unexpected end of file, expected a whole gzip file");
  put("none.gz", images);
  expect(() => readIdx(join(folder, "none"), 3)).toThrow("incorrect header check, expected a whole gzip file");
});

/** An idx file of `count` images of 28 × 28 pixels, all of value 9. */
const digits = (count: number) => [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28, ...Array(784 * count).fill(9)];
const labels = (...values: number[]) => [0, 0, 8, 1, 0, 0, 0, values.length, ...values];

test("the four files of MNIST are read from one folder", () => {
  put("train-images-idx3-ubyte", digits(2));
  put("train-labels-idx1-ubyte.gz", gzipSync(Uint8Array.from(labels(5, 0))));
  put("t10k-images-idx3-ubyte", digits(1));
  put("t10k-labels-idx1-ubyte", labels(7));
  const { train, test } = readMnist(folder);
  expect([train.pixels.length, ...train.labels]).toEqual([2 * 784, 5, 0]);
  expect([test.pixels.length, ...test.labels]).toEqual([784, 7]);
});

test("images and labels that do not belong together are refused", () => {
  put("train-images-idx3-ubyte", digits(2));
  put("train-labels-idx1-ubyte", labels(5));
  expect(() => readMnist(folder)).toThrow("1 labels, expected 2, one per image");
  put("train-labels-idx1-ubyte", labels(5, 10));
  expect(() => readMnist(folder)).toThrow("label 1 is 10, expected 0 to 9");
  put("train-images-idx3-ubyte", images);
  expect(() => readMnist(folder)).toThrow("images of 2 × 3 pixels, expected 28 × 28");
});
