package com.paiml.duende.adapter.pepita.monitor;

/**
 * A machine's state in a file.
 *
 * @param bytes its size
 * @param sha256 of it, in hexadecimal digits
 */
public record SavedState(long bytes, String sha256) {
  /** Devices, which are small. */
  private static final long BESIDE = 16L << 20;

  /** Says of each page which it is: 8 bytes of 4096, rounded up well. */
  private static final long SHARE = 256;

  /** {@return the most that the state of a machine of so much memory takes, in bytes} */
  public static long most(long memory) {
    return memory + memory / SHARE + BESIDE;
  }
}
