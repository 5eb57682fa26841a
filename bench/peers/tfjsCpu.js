import { setup as setupOn } from "./tfjs.js";

export const setup = (task) => setupOn(task, "cpu");
