export { iterateLbfgs } from "./lbfgsIteration.ts";
export { iterateLevenbergMarquardt } from "./levenbergMarquardtIteration.ts";
export { addNormalEquations } from "./normalEquations.ts";
