import { type Architecture, outputsOf } from "./architecture.ts";
import {
  checkList,
  isList,
  type Precision,
  type Rows,
  type Targets,
  toRows,
  toRowsWithMissing,
  toTargets,
} from "./data.ts";
import {
  applyImages,
  checkImages,
  fitImages,
  type ImageOptions,
  type Images,
  type ImagesKind,
  imagesKind,
  kindOfImages,
} from "./images.ts";
import { checkNames, labelsOf, type Name, namesOf } from "./labels.ts";
import { lossKind, lossName } from "./losses.ts";
import { checkImputer, fitImputer, type Imputer, type ImputerKind, impute, imputerKind } from "./missing.ts";
import { checkKnown, describe } from "./options.ts";
import { applyScaler, checkScaler, fitScaler, type Scaler, type ScalerKind, scalerKind } from "./scalers.ts";
import { sizeOf } from "./shape.ts";
import type { Samples } from "./validation.ts";

// What is done to x and y before the network sees them: fitted in the first `fit`, kept and saved with the network.

/** The options of `fit` and `train` that prepare data. They belong to the network's first `fit`; later ones may repeat or omit them. */
export interface PreparationOptions {
  /**
   * Scales columns by statistics of the training rows of the first `fit`, in every use of x and y from then on: "standard", "minMax" or
   * "robust". y only where it is values of any size (`meanSquaredError`, `meanAbsoluteError`, `huber`): `predict` and `logits` give its own
   * units back, and metrics are in these; losses, `gradients` and `derivatives` are those of scaled targets, and there are no labels.
   */
  scale?: { readonly x?: ScalerKind | undefined; readonly y?: ScalerKind | undefined } | undefined;
  /**
   * What stands in for numbers of x that are missing (NaN; in arrays null, undefined and holes too), from then on in every use of x: the
   * "mean" or the "median" of the column over the training rows of the first `fit`, or { constant }. Without it they are refused.
   */
  missing?: ImputerKind | undefined;
  /**
   * Normalises images, by statistics of the training rows of the first `fit`, in every use of x from then on, before the scale and
   * offset of the network's inputs; not together with `scale` of x. Where numbers are missing they are filled in first.
   */
  images?: ImageOptions | undefined;
  /**
   * The names of all classes, where y has numbers for names, or not all of them. Strings and booleans in y are names by themselves. Label k
   * is the k-th in order, by code unit or value; there are as many as outputs, or two where each output has a label 0 or 1.
   */
  labels?: readonly Name[] | undefined;
}

/** A preparation as it is asked for. */
interface Wanted {
  readonly missing?: ImputerKind | undefined;
  readonly images?: ImagesKind | undefined;
  readonly x?: ScalerKind | undefined;
  readonly y?: ScalerKind | undefined;
  readonly names?: readonly Name[] | undefined;
}

/** A fitted preparation, plain data that JSON gives back as it was; what is absent is not done. */
export interface Preparation {
  readonly missing?: Imputer | undefined;
  readonly images?: Images | undefined;
  readonly x?: Scaler | undefined;
  readonly y?: Scaler | undefined;
  readonly names?: readonly Name[] | undefined;
}

const TITLES = {
  missing: "missing",
  images: "images",
  x: "scale x",
  y: "scale y",
  names: "the list of names",
} as const;

/** What is read is prepared by what is fitted, or will be. */
type Some = Wanted | Preparation;

/** As many names as a network has: two where each output has a label, else one for each output; 0 for a regression with one output. */
function classesOf(architecture: Architecture): number {
  const outputs = outputsOf(architecture);
  if (lossKind(architecture.loss).labels === "each") return 2;
  return outputs > 1 ? outputs : 0;
}

/** @throws RangeError for what the network has no use for */
function checkFits(where: string, { images, x, y, names }: Some, architecture: Architecture): void {
  const { labels, targets } = lossKind(architecture.loss);
  const name = lossName(architecture.loss);
  if (y && !(labels === "none" && targets === "any")) {
    throw new RangeError(`${where}: scale y is given, expected none with ${name}, whose targets are not of any size`);
  }
  if (images && x) throw new RangeError(`${where}: images and scale x are given, expected one of them`);
  const classes = classesOf(architecture);
  if (!names || names.length === classes) return;
  if (classes === 0) throw new RangeError(`${where}: labels is given, expected none with ${name} and 1 output`);
  throw new RangeError(
    `${where}: y has ${names.length} names, expected ${classes}; where it has not all of them, give all as labels`,
  );
}

