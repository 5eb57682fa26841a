import { type Activation, activate, activateBackward, checkActivation } from "../activations.ts";
import { checkKnown } from "../options.ts";
import type { LayerKind } from "./layer.ts";

/** An activation as a layer of its own, as plain data. */
export interface ActivationLayer {
  readonly type: "activation";
  readonly activation: Activation;
}

/**
 * A = a(X): an activation as a layer of its own, for what does not stand directly behind a dense layer.
 * @throws TypeError, RangeError
 * @example [dense(64), batchNorm(), activation("relu"), dense(10)]
 */
export const activation = (kind: Activation): ActivationLayer => ({
  type: "activation",
  activation: checkActivation("activation", kind),
});

export const activationLayerKind: LayerKind<ActivationLayer> = {
  from(description) {
    checkKnown("activation", description, ["type", "activation"]);
    return activation(description.activation);
  },

  outputs: (_, inputs) => inputs,

  parameters: () => [],

  forward(program, { activation }, x) {
    return { input: x, z: x, a: activate(program, activation, x, program.scratch(x.shape)) };
  },

  backward(program, { activation }, trace, da) {
    const dz = activateBackward(program, activation, da, trace);
    return { dz, input: dz };
  },
};
