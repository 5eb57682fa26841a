import { Distribution } from "../assembly/opcodes.ts";
import { activationKind, activationName } from "./activations.ts";
import type { Precision } from "./data.ts";
import { drawn } from "./initializers.ts";
import { LAYERS, type Layer, layerKind } from "./layers/index.ts";
import type { ParameterShape } from "./layers/layer.ts";
import { checkLoss, type Loss, lossKind, lossName } from "./losses.ts";
import {
  checkKnown,
  describe,
  finiteNumber,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  unexpected,
} from "./options.ts";
import { isImage, printed, type Shape, sizeOf } from "./shape.ts";

/** The inputs of a network: how many numbers a row has, and how they are scaled on the way in: scale · x + offset. */
export interface InputOptions {
  /** Numbers of a row: a positive integer, or an array of one; or [height, width, channels] of an image, row by row. */
  shape: number | readonly number[];
  /** Default 1. For bytes of pixels: 1 / 255. */
  scale?: number;
  /** Default 0. */
  offset?: number;
}

/** What a network is, as plain data: saved with it, and enough to build it again. */
export interface Architecture {
  readonly inputs: { readonly shape: Shape; readonly scale: number; readonly offset: number };
  readonly layers: readonly Layer[];
  readonly loss: Loss;
  readonly precision: Precision;
  readonly seed: number;
}

/** The options that describe a network: those of `Network.create`, or of a file. */
export interface ArchitectureOptions {
  inputs: number | readonly number[] | InputOptions;
  layers: readonly Layer[];
  loss: Loss;
  precision?: Precision | undefined;
  seed?: number | undefined;
}

/** Checks a description and fills in the defaults. @throws TypeError, RangeError */
export function checkArchitecture(where: string, options: ArchitectureOptions): Architecture {
  const { inputs, layers, loss, precision = "f32", seed = 0 } = options;
  if (!Array.isArray(layers)) throw unexpected(`${where}: layers`, layers, "an array of layers");
  const architecture: Architecture = {
    inputs: checkInputs(where, inputs),
    // Array.from, unlike map, visits holes.
    layers: Array.from(layers, (layer, i) => {
      const type: unknown = Object(layer).type;
      if (typeof type !== "string" || !Object.hasOwn(LAYERS, type)) {
        const known = Object.keys(LAYERS).map((word) => `${word}(…)`);
        throw new TypeError(`${where}: layer ${i} is ${describe(type ?? layer)}, expected one of ${known.join(", ")}`);
      }
      return layerKind(layer as Layer).from(layer);
    }),
    loss: checkLoss(where, loss),
    precision: oneOf(where, "precision", precision, ["f32", "f64"]),
    seed: nonNegativeInteger(where, "seed", seed),
  };
  checkShapes(where, architecture);
  checkRange(where, architecture);
  const last = architecture.layers.filter(({ type }) => type !== "dropout" && type !== "flatten").at(-1);
  const { link } = lossKind(architecture.loss);
  const name = lossName(architecture.loss);
  if (last && "activation" in last && link !== "identity" && activationName(last.activation) === link) {
    throw new RangeError(
      `${where}: the last layer has activation "${link}", which the loss ${name} adds itself; leave it out`,
    );
  }
  if (name === "softmaxCrossEntropy" && outputsOf(architecture) === 1) {
    throw new RangeError(
      `${where}: softmaxCrossEntropy needs at least 2 outputs, the last layer has 1; use binaryCrossEntropy`,
    );
  }
  return architecture;
}

function checkInputs(where: string, inputs: ArchitectureOptions["inputs"]): Architecture["inputs"] {
  const plain = typeof inputs === "number" || Array.isArray(inputs);
  if (!plain && (typeof inputs !== "object" || inputs === null)) {
    throw unexpected(`${where}: inputs`, inputs, "a positive integer, an array of sizes, or { shape, scale, offset }");
  }
  if (!plain) checkKnown(`${where}: inputs`, inputs, ["shape", "scale", "offset"]);
  const { shape, scale = 1, offset = 0 } = (plain ? { shape: inputs } : inputs) as InputOptions;
  const list = Array.isArray(shape) ? shape : [shape];
  if (list.length !== 1 && list.length !== 3) {
    throw new RangeError(
      `${where}: inputs has ${list.length} dimensions, expected 1 or [height, width, channels] of an image`,
    );
  }
  return {
    shape: Array.from(list, (size) => positiveInteger(where, plain ? "inputs" : "inputs.shape", size)),
    scale: finiteNumber(where, "scale", scale),
    offset: finiteNumber(where, "offset", offset),
  };
}

/** Standard deviations beyond which no normal value is drawn (`assembly/random.ts`). */
const FARTHEST_NORMAL = 8.3;

