import { type ActivationLayer, activationLayerKind } from "./activation.ts";
import { type BatchNorm, batchNormKind } from "./batchNorm.ts";
import { type Dense, denseKind } from "./dense.ts";
import { type Dropout, dropoutKind } from "./dropout.ts";
import type { LayerKind } from "./layer.ts";
import { type LayerNorm, layerNormKind } from "./layerNorm.ts";

/** A layer of a network, as plain data. */
export type Layer = Dense | ActivationLayer | Dropout | BatchNorm | LayerNorm;

/** Every kind of layer, by the word in its `type`. */
export const LAYERS: { readonly [type in Layer["type"]]: LayerKind<Layer> } = {
  dense: denseKind,
  activation: activationLayerKind,
  dropout: dropoutKind,
  batchNorm: batchNormKind,
  layerNorm: layerNormKind,
};

/** The kind of a layer. */
export const layerKind = ({ type }: Layer) => LAYERS[type];
