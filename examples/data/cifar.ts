import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Complaint } from "../complaint.ts";
import type { Images } from "./images.ts";

/** Thrown when the files of CIFAR-10 are not there, or not what they should be. */
export class CifarError extends Complaint {
  override name = "CifarError";
}

const PIXELS = 32 * 32;
const CHANNELS = 3;
const RECORD = 1 + CHANNELS * PIXELS;
/** The folder in the archive. */
const FOLDER = "cifar-10-batches-bin";

/**
 * Reads the binary version of CIFAR-10, `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, from a folder or from
 * `cifar-10-batches-bin` in it.
 *
 * @throws {CifarError} if a file is missing or does not consist of whole records
 */
export function readCifar(folder: string): { train: Images; test: Images } {
  const inner = join(folder, FOLDER);
  const from = existsSync(inner) ? inner : folder;
  const read = (file: string) => readBatch(join(from, file));
  return {
    train: together([1, 2, 3, 4, 5].map((n) => read(`data_batch_${n}.bin`))),
    test: read("test_batch.bin"),
  };
}

function together(batches: Images[]): Images {
  return {
    pixels: Buffer.concat(batches.map(({ pixels }) => pixels)),
    labels: Buffer.concat(batches.map(({ labels }) => labels)),
  };
}

/**
 * Reads one file of records: a label from 0 to 9, then 1,024 bytes of red, as many of green and of blue, each row by row
 * (format: A. Krizhevsky, "The CIFAR-10 dataset"). The channels of a pixel come together: [32, 32, 3].
 *
 * @throws {CifarError} if the file is missing, empty, cut in the middle of a record, or has a label above 9
 */
export function readBatch(path: string): Images {
  if (!existsSync(path)) throw new CifarError(`Cannot read ${path}: no such file, expected a binary batch of CIFAR-10`);
  const bytes = readFileSync(path);
  const count = Math.floor(bytes.length / RECORD);
  const rest = bytes.length % RECORD;
  if (rest !== 0 || count === 0) {
    throw new CifarError(
      `Cannot read ${path}: record ${count} has ${rest} bytes, expected ${RECORD} (1 of label, ${RECORD - 1} of pixels)`,
    );
  }
  const labels = Uint8Array.from({ length: count }, (_, i) => bytes[i * RECORD]!);
  const wrong = labels.findIndex((label) => label > 9);
  if (wrong !== -1) {
    throw new CifarError(`Cannot read ${path}: record ${wrong} has label ${labels[wrong]}, expected 0 to 9`);
  }
  const pixels = new Uint8Array(count * CHANNELS * PIXELS);
  for (let i = 0; i < count; i++) {
    const planes = bytes.subarray(i * RECORD + 1, (i + 1) * RECORD);
    const image = pixels.subarray(i * CHANNELS * PIXELS);
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let p = 0; p < PIXELS; p++) image[p * CHANNELS + channel] = planes[channel * PIXELS + p]!;
    }
  }
  return { pixels, labels };
}
