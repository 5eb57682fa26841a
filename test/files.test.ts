import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import * as nodeFiles from "node:fs/promises";
import { mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FileSystem } from "../src/disk.ts";
import { writeFileAtomically } from "../src/files.ts";
import { dense, Network, readFromOpfs, StateError, sgd, writeToOpfs } from "../src/index.ts";

// In memory where there is such a folder: there it takes no time to sync, so that processes are killed during all the other calls too.
const top = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "steepest-"));
afterAll(() => rm(top, { recursive: true }));

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await nodeFiles.mkdtemp(join(top, "test-"));
  path = join(folder, "net");
});

const OLD = Uint8Array.of(1, 2, 3);
const NEW = new Uint8Array(10_000).map((_, i) => i % 251);

/** The file, with what else is in its folder. */
async function expectFile(bytes: Uint8Array, others: string[] = []) {
  expect(await readdir(folder)).toEqual([...others, basename(path)].sort());
  expect(new Uint8Array(await readFile(path))).toEqual(bytes);
}

/** The file system, with a word to say before each call; `calls` names them as they come, paths relative to the folder. */
function watched(before: (call: number, name: string) => void = () => {}) {
  const calls: string[] = [];
  const call = (name: string, args: unknown[]) => {
    const shown = args.map((arg) => {
      if (arg instanceof Uint8Array) return `${arg.length} bytes`;
      if (typeof arg === "number") return arg.toString(8);
      return String(arg).startsWith(folder)
        ? relative(folder, String(arg)).replace(/\d+\.[0-9a-f]{8}/, "*") || "."
        : arg;
    });
    calls.push([name, ...shown].join(" "));
    before(calls.length - 1, name);
  };
  const watch = <T extends object>(target: T, of: string): T => {
    const watchedCall =
      (name: string) =>
      async (...args: unknown[]) => {
        const run = () => (target[name as keyof T] as (...args: unknown[]) => unknown).apply(target, args);
        // What fails to close is closed all the same, as on Linux.
        const closed = name === "close" && (await run());
        call(of + name, args);
        if (name === "close") return closed;
        const result = await run();
        return name === "open" ? watch(result as object, `${calls.at(-1)!.split(" ")[1]}: `) : result;
      };
    // A handle is no promise.
    return new Proxy(target, { get: (_, name: string) => (name === "then" ? undefined : watchedCall(name)) });
  };
  return { calls, files: watch(nodeFiles, "") as unknown as FileSystem };
}

const CREATED = [
  "realpath net",
  "realpath .",
  "readlink net",
  "stat net",
  "open net.*.tmp wx 666",
  "net.*.tmp: writeFile 10000 bytes",
  "net.*.tmp: sync",
  "net.*.tmp: close",
  "rename net.*.tmp net",
  "open . r",
  ".: sync",
  ".: close",
];

