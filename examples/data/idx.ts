import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Complaint } from "../complaint.ts";
import type { Images } from "./images.ts";

/** Thrown when the files of MNIST are not there, or not what they should be. */
export class IdxError extends Complaint {
  override name = "IdxError";
}

/**
 * Reads the four idx files of MNIST, plain or gzipped, from a folder.
 *
 * @throws {IdxError} if a file is missing, damaged, of another kind, or does not belong to the others
 */
export function readMnist(folder: string): { train: Images; test: Images } {
  return { train: readImages(folder, "train"), test: readImages(folder, "t10k") };
}

function readImages(folder: string, part: string): Images {
  const images = readIdx(join(folder, `${part}-images-idx3-ubyte`), 3);
  const labels = readIdx(join(folder, `${part}-labels-idx1-ubyte`), 1);
  const [count, height, width] = images.shape;
  if (height !== 28 || width !== 28) {
    throw new IdxError(`Cannot use ${images.path}: images of ${height} × ${width} pixels, expected 28 × 28`);
  }
  if (labels.values.length !== count) {
    throw new IdxError(`Cannot use ${labels.path}: ${labels.values.length} labels, expected ${count}, one per image`);
  }
  const wrong = labels.values.findIndex((label) => label > 9);
  if (wrong !== -1) {
    throw new IdxError(`Cannot use ${labels.path}: label ${wrong} is ${labels.values[wrong]}, expected 0 to 9`);
  }
  return { pixels: images.values, labels: labels.values };
}

/**
 * Reads one idx file of unsigned bytes, or the same with `.gz` behind its name: two zero bytes, the type (8: unsigned
 * byte), the number of dimensions, each dimension as a big-endian 32-bit number, then the values
 * (format: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits").
 *
 * @throws {IdxError} if the file is missing, is no gzip file behind `.gz`, or is no such idx file of its full length
 */
export function readIdx(path: string, dimensions: number): { path: string; shape: number[]; values: Uint8Array } {
  const found = [path, `${path}.gz`].find((name) => existsSync(name));
  if (found === undefined) {
    throw new IdxError(`Cannot read ${path}: no such file, expected it or the same name with .gz`);
  }
  const bytes = found === path ? readFileSync(found) : unzip(found);

  const header = 4 + 4 * dimensions;
  if (bytes.length < header) {
    throw new IdxError(`Cannot read ${found}: ${bytes.length} bytes, expected a header of ${header}`);
  }
  const magic = bytes.readUInt32BE(0);
  const expected = 0x0800 + dimensions;
  if (magic !== expected) {
    throw new IdxError(
      `Cannot read ${found}: it begins with ${hex(magic)}, expected ${hex(expected)} (${dimensions}-dimensional bytes)`,
    );
  }
  const shape = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const length = header + shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== length) {
    throw new IdxError(
      `Cannot read ${found}: ${bytes.length} bytes, expected ${length} for ${shape.join(" × ")} values`,
    );
  }
  return { path: found, shape, values: bytes.subarray(header) };
}

function unzip(path: string): Buffer {
  try {
    return gunzipSync(readFileSync(path));
  } catch (error) {
    throw new IdxError(`Cannot read ${path}: ${(error as Error).message}, expected a whole gzip file`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
