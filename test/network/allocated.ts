/** The bytes of every memory that is made until `call` has ended. */
export async function allocated(call: () => Promise<unknown>): Promise<number[]> {
  const sizes: number[] = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      sizes.push(this.buffer.byteLength);
    }
  };
  try {
    await call();
  } finally {
    WebAssembly.Memory = Memory;
  }
  return sizes;
}
