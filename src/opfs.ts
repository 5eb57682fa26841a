import { unexpected } from "./options.ts";
import { inTurn } from "./turns.ts";

// Files of a browser that a crash leaves as they were or as they shall be, never in between.

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
        await writable.abort().catch(() => {});
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
