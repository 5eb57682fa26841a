import { unexpected } from "./options.ts";

// Files that a crash leaves as they were or as they shall be, never in between: on disks (Node, Deno, Bun) and in browsers.

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

/**
 * Puts `bytes` into the file at `path`. A crash at any moment, of the process or the machine, leaves the old file or the new one,
 * whole: the bytes go to a temporary file in the same folder, NAME.PID.RANDOM.tmp, from there to the disk, and the temporary file
 * is renamed. It is removed when that fails; a process that is killed can leave it behind.
 *
 * A symbolic link stays, and the file it leads to is replaced. An existing file's permissions are kept, its owner where the system
 * lets; another hard link keeps the old bytes. Calls for the same path take turns: the latest one's bytes stay. Deno has to be
 * allowed to read and to write the folder.
 * @param bytes not to be changed until the promise resolves
 * @throws (rejects with) TypeError, RangeError for what is no path; an Error that says what failed, and has the system's as its
 * `cause`, for a folder, what is neither a file nor a folder, a folder that does not exist, a file that must not be written, a full disk …
 */
export async function writeFileAtomically(path: string | URL, bytes: Uint8Array, files?: FileSystem): Promise<void> {
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

/** The latest write to each file, while it lasts. */
const writes = new Map<string, Promise<void>>();

/** Writes after what is being written to the same file. */
async function inTurn(file: string, write: () => Promise<void>): Promise<void> {
  const turn = writes.get(file)?.then(write, write) ?? write();
  writes.set(file, turn);
  try {
    await turn;
  } finally {
    if (writes.get(file) === turn) writes.delete(file);
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

/**
 * Puts bytes into a file of a browser's origin private file system, from a page or a worker. The tab or the browser may crash at any
 * moment: the old file stays, or the new one is there, whole. The bytes go to a file that takes the old one's place when it is closed;
 * whether that outlasts a power failure is the browser's matter. Unless `navigator.storage.persist()` was granted, the browser may
 * drop all files of the origin where space is short.
 *
 * It takes a page over https or from localhost, and `createWritable`: Chromium has it from 86, Firefox from 111, Safari from 26. An older
 * Safari has only `createSyncAccessHandle`, which changes a file in place: there the promise rejects before anything is
 * written, and IndexedDB is the place for the bytes. `readFromOpfs` works there too.
 * @param name the name of a file, not a path; calls for the same name take turns: the latest one's bytes stay
 * @param bytes not empty; not to be changed until the promise resolves
 * @throws (rejects with) TypeError, RangeError for another name or no bytes; an Error that says what failed, and has the browser's as
 * its `cause`, where there is no such file system, or no space
 * @example
 * await writeToOpfs("net.safetensors", net.save());
 * const bytes = await readFromOpfs("net.safetensors");
 * if (bytes) net = await Network.load(bytes);
 */
export async function writeToOpfs(name: string, bytes: Uint8Array): Promise<void> {
  checkName("Cannot write", name);
  if (!(bytes instanceof Uint8Array)) throw unexpected(`Cannot write ${name}: content`, bytes, "a Uint8Array");
  if (bytes.length === 0) throw new RangeError(`Cannot write ${name}: content has 0 bytes, expected at least 1`);
  try {
    await inTurn(name, async () => {
      const handle = await (await opfs()).getFileHandle(name, { create: true });
      if (!handle.createWritable) throw new Error("this browser has no createWritable; IndexedDB can keep the bytes");
      const writable = await handle.createWritable();
      try {
        await writable.write(bytes as Uint8Array<ArrayBuffer>);
        await writable.close();
      } catch (error) {
        await writable.abort().catch(ignore);
        throw error;
      }
    });
  } catch (error) {
    throw new Error(`Cannot write ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The bytes that `writeToOpfs` wrote under the name; undefined where there are none.
 * @throws (rejects with) TypeError, RangeError for what is no name; an Error that says what failed
 */
export async function readFromOpfs(name: string): Promise<Uint8Array | undefined> {
  checkName("Cannot read", name);
  try {
    const handle = await (await opfs()).getFileHandle(name);
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    // The name is there before its first bytes are: a crash in between leaves it empty.
    return bytes.length > 0 ? bytes : undefined;
  } catch (error) {
    if ((error as Error).name === "NotFoundError") return undefined;
    throw new Error(`Cannot read ${name}: ${(error as Error).message}`, { cause: error });
  }
}

function checkName(action: string, name: unknown): void {
  if (typeof name !== "string" || name === "")
    throw unexpected(`${action}: name`, name, "the name of a file", "string");
}

async function opfs(): Promise<FileSystemDirectoryHandle> {
  const { navigator } = globalThis as { navigator?: { storage?: Partial<StorageManager> } };
  if (!navigator?.storage?.getDirectory) {
    throw new Error(
      "there is no origin private file system here: it takes a browser, and a page over https or localhost",
    );
  }
  return navigator.storage.getDirectory();
}
