declare module "*.wasm" {
  /** The bytes of the module. */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
