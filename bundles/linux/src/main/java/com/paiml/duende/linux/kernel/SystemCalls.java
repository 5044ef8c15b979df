package com.paiml.duende.linux.kernel;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Any system call, for what this bundle has no words for. Addresses are plain numbers: who calls
 * keeps the memory behind them alive and knows its layout. Safe for several threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/syscall.2.html">syscall(2)</a>
 */
@ProviderType
public interface SystemCalls {

  /**
   * Makes it.
   *
   * @param number from {@link SystemCallTable}
   * @return what the kernel returned; an error is its number negated
   */
  long call(int number, long a, long b, long c, long d, long e, long f);

  /** As the other, with zeroes for the rest. */
  default long call(int number, long a, long b, long c) {
    return call(number, a, b, c, 0, 0, 0);
  }

  /** Takes over a descriptor that a call has returned. */
  Descriptor adopt(int descriptor);
}
