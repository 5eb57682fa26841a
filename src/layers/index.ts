import { type ActivationLayer, activationLayerKind } from "./activation.ts";
import { type AvgPool2d, avgPool2dKind } from "./avgPool2d.ts";
import { type BatchNorm, batchNormKind } from "./batchNorm.ts";
import { type Conv2d, conv2dKind } from "./conv2d.ts";
import { type Dense, denseKind } from "./dense.ts";
import { type DepthwiseConv2d, depthwiseConv2dKind } from "./depthwiseConv2d.ts";
import { type Dropout, dropoutKind } from "./dropout.ts";
import { type Flatten, flattenKind } from "./flatten.ts";
import { type GlobalAvgPool, globalAvgPoolKind } from "./globalAvgPool.ts";
import type { LayerKind } from "./layer.ts";
import { type LayerNorm, layerNormKind } from "./layerNorm.ts";
import { type MaxPool2d, maxPool2dKind } from "./maxPool2d.ts";

/** A layer of a network, as plain data. */
export type Layer =
  | Dense
  | ActivationLayer
  | Dropout
  | BatchNorm
  | LayerNorm
  | Conv2d
  | DepthwiseConv2d
  | MaxPool2d
  | AvgPool2d
  | GlobalAvgPool
  | Flatten;

/** Every kind of layer, by the word in its `type`. */
export const LAYERS: { readonly [type in Layer["type"]]: LayerKind<Layer> } = {
  dense: denseKind,
  activation: activationLayerKind,
  dropout: dropoutKind,
  batchNorm: batchNormKind,
  layerNorm: layerNormKind,
  conv2d: conv2dKind,
  depthwiseConv2d: depthwiseConv2dKind,
  maxPool2d: maxPool2dKind,
  avgPool2d: avgPool2dKind,
  globalAvgPool: globalAvgPoolKind,
  flatten: flattenKind,
};

/** The kind of a layer. */
export const layerKind = ({ type }: Layer) => LAYERS[type];
