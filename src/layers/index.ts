import { type Dense, denseKind } from "./dense.ts";
import type { LayerKind } from "./layer.ts";

/** A layer of a network, as plain data. */
export type Layer = Dense;

/** Every kind of layer, by the word in its `type`. */
export const LAYERS: { readonly [type in Layer["type"]]: LayerKind<Layer> } = { dense: denseKind };