describe("a file", () => {
  test("that is new is written and synced under another name, renamed, and its folder synced", async () => {
    const { calls, files } = watched();
    await writeFileAtomically(path, NEW, files);
    expect(calls).toEqual(CREATED);
    await expectFile(NEW);
  });

  test("that exists is written with its owner and permissions, which are set before its first byte", async () => {
    await writeFile(path, OLD);
    await nodeFiles.chmod(path, 0o641);
    const { uid, gid } = await stat(path);
    const { calls, files } = watched();
    await writeFileAtomically(path, NEW, files);
    const owner = `${uid.toString(8)} ${gid.toString(8)}`;
    expect(calls.slice(0, 7)).toEqual([
      "realpath net",
      "stat net",
      "open net a",
      "net: close",
      "open net.*.tmp wx 600",
      `net.*.tmp: chown ${owner}`,
      "net.*.tmp: chmod 641",
    ]);
    expect(calls.slice(7)).toEqual(CREATED.slice(5));
    await expectFile(NEW);
    expect((await stat(path)).mode & 0o777).toBe(0o641);
  });

  // Owners are taken from the file as far as the system lets; a link that cannot be read is none.
  const unimportant = ["chown", "readlink"];

  test.each([["new"], ["existing"]])("that is %s stays as it was, alone, whichever call fails", async (kind) => {
    for (let failing = 0; ; failing++) {
      if (kind === "new") await rm(path, { force: true });
      else await writeFile(path, OLD);
      const fault = Object.assign(new Error("broken"), { code: "EIO" });
      let failed = "";
      const { calls, files } = watched((call, name) => {
        if (call !== failing) return;
        failed = name;
        throw fault;
      });
      const error = await writeFileAtomically(path, NEW, files).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      if (calls.length <= failing) {
        expect(failing).toBe(kind === "new" ? 12 : 14);
        break;
      }
      if (unimportant.some((name) => failed.endsWith(name))) {
        expect(error).toBeUndefined();
        await expectFile(NEW);
      } else if (calls.slice(0, failing).some((name) => name.startsWith("rename"))) {
        // Only the folder is not synced.
        expect(error?.message).toBe(
          `Cannot write ${path}: the new file is there, but may be gone after a power failure: broken`,
        );
        await expectFile(NEW);
      } else {
        expect(error?.message).toBe(`Cannot write ${path}: broken`);
        expect(error?.cause).toBe(fault);
        if (kind === "new") expect(await readdir(folder)).toEqual([]);
        else await expectFile(OLD);
      }
    }
  });

  test("that a full disk takes half of leaves the old one, and the error that ended it", async () => {
    await writeFile(path, OLD);
    const files = {
      ...nodeFiles,
      async open(file: string, flags: string, mode?: number) {
        const handle = await nodeFiles.open(file, flags, mode);
        handle.writeFile = async () => {
          await handle.write(NEW, 0, NEW.length / 2);
          throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
        };
        return handle;
      },
      // What fails after the first error does not hide it.
      async unlink(file: string) {
        await nodeFiles.unlink(file);
        throw new Error("unlink");
      },
    } as unknown as FileSystem;
    await expect(writeFileAtomically(path, NEW, files)).rejects.toMatchObject({
      message: `Cannot write ${path}: ENOSPC: no space left on device, write`,
      cause: { code: "ENOSPC" },
    });
    await expectFile(OLD);
  });

  test.each(["open", "sync"])("is written where the system does not %s folders", async (refused) => {
    const { files } = watched((call) => {
      if (call === CREATED.indexOf(refused === "open" ? "open . r" : ".: sync")) {
        throw Object.assign(new Error(refused), { code: refused === "open" ? "EISDIR" : "EPERM" });
      }
    });
    await writeFileAtomically(path, NEW, files);
    await expectFile(NEW);
  });

  test("that a link leads to is replaced, there or not yet, and the links stay", async () => {
    await mkdir(join(folder, "inner"));
    // up → inner/across → ../net: the second is relative to its own folder.
    await symlink("inner/across", join(folder, "up"));
    await symlink("../net", join(folder, "inner/across"));
    for (const bytes of [OLD, NEW]) {
      await writeFileAtomically(join(folder, "up"), bytes);
      await expectFile(bytes, ["inner", "up"]);
      expect(await readdir(join(folder, "inner"))).toEqual(["across"]);
      expect(await readlink(join(folder, "up"))).toBe("inner/across");
    }
  });

  test("that is written many times at once is whole at every moment, and the last call's in the end", async () => {
    const versions = Array.from({ length: 30 }, (_, i) => new Uint8Array(1000 * (30 - i)).fill(i));
    const rest: Promise<void>[] = [];
    let written = false;
    const slow = {
      ...nodeFiles,
      // As long as the others take, unless they wait for this one.
      async rename(from: string, to: string) {
        await Promise.race([Promise.all(rest), setTimeout(200)]);
        await nodeFiles.rename(from, to);
      },
    } as unknown as FileSystem;
    const first = writeFileAtomically(path, versions[0]!, slow);
    rest.push(...versions.slice(1).map((bytes) => writeFileAtomically(path, bytes)));
    const all = Promise.all([first, ...rest]).finally(() => {
      written = true;
    });
    const seen: number[] = [];
    while (!written) {
      const found = await readFile(path).catch(() => undefined);
      if (!found) continue;
      seen.push(found[0]!);
      expect(Buffer.compare(found, versions[found[0]!]!)).toBe(0);
    }
    await all;
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await expectFile(versions.at(-1)!);
  });

  test("is written though the call before it for the same path failed", async () => {
    await mkdir(path);
    const failing = writeFileAtomically(path, OLD);
    const next = failing.catch(() => nodeFiles.rmdir(path)).then(() => writeFileAtomically(path, NEW));
    await expect(failing).rejects.toThrow("it is a folder");
    await next;
    await expectFile(NEW);
  });
});

