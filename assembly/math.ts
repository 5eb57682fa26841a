// The elementary functions, each on whole vectors of f32 or f64, made of + − × ÷ and bit operations alone:
// the same bits on every engine, and in every lane.
export { exp } from "./math/exp";
export { expm1 } from "./math/expm1";
export { log, log1p } from "./math/log";
export { cumulative, furthest, gaussian, tailRatio } from "./math/normal";
export { powInteger } from "./math/power";
export { sigmoid } from "./math/sigmoid";
export { tanh } from "./math/tanh";
