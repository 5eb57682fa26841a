import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { top } from "./build.ts";

const git = (...args: string[]) =>
  execFileSync("git", ["-C", top, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Another commit, built in a temporary folder that goes when the process ends. It uses the dependencies of this tree. */
export function buildWorktree(ref: string): { root: string; commit: string } {
  const commit = git("rev-parse", "--short", "--verify", `${ref}^{commit}`).trim();
  const folder = mkdtempSync(join(tmpdir(), "steepest-bench-"));
  const root = join(folder, "tree");
  git("worktree", "add", "--detach", root, commit);
  process.once("exit", () => {
    git("worktree", "remove", "--force", root);
    rmSync(folder, { recursive: true });
  });
  symlinkSync(join(top, "node_modules"), join(root, "node_modules"));
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  return { root, commit };
}
