import { describe, expect, test } from "vitest";
import { augmentInputs, checkAugment } from "../src/augment.ts";
import { Cursor } from "../src/cursor.ts";
import { loadCore } from "../src/module.ts";
import { Block, Matrix } from "../src/plan.ts";
import { Program } from "../src/program.ts";
import { augmented, drawn } from "./reference/augment.ts";
import { normal, PRECISIONS } from "./reference/precision.ts";

const IMAGE = [6, 5, 3] as const;

const REFUSED: [string, unknown, readonly number[], string][] = [
  ["TypeError", true, IMAGE, "fit: augment: options is true, expected a plain object"],
  ["TypeError", { crops: 2 }, IMAGE, 'fit: augment: unknown option "crops", expected one of flip, crop'],
  ["TypeError", { flip: 1 }, IMAGE, "fit: augment: flip is 1, expected true or false"],
  ["RangeError", { crop: 0 }, IMAGE, "fit: augment: crop is 0, expected a positive integer"],
  ["RangeError", { crop: 1.5 }, IMAGE, "fit: augment: crop is 1.5, expected a positive integer"],
  ["TypeError", { crop: "4" }, IMAGE, 'fit: augment: crop is "4", expected a positive integer'],
  ["RangeError", { crop: 7 }, [6, 8, 1], "fit: augment: crop is 7, and the image is 6 × 8, expected less"],
  ["RangeError", { crop: 5 }, [8, 5, 1], "fit: augment: crop is 5, and the image is 8 × 5, expected less"],
  [
    "RangeError",
    { flip: true },
    [90],
    "fit: augment is given, and inputs is [90], expected images: [height, width, channels]",
  ],
];

test.each(REFUSED)("%s: %j for [%j]", (name, value, shape, message) => {
  expect(() => checkAugment("fit", value, shape)).toThrow(
    expect.objectContaining({ name, message: expect.stringContaining(message) }),
  );
});

test("what is left out is off, and where all is, nothing is to be done, whatever the inputs", () => {
  expect(checkAugment("fit", { flip: true }, IMAGE)).toEqual({ flip: true, crop: 0 });
  expect(checkAugment("fit", { crop: 4, flip: undefined }, IMAGE)).toEqual({ flip: false, crop: 4 });
  for (const nothing of [undefined, {}, { flip: false, crop: undefined }]) {
    expect(checkAugment("fit", nothing, [90])).toBeUndefined();
  }
});

describe.each(PRECISIONS)("in $name", (precision) => {
  test("the program varies the images at hand, and pads them with the offset", async () => {
    const [height, width, channels] = IMAGE;
    const [rows, seed, offset] = [4, 2 ** 40 + 9, -0.3];
    const module = await loadCore();
    const { core, buffer } = module.instantiate(2 ** 18);
    const program = new Program(rows, precision.size);
    const x = new Matrix(rows, height * width * channels, precision.size, IMAGE);
    const cursor = new Block(Cursor.BYTES);
    const out = program.keep(augmentInputs(program, { flip: true, crop: 2 }, x, offset, { seed, cursor }));
    let end = Math.ceil(module.heapBase / 64) * 64;
    for (const block of [x, cursor, program]) {
      block.address = end;
      end = Math.ceil((end + block.bytes) / 64) * 64;
    }
    program.placeScratch(end);
    program.write(new DataView(buffer), core.kernel);
    const numbers = (matrix: Matrix) =>
      new (precision.size === 8 ? Float64Array : Float32Array)(buffer, matrix.address);
    const images = normal(precision, rows * x.columns, 1);
    for (let i = 0; i < rows; i++) {
      numbers(x).set(images.subarray(i * x.columns, (i + 1) * x.columns), i * x.stride);
    }
    const view = new Cursor(buffer, cursor.address);
    view.step = 17;
    core.run(program.address, rows);
    for (let i = 0; i < rows; i++) {
      const found = [...numbers(out).subarray(i * out.stride, i * out.stride + out.columns)];
      const image = images.subarray(i * x.columns, (i + 1) * x.columns);
      const expected = augmented(image, { height, width, channels }, 2, drawn(2, seed, 17, i), precision.round(offset));
      expect(found).toEqual(expected);
    }
  });
});
