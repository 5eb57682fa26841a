/**
 * 64 bits of the bytes as 16 hexadecimal digits, against accidents, not against attackers: two passes of MurmurHash3's 32-bit mixing
 * (Appleby 2008) with seeds of their own.
 */
export function hash(...parts: readonly (ArrayBufferView | string)[]): string {
  const all = new Hash();
  for (const part of parts) all.add(part);
  return all.digest;
}

/** The same of parts that come one after the other; how they are divided is part of what it tells. */
export class Hash {
  #a = 0x9747b28c;
  #b = 0x3c6ef372;
  #length = 0;

  add(part: ArrayBufferView | string): void {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    const words = wordsOf(bytes);
    let [a, b] = [this.#a, this.#b];
    for (let i = 0; i < words.length; i++) {
      const k = Math.imul(words[i]!, 0xcc9e2d51);
      const mixed = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
      a ^= mixed;
      a = Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64;
      b = Math.imul(b ^ mixed, 0x85ebca6b);
      b ^= b >>> 13;
    }
    this.#a = a;
    this.#b = b;
    this.#length += bytes.byteLength;
  }

  get digest(): string {
    return [finish(this.#a ^ this.#length), finish(this.#b ^ this.#length)]
      .map((word) => word.toString(16).padStart(8, "0"))
      .join("");
  }
}

/** The bytes as words; the last one filled up with 0. */
function wordsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint32Array {
  if (byteOffset % 4 === 0 && byteLength % 4 === 0) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  const copy = new Uint8Array(4 * Math.ceil(byteLength / 4));
  copy.set(new Uint8Array(buffer, byteOffset, byteLength));
  return new Uint32Array(copy.buffer);
}

function finish(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
