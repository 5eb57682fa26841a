// What the module exports: the facade's side of the list is `src/module.ts`.
export { accumulateNormal, cholesky, solveCholesky } from "./factorisation";
export { initialize } from "./initial";
export { kernel } from "./kernels";
export { powInteger } from "./math/power";
export { cosine, exponential, logarithm } from "./math/scalar";
export { run, train } from "./program";
export { draw, sequence, shuffle } from "./random";
export { fused } from "./simd";
export { axpy, dot, largest, scale } from "./vectors";

/** The first address that the module itself does not use. */
export const heapBase: usize = __heap_base;