/** Checks that what is scaled and drawn is finite in the network's precision, and that no ε vanishes there. */
function checkRange(where: string, architecture: Architecture): void {
  const { inputs, precision } = architecture;
  const check = (what: string, value: number, largest = value) => {
    if (Number.isFinite(precision === "f64" ? largest : Math.fround(largest))) return;
    throw unexpected(`${where}: ${what}`, value, `a number in the range of ${precision}`, "number");
  };
  check("scale", inputs.scale);
  check("offset", inputs.offset);
  for (const [l, shapes] of parameterShapes(architecture).entries()) {
    for (const { name, initializer, maxNorm, l1, l2 } of shapes) {
      const [distribution, scale] = drawn(initializer, 1, 1);
      check(`layer ${l} ${name}`, scale, distribution === Distribution.Normal ? scale * FARTHEST_NORMAL : scale);
      if (maxNorm !== Number.POSITIVE_INFINITY) check(`layer ${l} maxNorm`, maxNorm);
      check(`layer ${l} l1`, l1);
      // Its derivative is 2·l2·w.
      check(`layer ${l} l2`, l2, 2 * l2);
    }
  }
  for (const [l, layer] of architecture.layers.entries()) {
    if ("epsilon" in layer) {
      check(
        `layer ${l} epsilon`,
        layer.epsilon,
        precision === "f32" && Math.fround(layer.epsilon) === 0 ? Infinity : layer.epsilon,
      );
    }
    if (!("activation" in layer)) continue;
    const { p = 0, q = 0 } = activationKind(layer.activation);
    for (const number of [p, q]) check(`layer ${l} activation`, number);
  }
}

/** Checks that each layer takes what the one before gives, and that the loss takes the last. @throws RangeError */
function checkShapes(where: string, architecture: Architecture): void {
  let inputs = architecture.inputs.shape;
  for (const [l, layer] of architecture.layers.entries()) {
    try {
      inputs = layerKind(layer).outputs(layer, inputs);
    } catch (error) {
      throw new RangeError(`${where}: layer ${l}, ${layer.type}, ${(error as Error).message}`, { cause: error });
    }
  }
  if (!isImage(inputs)) return;
  throw new RangeError(
    `${where}: the output is ${printed(inputs)}, expected [units]; put flatten() behind the last layer`,
  );
}

/** What a sample is before the first layer and behind each. */
export function shapes({ inputs, layers }: Architecture): Shape[] {
  const list: Shape[] = [inputs.shape];
  for (const layer of layers) list.push(layerKind(layer).outputs(layer, list.at(-1)!));
  return list;
}

/** Of each layer, the shape of the images that its inputs are the numbers of, flattened; undefined elsewhere. */
export function flattenedImages(architecture: Architecture): (Shape | undefined)[] {
  const inputs = shapes(architecture);
  let image: Shape | undefined;
  return architecture.layers.map(({ type }, l) => {
    if (type === "flatten") image = isImage(inputs[l]!) ? inputs[l] : image;
    const own = image;
    if (type === "dense") image = undefined;
    return own;
  });
}

/** Numbers per sample of the output. */
export function outputsOf(architecture: Architecture): number {
  return sizeOf(shapes(architecture).at(-1)!);
}

/**
 * The same with the layers at these indices, or all that have parameters, trained or not.
 * @throws TypeError, RangeError for others
 */
export function withTrainable(
  where: string,
  architecture: Architecture,
  indices: readonly number[] | undefined,
  trainable: boolean,
): Architecture {
  const able = parameterShapes(architecture).flatMap((list, l) => (list.length > 0 ? [l] : []));
  if (indices !== undefined && !Array.isArray(indices)) {
    throw unexpected(`${where}: layers`, indices, "an array of indices");
  }
  for (const l of indices ?? []) {
    if (able.includes(l)) continue;
    throw unexpected(`${where}: layer`, l, `one of those with parameters: ${able.join(", ") || "none"}`, "number");
  }
  const chosen = indices ?? able;
  const layers = architecture.layers.map((layer, l) =>
    chosen.includes(l) ? layerKind(layer).from({ ...layer, trainable } as Layer) : layer,
  );
  return { ...architecture, layers };
}

/** The parameters of each layer. */
export function parameterShapes(architecture: Architecture): ParameterShape[][] {
  const inputs = shapes(architecture);
  return architecture.layers.map((layer, i) => layerKind(layer).parameters(layer, inputs[i]!));
}

/** The statistics that each layer gathers. */
export function statisticShapes(architecture: Architecture): ParameterShape[][] {
  const inputs = shapes(architecture);
  return architecture.layers.map((layer, i) => layerKind(layer).statistics?.(layer, inputs[i]!) ?? []);
}

/** What each layer has: its parameters, then its statistics. */
export function namedShapes(architecture: Architecture): ParameterShape[][] {
  const statistics = statisticShapes(architecture);
  return parameterShapes(architecture).map((shapes, l) => [...shapes, ...statistics[l]!]);
}
