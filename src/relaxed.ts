// The build with fused multiply-add, as bytes.
export { default } from "../build/relaxed.wasm";
