package com.paiml.duende.adapter.wos.kernel;

/**
 * Makes sure that there is stack left before the kernel works on behalf of a module. A module that recurses without end
 * must overflow in its own code, never in the middle of the kernel's, which would be left half changed.
 */
final class StackReserve {

  /** Frames of {@link #descend}, of at least 100 bytes each. */
  private static final int FRAMES = 160;

  private StackReserve() {}

  /** Throws {@link StackOverflowError} when less than some 16 KiB are left. */
  static void check() {
    if (descend(FRAMES, 1, 2, 3, 4, 5, 6) == 0) {
      throw new StackOverflowError();
    }
  }

  @SuppressWarnings("InfiniteRecursion")
  private static long descend(int frames, long a, long b, long c, long d, long e, long f) {
    return frames == 0 ? a + b + c + d + e + f : 1 + descend(frames - 1, b, c, d, e, f, a);
  }
}
