/** How a window moves over an image: records of kernels that slide one begin with these fields. */
@unmanaged
export class Window {
  /** Of the image that it slides over. */
  height: i32;
  width: i32;
  outHeight: i32;
  outWidth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideY: i32;
  strideX: i32;
  /** From one of its numbers to the next; 1: side by side. */
  dilationY: i32;
  dilationX: i32;
  /** Positions that it begins above and left of the image. */
  top: i32;
  left: i32;
}
