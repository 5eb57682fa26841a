import core from "../build/simd.wasm";
export const size = core.length;
