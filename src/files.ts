import type { FileSystem } from "./disk.ts";

// Files that a crash leaves as they were or as they shall be, never in between, on the disks of Node, Deno and Bun.

let disk: Promise<typeof import("./disk.ts")> | undefined;

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
  // Of one promise, so that calls go on in their order; where it failed the next call tries again.
  disk ??= import("./disk.ts").catch((error: unknown) => {
    disk = undefined;
    throw error;
  });
  await (await disk).replaceFile(path, bytes, files);
}
