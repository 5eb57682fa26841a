import { unexpected } from "./options.ts";
import { inTurn } from "./turns.ts";

// The files of Node, Deno and Bun: a module of its own, which browsers do without.

interface Handle {
  chown(user: number, group: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface Status {
  mode: number;
  uid: number;
  gid: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** What is used of node:fs/promises. */
export interface FileSystem {
  realpath(path: string): Promise<string>;
  readlink(path: string): Promise<string>;
  stat(path: string): Promise<Status>;
  open(path: string, flags: string, mode?: number): Promise<Handle>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

interface Process {
  pid: number;
  getBuiltinModule(name: "node:fs/promises"): FileSystem;
  getBuiltinModule(name: "node:url"): { fileURLToPath(url: URL): string };
  getBuiltinModule(name: "node:path"): {
    sep: string;
    basename(path: string): string;
    dirname(path: string): string;
    resolve(...parts: string[]): string;
  };
}

/** The process of Node, Deno and Bun: an import of node:fs would be in the way of bundles for browsers. */
function host(): Process {
  const { process } = globalThis as { process?: Process };
  if (!process?.getBuiltinModule) {
    throw new Error("there are no files here, as there are in Node, Deno and Bun; browsers have writeToOpfs");
  }
  return process;
}

/** What `writeFileAtomically` does. */
export async function replaceFile(path: string | URL, bytes: Uint8Array, files?: FileSystem): Promise<void> {
  if (path instanceof URL ? path.protocol !== "file:" : typeof path !== "string" || path === "") {
    throw unexpected("Cannot write: path", path instanceof URL ? path.href : path, "a path or a file: URL", "string");
  }
  try {
    const plain = path instanceof URL ? host().getBuiltinModule("node:url").fileURLToPath(path) : path;
    const system = files ?? host().getBuiltinModule("node:fs/promises");
    await inTurn(host().getBuiltinModule("node:path").resolve(plain), () => replace(system, plain, bytes));
  } catch (error) {
    throw new Error(`Cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function replace(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const { dirname, sep } = host().getBuiltinModule("node:path");
  if (path.endsWith("/") || path.endsWith(sep)) throw new Error("it names a folder");
  const target = await follow(files, path);
  const old = await files.stat(target).catch(absent);
  if (old?.isDirectory()) throw new Error("it is a folder");
  if (old && !old.isFile()) throw new Error("it is neither a file nor a folder");
  // To rename, the folder's permission is enough: a file that must not be written must not be replaced either.
  if (old) await (await files.open(target, "a")).close();

  const temporary = `${target}.${host().pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  const handle = await files.open(temporary, "wx", old ? 0o600 : 0o666);
  try {
    try {
      if (old) {
        await handle.chown(old.uid, old.gid).catch(ignore);
        await handle.chmod(old.mode & 0o777);
      }
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await files.rename(temporary, target);
  } catch (error) {
    await files.unlink(temporary).catch(ignore);
    throw error;
  }
  await syncFolder(files, dirname(target));
}

/** The file that a path leads to, there or not yet: renamed over a symbolic link, the new file would take the link's place. */
async function follow(files: FileSystem, path: string): Promise<string> {
  const { basename, dirname, resolve } = host().getBuiltinModule("node:path");
  const found = await files.realpath(path).catch(absent);
  if (found !== undefined) return found;
  const folder = await files.realpath(dirname(path)).catch(absent);
  if (folder === undefined) throw new Error(`the folder ${dirname(path)} does not exist`);
  const file = resolve(folder, basename(path));
  // What is no link: nothing, or a file that another process has just made.
  const link = await files.readlink(file).catch(ignore);
  return link === undefined ? file : follow(files, resolve(folder, link));
}

/**
 * Windows cannot open folders or sync them, nor can some file systems, and a folder may be one that this process can write but not
 * read. The file is whole then too; the folder's entry follows when the system writes it.
 */
const CANNOT_SYNC = ["EACCES", "EINVAL", "EISDIR", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM"];

/** The new name is on the disk only when the folder is. */
async function syncFolder(files: FileSystem, folder: string): Promise<void> {
  try {
    const handle = await files.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (CANNOT_SYNC.includes((error as { code: string }).code)) return;
    throw new Error(`the new file is there, but may be gone after a power failure: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function absent(error: { code: string }): undefined {
  if (error.code !== "ENOENT") throw error;
}

function ignore(): undefined {}