test("what is no file to be written is an error that names it, and nothing changes", async () => {
  const message = (at: unknown) => writeFileAtomically(at as string, NEW).then(String, String);
  const inner = join(folder, "none/net");
  expect(await message(folder)).toBe(`Error: Cannot write ${folder}: it is a folder`);
  expect(await message(`${path}/`)).toBe(`Error: Cannot write ${path}/: it names a folder`);
  expect(await message(inner)).toBe(`Error: Cannot write ${inner}: the folder ${join(folder, "none")} does not exist`);
  execFileSync("mkfifo", [path]);
  expect(await message(path)).toBe(`Error: Cannot write ${path}: it is neither a file nor a folder`);
  expect((await stat(path)).isFIFO()).toBe(true);
  expect(await message(join(path, "net"))).toMatch(/: ENOTDIR: /);
  expect(await message("")).toBe('RangeError: Cannot write: path is "", expected a path or a file: URL');
  expect(await message(3)).toBe("TypeError: Cannot write: path is 3, expected a path or a file: URL");
  expect(await message(new URL("http://example.com/net"))).toBe(
    'RangeError: Cannot write: path is "http://example.com/net", expected a path or a file: URL',
  );
  expect(await readdir(folder)).toEqual(["net"]);
});

describe("saveTo", () => {
  const create = () => Network.create({ inputs: 2, layers: [dense(3, "tanh"), dense(1)], loss: "binaryCrossEntropy" });

  test("writes the network as it is at the call, whatever the training does meanwhile", async () => {
    const net = await create();
    const saved: { bytes: Uint8Array; written: Promise<void> }[] = [];
    const onEpoch = () => {
      saved.push({ bytes: net.save(), written: net.saveTo(pathToFileURL(`${path}${saved.length}`)) });
    };
    await net.fit([0, 0, 0, 1, 1, 0, 1, 1], [0, 1, 1, 0], {
      optimizer: sgd({ learningRate: 0.5 }),
      epochs: 20,
      onEpoch,
    });
    for (const [i, { bytes, written }] of saved.entries()) {
      await written;
      const file = await readFile(`${path}${i}`);
      expect(new Uint8Array(file)).toEqual(bytes);
      expect((await Network.load(file)).epoch).toBe(i + 1);
    }
    expect(saved).toHaveLength(20);
  });

  test("rejects after dispose", async () => {
    const net = await create();
    net.dispose();
    await expect(net.saveTo(path)).rejects.toThrow(StateError);
    expect(await readdir(folder)).toEqual([]);
  });

  test("rejects where there are no files", async () => {
    const net = await create();
    vi.stubGlobal("process", undefined);
    const error = await net.saveTo("net").catch(String);
    vi.unstubAllGlobals();
    expect(error).toBe(
      "Error: Cannot write net: there are no files here, as there are in Node, Deno and Bun; browsers have writeToOpfs",
    );
  });
});