/** The names that the options or, where the network may have some and has none yet, the targets bring. */
function wantedNames(where: string, labels: unknown, y: unknown, known: boolean): readonly Name[] | undefined {
  if (labels !== undefined) return namesOf(where, labels, "labels");
  const list = !known && isList(y) ? y : [];
  const row = list[0];
  const first = isList(row) ? row[0] : row;
  if (typeof first === "boolean") return [false, true];
  if (typeof first !== "string") return undefined;
  // `named` says where rows hold anything else.
  const isString = (value: unknown) => typeof value === "string";
  return namesOf(where, isList(row) ? Array.from(list).flat().filter(isString) : list);
}

/**
 * What the options ask for; undefined where it has been fitted, or the network was trained without it.
 * @throws TypeError, RangeError for options that are no such, that do not fit the network, and for others than those of the first `fit`
 */
export function wantedPreparation(
  where: string,
  options: PreparationOptions,
  y: unknown,
  architecture: Architecture,
  fitted: Preparation,
  step: number,
): Wanted | undefined {
  // `checkFit` says what is wrong with options that are no object.
  const { scale = {}, missing, images, labels } = Object(options) as PreparationOptions;
  checkKnown(`${where}: scale`, scale, ["x", "y"]);
  const wanted: Wanted = {
    missing: missing === undefined ? missing : imputerKind(where, "missing", missing),
    images: images === undefined ? images : imagesKind(where, images),
    x: scale.x === undefined ? scale.x : scalerKind(where, "scale x", scale.x),
    y: scale.y === undefined ? scale.y : scalerKind(where, "scale y", scale.y),
    names: wantedNames(where, labels, y, !!fitted.names || classesOf(architecture) === 0),
  };
  checkFits(where, wanted, architecture);
  if (step === 0 && Object.keys(fitted).length === 0) return wanted;
  const { kind, values } = fitted.missing ?? {};
  const then = {
    missing: kind === "constant" ? { constant: values![0] } : kind,
    images: fitted.images && kindOfImages(fitted.images),
    x: fitted.x?.kind,
    y: fitted.y?.kind,
    names: fitted.names,
  };
  for (const part of ["missing", "images", "x", "y", "names"] as const) {
    const [now, before = "none"] = [JSON.stringify(wanted[part]), JSON.stringify(then[part])];
    if (now === undefined || now === before) continue;
    throw new RangeError(
      `${where}: ${TITLES[part]} is ${now.slice(0, 40)}, and the network's first fit had ${before.slice(0, 40)}, expected the same`,
    );
  }
  return undefined;
}

/** x as it came, in f64 where it is to be filled in, normalised or scaled. @throws TypeError, RangeError */
export function readRows(where: string, x: unknown, prepared: Some, { inputs, precision }: Architecture): Rows {
  const width = sizeOf(inputs.shape);
  if (prepared.missing) return toRowsWithMissing(where, x, width);
  return toRows(where, x, width, prepared.x || prepared.images ? "f64" : precision);
}

/** y with labels for names, in f64 where it is to be scaled. @throws TypeError, RangeError */
function readTargets(where: string, y: unknown, rows: number, prepared: Some, architecture: Architecture): Targets {
  const { loss, precision } = architecture;
  const outputs = outputsOf(architecture);
  const labels = prepared.names ? named(where, y, rows, prepared.names, outputs, lossKind(loss).labels === "each") : y;
  const targets = toTargets(where, labels, rows, outputs, loss, prepared.y ? "f64" : precision);
  if (!prepared.y || targets.kind === "values") return targets;
  throw new RangeError(`${where}: y is class labels, expected ${rows} × ${outputs} values, as y is scaled`);
}

/** Labels in the place of names; y itself where it holds none, by its form. */
function named(where: string, y: unknown, rows: number, names: readonly Name[], outputs: number, each: boolean) {
  const list = checkList(where, "y", y);
  if (isList(list[0])) {
    return each ? Array.from(list, (row, i) => labelsOf(where, row, names, `y row ${i}, column`)) : list;
  }
  return list.length === (each ? rows * outputs : rows) ? labelsOf(where, list, names) : list;
}

