import type * as Iterations from "./iterations.ts";

// The iterations of the methods over all rows are a module of their own, which most trainings do without.

let loaded: typeof Iterations | undefined;

/** To be awaited before a method's first iteration. */
export async function loadIterations(): Promise<void> {
  loaded ??= await import("./iterations.ts");
}

/** What `loadIterations` has loaded. */
export const iterations = () => loaded!;