test("300 processes killed while they save leave a whole file each time, and never an older one", async () => {
  // The child needs no more than this: a process that loads the sources as they are takes seconds to start.
  const script = join(folder, "child.mjs");
  await build({
    stdin: { contents: CHILD, resolveDir: import.meta.dirname, loader: "ts" },
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "node",
  });
  let interrupted = 0;
  const line = async (first: number) => {
    const place = join(folder, String(first));
    await mkdir(place);
    for (let i = first, version = 0; i < 300; i += LINES) {
      const child = spawn(process.execPath, [script, join(place, "net"), String(version)], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      const ended = once(child, "exit");
      await killed(child, 1 + ((7 * i) % 40));
      expect((await ended)[1]).toBe("SIGKILL");
      const found = await readFile(join(place, "net"));
      expect(createHash("sha256").update(found.subarray(32)).digest()).toEqual(found.subarray(0, 32));
      expect(found.readUInt32LE(32)).toBeGreaterThanOrEqual(version);
      version = found.readUInt32LE(32) + 1;
      for (const name of await readdir(place)) {
        if (name === "net") continue;
        interrupted++;
        expect(name).toMatch(new RegExp(`^net\\.${child.pid}\\.[0-9a-f]{8}\\.tmp$`));
        await rm(join(place, name));
      }
    }
  };
  await Promise.all(Array.from({ length: LINES }, (_, i) => line(i)));
  // Without some that were writing, this shows nothing.
  expect(interrupted).toBeGreaterThan(30);
});

/** Processes at a time. */
const LINES = 3;

/** Saves versions one after the other: SHA-256 of the rest | version (u32) | up to a million bytes. */
const CHILD = `
  import { createHash, randomBytes } from "node:crypto";
  import { writeFileAtomically } from "../src/files.ts";

  const most = randomBytes(1_000_036);
  for (let version = Number(process.argv[3]); ; version++) {
    const bytes = most.subarray(0, 36 + ((version * 7919) % 1_000_000));
    bytes.writeUInt32LE(version, 32);
    createHash("sha256").update(bytes.subarray(32)).digest().copy(bytes);
    await writeFileAtomically(process.argv[2], bytes);
    process.send("saved");
  }
`;

/** Kills the process so many milliseconds after its first version is there. */
async function killed(child: ChildProcess, after: number) {
  await once(child, "message");
  await setTimeout(after);
  child.kill("SIGKILL");
}

describe("in a browser", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** An origin private file system in memory, as the standard has it: a swap file takes the file's place on close. */
  function browser(fail: { write?: Error; writable?: boolean } = {}) {
    const kept = new Map<string, Uint8Array>();
    const swaps = new Set<object>();
    const createWritable = async (name: string) => {
      let swap = new Uint8Array();
      const stream = {
        async write(bytes: Uint8Array) {
          await setTimeout(bytes.length / 1000);
          swap = bytes.slice(0, fail.write ? 2 : bytes.length);
          if (fail.write) throw fail.write;
        },
        async close() {
          kept.set(name, swap);
          swaps.delete(stream);
        },
        async abort() {
          swaps.delete(stream);
        },
      };
      swaps.add(stream);
      return stream;
    };
    const getFileHandle = async (name: string, { create = false } = {}) => {
      if (name.includes("/")) throw new TypeError("Name is not allowed");
      if (!kept.has(name) && !create) throw new DOMException("not there", "NotFoundError");
      if (!kept.has(name)) kept.set(name, new Uint8Array());
      const getFile = async () => ({ arrayBuffer: async () => kept.get(name)!.slice().buffer });
      return fail.writable === false ? { getFile } : { getFile, createWritable: () => createWritable(name) };
    };
    vi.stubGlobal("navigator", { storage: { getDirectory: async () => ({ getFileHandle }) } });
    return { kept, swaps };
  }

  test("bytes come back under their name, the latest call's, and undefined under another", async () => {
    browser();
    expect(await readFromOpfs("net")).toBeUndefined();
    await Promise.all([writeToOpfs("net", NEW), writeToOpfs("net", OLD), writeToOpfs("other", NEW)]);
    expect(await readFromOpfs("net")).toEqual(OLD);
    expect(await readFromOpfs("other")).toEqual(NEW);
  });

  test("a write that fails leaves the old bytes, and no swap file", async () => {
    const fail: { write?: Error } = {};
    const { swaps } = browser(fail);
    await writeToOpfs("net", OLD);
    fail.write = new DOMException("the quota is exceeded", "QuotaExceededError");
    for (const name of ["net", "other"]) {
      await expect(writeToOpfs(name, NEW)).rejects.toMatchObject({
        message: `Cannot write ${name}: the quota is exceeded`,
        cause: fail.write,
      });
    }
    expect(await readFromOpfs("net")).toEqual(OLD);
    // Made, but never written.
    expect(await readFromOpfs("other")).toBeUndefined();
    expect(swaps.size).toBe(0);
  });

  test("what cannot be is an error that says why", async () => {
    const none = "there is no origin private file system here: it takes a browser, and a page over https or localhost";
    for (const absent of [undefined, {}, { storage: {} }]) {
      vi.stubGlobal("navigator", absent);
      await expect(writeToOpfs("net", OLD)).rejects.toThrow(`Cannot write net: ${none}`);
      await expect(readFromOpfs("net")).rejects.toThrow(`Cannot read net: ${none}`);
    }
    const { kept } = browser({ writable: false });
    kept.set("net", OLD);
    await expect(writeToOpfs("net", NEW)).rejects.toThrow("this browser has no createWritable; IndexedDB can keep the");
    expect(await readFromOpfs("net")).toEqual(OLD);
    await expect(readFromOpfs("a/b")).rejects.toThrow("Cannot read a/b: Name is not allowed");
    await expect(writeToOpfs("", OLD)).rejects.toThrow(RangeError);
    await expect(readFromOpfs(3 as unknown as string)).rejects.toThrow("Cannot read: name is 3, expected the name");
    await expect(writeToOpfs("net", new Uint8Array())).rejects.toThrow("content has 0 bytes, expected at least 1");
    await expect(writeToOpfs("net", "bytes" as unknown as Uint8Array)).rejects.toThrow(
      'Cannot write net: content is "bytes", expected a Uint8Array',
    );
  });
});