/** Samples as they came, for what prepares them. @throws TypeError, RangeError */
export function readSamples(
  where: string,
  features: unknown,
  targets: unknown,
  prepared: Some,
  architecture: Architecture,
): Samples {
  const x = readRows(where, features, prepared, architecture);
  return { x, y: readTargets(where, targets, x.rows, prepared, architecture) };
}

/** What is asked for where there are no rows to fit to. @throws RangeError for statistics of rows */
export function prepareWithoutRows(
  where: string,
  { missing, images, x, y, names }: Wanted,
  width: number,
): Preparation {
  const imputer = typeof missing === "string" ? missing : undefined;
  for (const [name, kind] of Object.entries({ missing: imputer, images, "scale x": x, "scale y": y })) {
    if (kind === undefined) continue;
    throw new RangeError(
      `${where}: ${name} is ${describe(kind)}, and a stream has passed by before that is known; expected none, or a network whose ` +
        "first fit had it with rows in memory",
    );
  }
  return {
    ...(missing && { missing: fitImputer(where, missing, new Float32Array(0), width) }),
    ...(names && { names }),
  };
}

/** Fits to the rows given, or to all. @throws RangeError for a column without any number, images without contrast, or what is beyond f64 */
export function fitPreparation(
  where: string,
  { missing, images, x, y, names }: Wanted,
  samples: Samples,
  rows: ArrayLike<number> | undefined,
): Preparation {
  const { data, width } = samples.x;
  const imputer = missing && fitImputer(`${where}: x`, missing, data, width, rows);
  const whole = imputer ? impute(imputer, data) : data;
  const outputs = samples.y.data.length / samples.x.rows;
  return {
    ...(imputer && { missing: imputer }),
    ...(images && { images: fitImages(where, images, whole, width, rows) }),
    ...(x && { x: fitScaler(`${where}: x`, x, whole, width, rows) }),
    ...(y && { y: fitScaler(`${where}: y`, y, samples.y.data as Float64Array, outputs, rows) }),
    ...(names && { names }),
  };
}

/** x as the network takes it. @throws RangeError for what the precision cannot hold */
export function prepareRows(
  where: string,
  { missing, images, x }: Preparation,
  rows: Rows,
  precision: Precision,
): Rows {
  if (!missing && !images && !x) return rows;
  const data = missing ? impute(missing, rows.data) : rows.data;
  if (images) return { ...rows, data: applyImages(where, images, data, rows.width, precision) };
  if (x) return { ...rows, data: applyScaler(`${where}: x`, x, data, precision) };
  return toRows(where, data, rows.width, precision);
}

/** Samples as the network takes them. @throws RangeError for what the precision cannot hold */
export function prepare(where: string, preparation: Preparation, samples: Samples, precision: Precision): Samples {
  const { y: scaler } = preparation;
  const { x, y } = samples;
  return {
    ...samples,
    x: prepareRows(where, preparation, x, precision),
    y: scaler ? { kind: "values", data: applyScaler(`${where}: y`, scaler, y.data as Float64Array, precision) } : y,
    scaler,
  };
}

/** A preparation from what JSON gave back. @throws TypeError, RangeError for what `fitPreparation` does not return */
export function checkPreparation(where: string, value: unknown, architecture: Architecture): Preparation {
  checkKnown(where, value, Object.keys(TITLES));
  const { missing, images, x, y, names } = value as Preparation;
  const width = sizeOf(architecture.inputs.shape);
  const preparation = {
    ...(missing !== undefined && { missing: checkImputer(`${where}: missing`, missing, width) }),
    ...(images !== undefined && { images: checkImages(`${where}: images`, images, width) }),
    ...(x !== undefined && { x: checkScaler(`${where}: x`, x, width) }),
    ...(y !== undefined && { y: checkScaler(`${where}: y`, y, outputsOf(architecture)) }),
    ...(names !== undefined && { names: checkNames(`${where}: names`, names) }),
  };
  checkFits(where, preparation, architecture);
  return preparation;
}
