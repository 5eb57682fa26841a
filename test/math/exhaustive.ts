// tsx test/math/exhaustive.ts [name]: the error of one f32 function, or of each, over all 2^32 floats. Minutes each.
import { type Name, names } from "./core.ts";
import { bounds, worst } from "./error32.ts";

const wanted = process.argv[2];
if (wanted !== undefined && !names.includes(wanted as Name)) {
  throw new RangeError(`Cannot measure ${wanted}: expected one of ${names.join(", ")}`);
}

for (const name of names.filter((each) => wanted === undefined || each === wanted)) {
  const start = performance.now();
  const { ulp, at, subnormal, wrong } = worst(name, 1);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${name.padEnd(8)} ${ulp.toFixed(4)} ulp at ${at}, ${subnormal.toFixed(4)} smallest normals below, ` +
      `${wrong.length} wrong, ${seconds.toFixed(0)} s`,
  );
  if (ulp > bounds[name] || subnormal > 1 || wrong.length > 0) {
    console.error(
      `${name} exceeds ${bounds[name]} ulp, or one smallest normal number, or is wrong at ${wrong.slice(0, 5)}`,
    );
    process.exitCode = 1;
  }
}
