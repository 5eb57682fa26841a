import { createRequire } from "node:module";
import { dirname } from "node:path";
import { env } from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setup as setupOn } from "./tfjs.js";

export async function setup(task) {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setThreadsCount(1);
  return {
    ...(await setupOn(task, "wasm")),
    ...((await env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? {} : { note: "no SIMD" }),
  };
}
